import { OpcUaError } from './error.ts';
import { DEFAULT_OPCUA_LIMITS, type OpcUaLimits } from './limits.ts';
import { OctetReader, OctetWriter } from './octets.ts';
import { type OpcUaText, textOctets, textOf } from './text.ts';

/** Messages of the connection protocol. @see OPC 10000-6 §7.1.2.2 */
export const TRANSPORT_TYPES = { HEL: 'Hello', ACK: 'Acknowledge', ERR: 'Error', RHE: 'ReverseHello' } as const;
export type TransportType = keyof typeof TRANSPORT_TYPES;
/** Messages of a secure channel: it is opened, closed, and services are called. @see OPC 10000-6 §6.7.2.2 */
export const CHANNEL_TYPES = ['OPN', 'CLO', 'MSG'] as const;
export type ChannelType = (typeof CHANNEL_TYPES)[number];

/** `C`: there are more, `F`: the last, `A`: the message is aborted. @see OPC 10000-6 §6.7.2.2 */
export const CHUNK_TYPES = ['F', 'C', 'A'] as const;
export type ChunkType = (typeof CHUNK_TYPES)[number];

/** The policy that secures nothing. @see OPC 10000-7, SecurityPolicy - None */
export const SECURITY_POLICY_NONE = 'http://opcfoundation.org/UA/SecurityPolicy#None';

/** How an OPN chunk is secured. @see OPC 10000-6 §6.7.2.3 */
export interface AsymmetricHeader {
  readonly securityPolicyUri: OpcUaText | null;
  readonly senderCertificate: Uint8Array | null;
  readonly receiverCertificateThumbprint: Uint8Array | null;
}

/** How a chunk is secured: OPN by certificates, MSG and CLO by a token of the channel. @see OPC 10000-6 §6.7.2.3 */
export type SecurityHeader = AsymmetricHeader | { readonly tokenId: number };

/** A chunk as it is on the wire, its security header read, what is behind that not. */
export type Chunk =
  | { readonly type: TransportType; readonly chunkType: 'F'; readonly octets: Uint8Array }
  | {
      readonly type: ChannelType;
      readonly chunkType: ChunkType;
      readonly channelId: number;
      readonly security: SecurityHeader;
      readonly octets: Uint8Array;
    };

/** Octets of the header that every chunk has: type, size. @see OPC 10000-6 §7.1.2.2 */
export const CHUNK_HEADER_OCTETS = 8;

/**
 * How long the chunk at the beginning of these octets is; undefined while its header is not complete.
 * @param at where the octets are in all that came, for errors
 * @throws OpcUaError `malformed-chunk`, `limit-exceeded`
 */
export function chunkLength(
  octets: Uint8Array,
  at = 0,
  limits: OpcUaLimits = DEFAULT_OPCUA_LIMITS,
): number | undefined {
  if (octets.length >= 4) typesOf(octets, at);
  if (octets.length < CHUNK_HEADER_OCTETS) return undefined;
  const size = new DataView(octets.buffer, octets.byteOffset, octets.byteLength).getUint32(4, true);
  if (size < CHUNK_HEADER_OCTETS) throw new OpcUaError('malformed-chunk', `a chunk of ${size} octets`, at + 4);
  if (size > limits.maxChunkOctets) {
    throw new OpcUaError('limit-exceeded', `a chunk of ${size} octets: at most ${limits.maxChunkOctets}`, at + 4);
  }
  return size;
}

/** @param octets of exactly one chunk. @throws OpcUaError `malformed-chunk` */
export function decodeChunk(octets: Uint8Array, at = 0): Chunk {
  const { type, chunkType } = typesOf(octets, at);
  if (isTransportType(type)) return { type, chunkType: 'F', octets: octets.slice(CHUNK_HEADER_OCTETS) };
  try {
    const reader = new OctetReader(octets, DEFAULT_OPCUA_LIMITS, CHUNK_HEADER_OCTETS);
    const channelId = reader.unsigned(4);
    const security = type === 'OPN' ? readAsymmetricHeader(reader) : { tokenId: reader.unsigned(4) };
    return { type, chunkType, channelId, security, octets: reader.rest() };
  } catch (error) {
    if (!(error instanceof OpcUaError)) throw error;
    const message = error.message.replace(/ \(at octet \d+\)$/, '');
    throw new OpcUaError('malformed-chunk', message, at + (error.offset ?? 0));
  }
}

export function encodeChunk(chunk: Chunk): Uint8Array {
  const head = new OctetWriter();
  if ('security' in chunk) {
    head.unsigned(4, chunk.channelId);
    if ('tokenId' in chunk.security) head.unsigned(4, chunk.security.tokenId);
    else writeAsymmetricHeader(head, chunk.security);
  }
  const writer = new OctetWriter();
  writer.bytes(Uint8Array.from(`${chunk.type}${chunk.chunkType}`, (letter) => letter.charCodeAt(0)));
  writer.unsigned(4, CHUNK_HEADER_OCTETS + head.length + chunk.octets.length);
  writer.bytes(head.finish());
  writer.bytes(chunk.octets);
  return writer.finish();
}

/** Is what is behind the security header signed or encrypted, as far as the header tells? */
export function isSecuredByPolicy({ securityPolicyUri }: AsymmetricHeader): boolean {
  return securityPolicyUri !== SECURITY_POLICY_NONE;
}

function typesOf(
  octets: Uint8Array,
  at: number,
): { readonly type: TransportType | ChannelType; readonly chunkType: ChunkType } {
  const letters = String.fromCharCode(...octets.subarray(0, 4));
  const type = letters.slice(0, 3);
  const chunkType = CHUNK_TYPES.find((one) => one === letters[3]);
  if (isTransportType(type) && chunkType === 'F') return { type, chunkType };
  const channelType = CHANNEL_TYPES.find((one) => one === type);
  // Whoever opens or closes a channel needs one chunk. @see OPC 10000-6 §6.7.2.2
  if (channelType && chunkType && (channelType === 'MSG' || chunkType === 'F')) return { type: channelType, chunkType };
  throw new OpcUaError('malformed-chunk', `${JSON.stringify(letters)} is no type of a message`, at);
}

function isTransportType(type: string): type is TransportType {
  return Object.hasOwn(TRANSPORT_TYPES, type);
}

function readAsymmetricHeader(reader: OctetReader): AsymmetricHeader {
  const read = () => {
    const length = reader.length();
    return length < 0 ? null : reader.bytes(length);
  };
  const uri = read();
  return {
    securityPolicyUri: uri && textOf(uri),
    senderCertificate: read(),
    receiverCertificateThumbprint: read(),
  };
}

function writeAsymmetricHeader(writer: OctetWriter, header: AsymmetricHeader): void {
  const { securityPolicyUri } = header;
  writer.counted(securityPolicyUri === null ? null : textOctets(securityPolicyUri));
  writer.counted(header.senderCertificate);
  writer.counted(header.receiverCertificateThumbprint);
}
