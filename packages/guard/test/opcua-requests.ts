import {
  type DataValue,
  type ExtensionObject,
  encodeMessage,
  type NodeId,
  type OpcUaMessage,
  type RequestName,
  type ServiceMessage,
  type StructureOf,
  type Variant,
} from '@thingward/opcua';
import type { FoundOperation } from '../src/operation.ts';

/* Requests of OPC UA, made shortly. */

export const STANZA = { kind: 'iq', type: 'set', from: 'scada@a.b', to: 'plant@a.b', isNested: false } as const;
export const NOTHING: ExtensionObject = { typeId: { kind: 'numeric', namespace: 0, value: 0 }, body: { kind: 'none' } };
export const HEADER = {
  authenticationToken: { kind: 'numeric', namespace: 0, value: 7 },
  timestamp: 0n,
  requestHandle: 1,
  returnDiagnostics: 0,
  auditEntryId: null,
  timeoutHint: 0,
  additionalHeader: NOTHING,
} as const;
export const node = (value: string): NodeId => ({ kind: 'string', namespace: 2, value });
export const number = (value: number, namespace = 0): NodeId => ({ kind: 'numeric', namespace, value });
export const one = (type: number, value: Variant['value']): Variant => ({ type, isArray: false, value });
export const many = (type: number, value: Variant['value']): Variant => ({ type, isArray: true, value });
export const structure = (typeId: number, name: string, value: object): ExtensionObject => ({
  typeId: number(typeId),
  body: { kind: 'structure', name, value: value as never },
});
export const hidden = (typeId: NodeId): ExtensionObject => ({
  typeId,
  body: { kind: 'octets', octets: Uint8Array.of(1, 2) },
});
export const [BOOLEAN, BYTE, INT32, UINT64, FLOAT, DOUBLE, STRING] = [1, 3, 6, 9, 10, 11, 12] as const;
export const [STRUCTURE, DATA_VALUE, VARIANT] = [22, 23, 24] as const;

type Fields<Name extends RequestName> = Omit<StructureOf<Name>, 'requestHeader'>;

/** A message with one service, in chunks of this many octets. */
export function message<Name extends RequestName>(
  name: Name,
  fields: Fields<Name>,
  { chunkOctets = 1_000_000, header = HEADER as StructureOf<'RequestHeader'> } = {},
): OpcUaMessage {
  const body = { kind: 'service', name, value: { requestHeader: header, ...fields } } as unknown as ServiceMessage;
  const make = (chunks: readonly { sequenceNumber: number; octets: number }[]): OpcUaMessage => ({
    kind: 'channel',
    type: 'MSG',
    channelId: 1,
    security: { tokenId: 1 },
    requestId: 3,
    chunks,
    body,
  });
  const length = bodyLength(make);
  const chunks: { sequenceNumber: number; octets: number }[] = [];
  for (let at = 0; at < length; at += chunkOctets) {
    chunks.push({ sequenceNumber: chunks.length, octets: Math.min(chunkOctets, length - at) });
  }
  return make(chunks);
}

/** Found out of the error that says it. */
function bodyLength(make: (chunks: readonly { sequenceNumber: number; octets: number }[]) => OpcUaMessage): number {
  try {
    encodeMessage(make([{ sequenceNumber: 0, octets: -1 }]));
  } catch (error) {
    return Number(/body of (\d+) octets/.exec(String(error))?.[1]);
  }
  throw new Error('no chunk holds less than nothing');
}

export const write = (nodeId: NodeId, value: DataValue, attributeId = 13, indexRange: string | null = null) =>
  message('WriteRequest', { nodesToWrite: [{ nodeId, attributeId, indexRange, value }] });

export const short = ({ action, resource, facts }: FoundOperation) =>
  [action, resource.node, facts.attribute, facts.indexRange, facts.methodId, facts.argument, facts.number, facts.text]
    .filter((part) => part !== undefined)
    .join(' ');
