import { type AttributeInput, type Element, xml } from '@thingward/xml';
import { encodeServiceBody, type OpaqueBody, type ServiceBody, type TransportBody } from './body.ts';
import {
  type AsymmetricHeader,
  CHANNEL_TYPES,
  CHUNK_TYPES,
  type ChannelType,
  type SecurityHeader,
  TRANSPORT_TYPES,
  type TransportType,
} from './chunk.ts';
import { elementName } from './element-name.ts';
import { ElementReader, malformedXml } from './element-reader.ts';
import type { ChannelMessage, MessageChunk, OpcUaMessage } from './message.ts';
import { formatNodeId, type NodeId } from './node-id.ts';
import { isServiceName, type ServiceMessage, type ServiceName } from './service.ts';
import { formatStatusCode } from './status-codes.ts';
import { STRUCTURES } from './structures/index.ts';
import { formatText } from './text.ts';
import { structureNamed, type Type } from './type.ts';
import { structureFromXml } from './value-from-xml.ts';
import { structureToXml } from './value-to-xml.ts';
import type { Structure } from './values.ts';

/** The namespace of messages of OPC UA as XML; `schema.xsd` is its schema. */
export const OPCUA_NAMESPACE = 'urn:thingward:opcua:1';

type StructureType = Extract<Type, { readonly kind: 'structure' }>;

const SERVICES: ReadonlyMap<string, ServiceName> = new Map(
  Object.keys(STRUCTURES)
    .filter(isServiceName)
    .map((name) => [elementName(name), name]),
);

/**
 * A message as XML that a person can read and that has everything of it: `encodeMessage(messageFromXml(messageToXml(message)))` are the
 * same octets.
 */
export function messageToXml(message: OpcUaMessage): Element {
  const { type } = message;
  if (message.kind === 'transport') return xml('message', { xmlns: OPCUA_NAMESPACE, type }, bodyToXml(message.body));
  const head = { xmlns: OPCUA_NAMESPACE, type, channel: message.channelId, ...securityAttributes(message.security) };
  if (message.kind === 'secured') {
    const { chunkType, octets } = message;
    return xml('message', head, xml('secured', { chunk: chunkType === 'F' ? undefined : chunkType }, base64(octets)));
  }
  const { requestId, chunks, body, abort } = message;
  return xml(
    'message',
    { ...head, request: requestId },
    chunks.map(({ sequenceNumber, octets }, i) =>
      xml('chunk', { sequence: sequenceNumber, octets: i === chunks.length - 1 ? undefined : octets }),
    ),
    bodyToXml(body),
    abort &&
      xml('abort', {
        error: formatStatusCode(abort.error),
        reason: abort.reason === null ? undefined : formatText(abort.reason),
      }),
  );
}

/** Strict: what no message has is refused. @throws OpcUaError `malformed-xml` */
export function messageFromXml(element: Element): OpcUaMessage {
  if (!element.is('message', OPCUA_NAMESPACE)) {
    const got = `<${element.name} xmlns='${element.namespace}'>`;
    throw malformedXml(element.name, `expected <message xmlns='${OPCUA_NAMESPACE}'>, got ${got}`);
  }
  const reader = new ElementReader(element, 'message');
  const type = reader.text('type') ?? '';
  const message = Object.hasOwn(TRANSPORT_TYPES, type)
    ? transportFromXml(reader, type as TransportType)
    : channelFromXml(reader, type);
  reader.end();
  return message;
}

function transportFromXml(reader: ElementReader, type: TransportType): OpcUaMessage {
  const child = reader.next();
  const path = `message/${child.name}`;
  if (child.name === 'opaque') return { kind: 'transport', type, body: opaqueFromXml(child) };
  const name = TRANSPORT_TYPES[type];
  if (child.name !== elementName(name)) throw malformedXml(path, `expected <${elementName(name)}>`);
  const value = structureFromXml(child, structureNamed(name) as StructureType, path);
  return { kind: 'transport', type, body: { kind: 'transport', name, value } };
}

function channelFromXml(reader: ElementReader, written: string): OpcUaMessage {
  const type = CHANNEL_TYPES.find((one) => one === written);
  if (!type) {
    const expected = [...Object.keys(TRANSPORT_TYPES), ...CHANNEL_TYPES].join(', ');
    throw malformedXml('message/@type', `expected one of ${expected}`);
  }
  const channelId = required<number>(reader, 'channel', 'UInt32');
  const security = securityFromXml(reader, type);
  const secured = reader.nextNamed('secured');
  if (secured) {
    const content = new ElementReader(secured, 'message/secured');
    const letter = content.text('chunk') ?? 'F';
    const chunkType = CHUNK_TYPES.find((one) => one === letter);
    if (!chunkType) throw malformedXml('message/secured/@chunk', `expected one of ${CHUNK_TYPES.join(', ')}`);
    const octets = octetsOf(content);
    content.end();
    return { kind: 'secured', type, chunkType, channelId, security, octets };
  }
  const requestId = required<number>(reader, 'request', 'UInt32');
  const heads: { readonly sequenceNumber: number; readonly octets: number | undefined }[] = [];
  for (let child = reader.nextNamed('chunk'); child; child = reader.nextNamed('chunk')) {
    const chunk = new ElementReader(child, `message/chunk[${heads.length + 1}]`);
    const octets = chunk.optional<number>('octets', 'UInt32');
    heads.push({ sequenceNumber: required(chunk, 'sequence', 'UInt32'), octets });
    chunk.end();
  }
  const body = serviceFromXml(reader.next());
  const abort = abortFromXml(reader);
  const chunks = chunksOf(heads, encodeServiceBody(body).length, abort !== undefined);
  const common = { kind: 'channel', type, channelId, security, requestId, chunks, body } as const;
  return abort ? { ...common, abort } : common;
}

