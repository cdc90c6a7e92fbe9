import type { ExpandedNodeId, NodeId } from './node-id.ts';
import type { OpcUaText } from './text.ts';

/** A NaN whose bits are not those that computers give a NaN of their own. */
export interface NotANumber {
  readonly nan: bigint;
}

/** A name in a namespace of the server. @see OPC 10000-3 §8.3 */
export interface QualifiedName {
  readonly namespace: number;
  readonly name: OpcUaText | null;
}

/** Undefined: it has no such part. @see OPC 10000-6 §5.2.2.14 */
export interface LocalizedText {
  readonly locale?: OpcUaText | null;
  readonly text?: OpcUaText | null;
}

/** What it holds. `structure` where it is one that is understood. @see OPC 10000-6 §5.2.2.15 */
export type ExtensionObjectBody =
  | { readonly kind: 'none' }
  | { readonly kind: 'octets'; readonly octets: Uint8Array | null }
  | { readonly kind: 'xml'; readonly text: OpcUaText | null }
  | { readonly kind: 'structure'; readonly name: string; readonly value: Structure };

export interface ExtensionObject {
  readonly typeId: NodeId;
  readonly body: ExtensionObjectBody;
}

/** A value of any built-in type, or an array of such. @see OPC 10000-6 §5.2.2.16 */
export interface Variant {
  /** 0 (nothing) to 25. @see BUILT_IN_TYPES */
  readonly type: number;
  readonly isArray: boolean;
  /** Null for type 0, and for an array that is null. */
  readonly value: OpcUaValue | null;
  /** Lengths of the dimensions; null where they are there without being any. */
  readonly dimensions?: readonly number[] | null;
}

/** Undefined: it has no such part. Times are in 100 ns since 1601, picoseconds in units of 10. @see OPC 10000-6 §5.2.2.17 */
export interface DataValue {
  readonly value?: Variant;
  readonly status?: number;
  readonly sourceTimestamp?: bigint;
  readonly sourcePicoseconds?: number;
  readonly serverTimestamp?: bigint;
  readonly serverPicoseconds?: number;
}

/** Numbers are places in the string table of the response. @see OPC 10000-6 §5.2.2.12 */
export interface DiagnosticInfo {
  readonly symbolicId?: number;
  readonly namespaceUri?: number;
  readonly locale?: number;
  readonly localizedText?: number;
  readonly additionalInfo?: OpcUaText | null;
  readonly innerStatusCode?: number;
  readonly innerDiagnosticInfo?: DiagnosticInfo;
}

/** Fields by name, as the row of the structure has them. */
export interface Structure {
  readonly [field: string]: OpcUaValue;
}

/** Any value, as its type has it: integers of 64 bits and times are bigints; null is a null string, octet string or array. */
export type OpcUaValue =
  | null
  | boolean
  | number
  | bigint
  | OpcUaText
  | NotANumber
  | NodeId
  | ExpandedNodeId
  | QualifiedName
  | LocalizedText
  | ExtensionObject
  | Variant
  | DataValue
  | DiagnosticInfo
  | Structure
  | readonly OpcUaValue[];
