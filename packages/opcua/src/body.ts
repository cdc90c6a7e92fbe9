import { readValue } from './decode-value.ts';
import { writeValue } from './encode-value.ts';
import { OpcUaError } from './error.ts';
import { DEFAULT_OPCUA_LIMITS, type OpcUaLimits } from './limits.ts';
import { type NodeId, readNodeId, writeNodeId } from './node-id.ts';
import { OctetReader, OctetWriter } from './octets.ts';
import { isServiceName, type ServiceMessage } from './service.ts';
import { structureRow } from './structures/index.ts';
import type { TransportName } from './structures/transport.ts';
import { structureNamed, type Type, typeByEncoding } from './type.ts';
import type { Structure } from './values.ts';

type StructureType = Extract<Type, { readonly kind: 'structure' }>;

/** What is carried as it is. */
export interface OpaqueBody {
  readonly kind: 'opaque';
  /** What its encoding says it is, where that could be read; then it is not in the octets. */
  readonly typeId?: NodeId;
  readonly octets: Uint8Array;
  /** Why it was not understood. */
  readonly problem: string;
}

/** What the chunks of a message hold together: a service, where it is one that is understood to its last octet. */
export type ServiceBody = ServiceMessage | OpaqueBody;

/** A message of the connection protocol. */
export type TransportBody =
  | { readonly kind: 'transport'; readonly name: TransportName; readonly value: Structure }
  | OpaqueBody;

/** Never throws for what it can't read: that is opaque. @see OPC 10000-6 §6.7.2, §5.2.2.15 */
export function decodeServiceBody(octets: Uint8Array, limits: OpcUaLimits = DEFAULT_OPCUA_LIMITS): ServiceBody {
  const reader = new OctetReader(octets, limits);
  let typeId: NodeId | undefined;
  let start = 0;
  try {
    typeId = readNodeId(reader);
    start = reader.offset;
    const type = typeId.kind === 'numeric' && typeId.namespace === 0 ? typeByEncoding(typeId.value) : undefined;
    if (!type || !isServiceName(type.name)) throw reader.error('a service that is not known', 0);
    if (typeId.form !== undefined) throw reader.error('its type is not in the shortest form', 0);
    const value = readValue(reader, type) as Structure;
    if (reader.remaining > 0) throw reader.error(`${reader.remaining} octets too many`);
    return { kind: 'service', name: type.name, value } as unknown as ServiceMessage;
  } catch (error) {
    if (!(error instanceof OpcUaError)) throw error;
    const rest = octets.slice(start);
    return { kind: 'opaque', ...(typeId ? { typeId } : {}), octets: rest, problem: error.message };
  }
}

/** @throws OpcUaError `limit-exceeded` for values that can't be written */
export function encodeServiceBody(body: ServiceBody): Uint8Array {
  const writer = new OctetWriter();
  if (body.kind === 'opaque') {
    if (body.typeId) writeNodeId(writer, body.typeId);
    writer.bytes(body.octets);
  } else {
    writeNodeId(writer, { kind: 'numeric', namespace: 0, value: structureRow(body.name)?.encodingId ?? 0 });
    writeValue(writer, structureNamed(body.name) as StructureType, body.value as unknown as Structure);
  }
  return writer.finish();
}

/** Never throws for what it can't read: that is opaque. @see OPC 10000-6 §7.1.2.3 to §7.1.2.6 */
export function decodeTransportBody(name: TransportName, octets: Uint8Array): TransportBody {
  const reader = new OctetReader(octets);
  try {
    const value = readValue(reader, structureNamed(name) as StructureType) as Structure;
    if (reader.remaining > 0) throw reader.error(`${reader.remaining} octets too many`);
    return { kind: 'transport', name, value };
  } catch (error) {
    if (!(error instanceof OpcUaError)) throw error;
    return { kind: 'opaque', octets, problem: error.message };
  }
}

export function encodeTransportBody(body: TransportBody): Uint8Array {
  if (body.kind === 'opaque') return body.octets;
  const writer = new OctetWriter();
  writeValue(writer, structureNamed(body.name) as StructureType, body.value);
  return writer.finish();
}