/** What is not said is all that is left. */
function chunksOf(
  heads: readonly { readonly sequenceNumber: number; readonly octets: number | undefined }[],
  length: number,
  isAborted: boolean,
): readonly MessageChunk[] {
  if (heads.length === 0) throw malformedXml('message', 'has a <chunk> at least');
  let left = length;
  const chunks = heads.map(({ sequenceNumber, octets }, i) => {
    const isLast = i === heads.length - 1;
    if (isLast !== (octets === undefined)) {
      throw malformedXml(`message/chunk[${i + 1}]/@octets`, 'is there in all chunks but the last');
    }
    const size = octets ?? (isAborted ? 0 : left);
    left -= size;
    return { sequenceNumber, octets: size };
  });
  if (left !== 0 || chunks.some(({ octets }) => octets < 0)) {
    throw malformedXml('message', `the chunks do not have room for ${length} octets`);
  }
  return chunks;
}

function abortFromXml(reader: ElementReader): ChannelMessage['abort'] {
  const element = reader.nextNamed('abort');
  if (!element) return undefined;
  const content = new ElementReader(element, 'message/abort');
  const error = required<number>(content, 'error', 'StatusCode');
  const reason = content.optional<string>('reason', 'String') ?? null;
  content.end();
  return { error, reason };
}

function bodyToXml(body: ServiceBody | TransportBody): Element {
  if (body.kind === 'opaque') {
    const attributes: AttributeInput = {
      typeId: body.typeId && formatNodeId(body.typeId),
      problem: formatText(body.problem),
    };
    return xml('opaque', attributes, base64(body.octets));
  }
  const type = structureNamed(body.name) as StructureType;
  return structureToXml(elementName(body.name), type, body.value as unknown as Structure);
}

function serviceFromXml(element: Element): ServiceBody {
  if (element.name === 'opaque') return opaqueFromXml(element);
  const name = SERVICES.get(element.name);
  const path = `message/${element.name}`;
  if (name === undefined) throw malformedXml(path, 'no such service');
  const value = structureFromXml(element, structureNamed(name) as StructureType, path);
  return { kind: 'service', name, value } as unknown as ServiceMessage;
}

function opaqueFromXml(element: Element): OpaqueBody {
  const reader = new ElementReader(element, 'message/opaque');
  const typeId = reader.optional<NodeId>('typeId', 'NodeId');
  const problem = reader.text('problem') ?? '';
  const octets = octetsOf(reader);
  reader.end();
  return { kind: 'opaque', ...(typeId ? { typeId } : {}), octets, problem };
}

function securityAttributes(security: SecurityHeader): AttributeInput {
  if ('tokenId' in security) return { token: security.tokenId };
  const { securityPolicyUri, senderCertificate, receiverCertificateThumbprint } = security;
  return {
    securityPolicyUri: securityPolicyUri === null ? undefined : formatText(securityPolicyUri),
    senderCertificate: senderCertificate ? base64(senderCertificate) : undefined,
    receiverCertificateThumbprint: receiverCertificateThumbprint ? base64(receiverCertificateThumbprint) : undefined,
  };
}

function securityFromXml(reader: ElementReader, type: ChannelType): SecurityHeader {
  if (type !== 'OPN') return { tokenId: required(reader, 'token', 'UInt32') };
  const octets = (name: string) => reader.optional<Uint8Array>(name, 'ByteString') ?? null;
  const header: AsymmetricHeader = {
    securityPolicyUri: reader.optional<string>('securityPolicyUri', 'String') ?? null,
    senderCertificate: octets('senderCertificate'),
    receiverCertificateThumbprint: octets('receiverCertificateThumbprint'),
  };
  return header;
}

function required<Value>(reader: ElementReader, name: string, type: string): Value {
  const value = reader.optional<Value>(name, type);
  if (value === undefined) throw malformedXml(`${reader.path}/@${name}`, 'is missing');
  return value;
}

function octetsOf(reader: ElementReader): Uint8Array {
  const text = reader.content().trim();
  const octets = /^[A-Za-z0-9+/=\s]*$/.test(text) ? Buffer.from(text, 'base64') : undefined;
  if (!octets) throw malformedXml(reader.path, 'is no base64');
  return new Uint8Array(octets);
}

function base64(octets: Uint8Array): string {
  return Buffer.from(octets).toString('base64');
}
