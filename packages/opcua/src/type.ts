import { type AnyScalar, SCALARS } from './scalars.ts';
import { structureByEncoding, structureRow } from './structures/index.ts';
import { TRANSPORT_STRUCTURES } from './structures/transport.ts';

/** Types that are not one piece of text, and no structures of a table. @see OPC 10000-6 §5.2.2 */
export const COMPOSITES = ['LocalizedText', 'ExtensionObject', 'DataValue', 'Variant', 'DiagnosticInfo'] as const;
export type CompositeName = (typeof COMPOSITES)[number];

/** A type, with what it is made of. */
export type Type =
  | { readonly kind: 'scalar'; readonly name: string; readonly scalar: AnyScalar }
  | { readonly kind: 'composite'; readonly name: CompositeName }
  | { readonly kind: 'structure'; readonly name: string; readonly fields: readonly Field[] }
  | { readonly kind: 'array'; readonly of: Exclude<Type, { readonly kind: 'array' }> };

export interface Field {
  readonly name: string;
  readonly type: Type;
}

/** Built-in types by their number. @see OPC 10000-6 §5.1.2 */
export const BUILT_IN_TYPES = [
  'Null',
  'Boolean',
  'SByte',
  'Byte',
  'Int16',
  'UInt16',
  'Int32',
  'UInt32',
  'Int64',
  'UInt64',
  'Float',
  'Double',
  'String',
  'DateTime',
  'Guid',
  'ByteString',
  'XmlElement',
  'NodeId',
  'ExpandedNodeId',
  'StatusCode',
  'QualifiedName',
  'LocalizedText',
  'ExtensionObject',
  'DataValue',
  'Variant',
  'DiagnosticInfo',
] as const;

const known = new Map<string, Type>();

/** The type of a name as rows of structures have it, `[]` at its end for an array. */
export function typeNamed(name: string): Type {
  let type = known.get(name);
  if (!type) {
    type = make(name);
    known.set(name, type);
  }
  return type;
}

/** The built-in type of a number from 1 to 25. */
export function builtInType(id: number): Type | undefined {
  const name = BUILT_IN_TYPES[id];
  return id === 0 || name === undefined ? undefined : typeNamed(name);
}

/** The type of what an encoding in namespace 0 stands for. */
export function typeByEncoding(encodingId: number): Extract<Type, { readonly kind: 'structure' }> | undefined {
  const name = structureByEncoding(encodingId);
  const type = name === undefined ? undefined : typeNamed(name);
  return type?.kind === 'structure' ? type : undefined;
}

/** The structure of a name; undefined where there is none. */
export function structureNamed(name: string): Extract<Type, { readonly kind: 'structure' }> | undefined {
  if (!structureRow(name) && !Object.hasOwn(TRANSPORT_STRUCTURES, name)) return undefined;
  const type = typeNamed(name);
  return type.kind === 'structure' ? type : undefined;
}

function make(name: string): Type {
  if (name.endsWith('[]')) {
    const of = typeNamed(name.slice(0, -2));
    if (of.kind === 'array') throw new Error(`there are no arrays of arrays: ${name}`);
    return { kind: 'array', of };
  }
  const scalar = SCALARS.get(name);
  if (scalar) return { kind: 'scalar', name, scalar };
  const composite = COMPOSITES.find((one) => one === name);
  if (composite) return { kind: 'composite', name: composite };
  const row = structureRow(name)?.fields ?? transportFields(name);
  if (!row) throw new Error(`there is no type ${name}`);
  return {
    kind: 'structure',
    name,
    fields: Object.entries(row).map(([field, type]) => ({ name: field, type: typeNamed(type) })),
  };
}

function transportFields(name: string): Readonly<Record<string, string>> | undefined {
  const rows: Readonly<Record<string, Readonly<Record<string, string>>>> = TRANSPORT_STRUCTURES;
  return Object.hasOwn(rows, name) ? rows[name] : undefined;
}
