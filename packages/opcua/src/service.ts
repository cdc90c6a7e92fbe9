import type { EnumerationName } from './enumerations.ts';
import type { FloatValue } from './float.ts';
import type { ExpandedNodeId, NodeId } from './node-id.ts';
import { type STRUCTURES, type StructureName, structureRow } from './structures/index.ts';
import type { TRANSPORT_STRUCTURES, TransportName } from './structures/transport.ts';
import type { OpcUaText } from './text.ts';
import type { CompositeName } from './type.ts';
import type { DataValue, DiagnosticInfo, ExtensionObject, LocalizedText, QualifiedName, Variant } from './values.ts';

interface BuiltInValues {
  Boolean: boolean;
  SByte: number;
  Byte: number;
  Int16: number;
  UInt16: number;
  Int32: number;
  UInt32: number;
  Int64: bigint;
  UInt64: bigint;
  Float: FloatValue;
  Double: FloatValue;
  String: OpcUaText | null;
  DateTime: bigint;
  Guid: string;
  ByteString: Uint8Array | null;
  XmlElement: OpcUaText | null;
  NodeId: NodeId;
  ExpandedNodeId: ExpandedNodeId;
  StatusCode: number;
  QualifiedName: QualifiedName;
  LocalizedText: LocalizedText;
  ExtensionObject: ExtensionObject;
  DataValue: DataValue;
  Variant: Variant;
  DiagnosticInfo: DiagnosticInfo;
  AttributeId: number;
}

/** Every composite has its values above. */
type Complete = CompositeName extends keyof BuiltInValues ? BuiltInValues : never;

type ValueOf<Name> = Name extends `${infer Item}[]`
  ? readonly ValueOf<Item>[] | null
  : Name extends keyof Complete
    ? Complete[Name]
    : Name extends EnumerationName
      ? number
      : Name extends StructureName
        ? StructureOf<Name>
        : never;

/** The fields of a structure with their types, as its row says. */
export type StructureOf<Name extends StructureName> = {
  readonly [Field in keyof (typeof STRUCTURES)[Name]['fields']]: ValueOf<(typeof STRUCTURES)[Name]['fields'][Field]>;
};

/** The fields of a message of the connection protocol. */
export type TransportOf<Name extends TransportName> = {
  readonly [Field in keyof (typeof TRANSPORT_STRUCTURES)[Name]]: ValueOf<(typeof TRANSPORT_STRUCTURES)[Name][Field]>;
};

type Having<Header extends string> = {
  [Name in StructureName]: Header extends keyof (typeof STRUCTURES)[Name]['fields'] ? Name : never;
}[StructureName];

export type RequestName = Having<'requestHeader'>;
export type ResponseName = Having<'responseHeader'>;
/** Structures that are messages: requests, responses and the fault. */
export type ServiceName = RequestName | ResponseName;

type Message<Names extends StructureName> = {
  [Name in Names]: { readonly kind: 'service'; readonly name: Name; readonly value: StructureOf<Name> };
}[Names];

/** A request with its fields. `switch` on `name` tells which. */
export type ServiceRequest = Message<RequestName>;
/** A request or a response with its fields. */
export type ServiceMessage = Message<ServiceName>;

/** Is a structure a message that a client sends? */
export function isRequestName(name: string): name is RequestName {
  return Object.hasOwn(structureRow(name)?.fields ?? {}, 'requestHeader');
}

/** Is a structure a message of its own? */
export function isServiceName(name: string): name is ServiceName {
  return isRequestName(name) || Object.hasOwn(structureRow(name)?.fields ?? {}, 'responseHeader');
}
