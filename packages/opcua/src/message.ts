import {
  decodeServiceBody,
  decodeTransportBody,
  encodeServiceBody,
  encodeTransportBody,
  type ServiceBody,
  type TransportBody,
} from './body.ts';
import {
  type ChannelType,
  type Chunk,
  type ChunkType,
  encodeChunk,
  isSecuredByPolicy,
  type SecurityHeader,
  TRANSPORT_TYPES,
  type TransportType,
} from './chunk.ts';
import { OpcUaError } from './error.ts';
import { DEFAULT_OPCUA_LIMITS, type OpcUaLimits } from './limits.ts';
import { concatOctets, OctetReader, OctetWriter } from './octets.ts';
import { type OpcUaText, textOctets, textOf } from './text.ts';

/** A message of the connection protocol: HEL, ACK, ERR, RHE. @see OPC 10000-6 §7.1.2 */
export interface TransportMessage {
  readonly kind: 'transport';
  readonly type: TransportType;
  readonly body: TransportBody;
}

/** One of the chunks of a message. @see OPC 10000-6 §6.7.2.4 */
export interface MessageChunk {
  readonly sequenceNumber: number;
  /** How much of the body it holds. */
  readonly octets: number;
}

/** What a message ends with that its sender gave up. @see OPC 10000-6 §6.7.3 */
export interface Abort {
  readonly error: number;
  readonly reason: OpcUaText | null;
}

/** A whole message of a channel that neither signs nor encrypts. */
export interface ChannelMessage {
  readonly kind: 'channel';
  readonly type: ChannelType;
  readonly channelId: number;
  readonly security: SecurityHeader;
  readonly requestId: number;
  /** One at least. */
  readonly chunks: readonly MessageChunk[];
  readonly body: ServiceBody;
  /** Where it was given up: the last chunk says so, and the body is what the chunks before it hold, not looked into. */
  readonly abort?: Abort;
}

/** One chunk of a channel that signs or encrypts: what is in it can't be seen. */
export interface SecuredMessage {
  readonly kind: 'secured';
  readonly type: ChannelType;
  readonly chunkType: ChunkType;
  readonly channelId: number;
  readonly security: SecurityHeader;
  readonly octets: Uint8Array;
}

export type OpcUaMessage = TransportMessage | ChannelMessage | SecuredMessage;

/** Octets of the sequence header. @see OPC 10000-6 §6.7.2.4 */
const SEQUENCE_HEADER_OCTETS = 8;

/** Puts chunks together to messages: the state between the first chunk of one and its last. */
export class MessageAssembly {
  readonly #limits: OpcUaLimits;
  #chunks: MessageChunk[] = [];
  #parts: Uint8Array[] = [];
  #octets = 0;
  #first: { readonly requestId: number; readonly channelId: number; readonly tokenId: number } | undefined;

  constructor(limits: OpcUaLimits = DEFAULT_OPCUA_LIMITS) {
    this.#limits = limits;
  }

  /** Is a message begun and not ended? */
  get isPending(): boolean {
    return this.#first !== undefined;
  }

  /**
   * @param at where the chunk is, for errors
   * @returns the message that ends with this chunk; undefined while there are more to come
   * @throws OpcUaError `malformed-chunk` for a chunk that does not belong to the message that was begun, `limit-exceeded`
   */
  push(chunk: Chunk, isSecured: boolean, at = 0): OpcUaMessage | undefined {
    if (!('security' in chunk)) {
      this.#refusePending(at);
      const body = decodeTransportBody(TRANSPORT_TYPES[chunk.type], chunk.octets);
      return { kind: 'transport', type: chunk.type, body };
    }
    const { type, chunkType, channelId, security, octets } = chunk;
    if ('tokenId' in security ? isSecured : isSecuredByPolicy(security)) {
      this.#refusePending(at);
      return { kind: 'secured', type, chunkType, channelId, security, octets };
    }
    const reader = new OctetReader(octets);
    if (reader.remaining < SEQUENCE_HEADER_OCTETS) throw malformed('a chunk without a sequence header', at);
    const sequenceNumber = reader.unsigned(4);
    const requestId = reader.unsigned(4);
    const tokenId = 'tokenId' in security ? security.tokenId : 0;
    const first = this.#first ?? { requestId, channelId, tokenId };
    if (type !== 'MSG' && this.#first) this.#refusePending(at);
    if (first.requestId !== requestId || first.channelId !== channelId || first.tokenId !== tokenId) {
      throw malformed(`a chunk of request ${requestId} between those of request ${first.requestId}`, at);
    }
    this.#first = first;
    const part = reader.rest();
    this.#octets += part.length;
    if (this.#octets > this.#limits.maxMessageOctets) {
      throw new OpcUaError('limit-exceeded', `a message of more than ${this.#limits.maxMessageOctets} octets`, at);
    }
    if (this.#chunks.length >= this.#limits.maxChunks) {
      throw new OpcUaError('limit-exceeded', `a message of more than ${this.#limits.maxChunks} chunks`, at);
    }
    const abort = chunkType === 'A' ? readAbort(part, at) : undefined;
    this.#chunks.push({ sequenceNumber, octets: abort ? 0 : part.length });
    if (!abort) this.#parts.push(part);
    if (chunkType === 'C') return undefined;
    const whole = concatOctets(this.#parts);
    const chunks = this.#chunks;
    this.#reset();
    const common = { kind: 'channel', type, channelId, security, requestId, chunks } as const;
    if (!abort) return { ...common, body: decodeServiceBody(whole, this.#limits) };
    return { ...common, body: { kind: 'opaque', octets: whole, problem: 'it was given up' }, abort };
  }

  #refusePending(at: number): void {
    if (this.#first) throw malformed(`another message between the chunks of request ${this.#first.requestId}`, at);
  }

  #reset(): void {
    this.#first = undefined;
    this.#chunks = [];
    this.#parts = [];
    this.#octets = 0;
  }
}

/**
 * The octets of all chunks of a message.
 * @throws OpcUaError `limit-exceeded` where the body does not fit the chunks, or a value its type
 */
export function encodeMessage(message: OpcUaMessage): Uint8Array {
  if (message.kind === 'transport') {
    return encodeChunk({ type: message.type, chunkType: 'F', octets: encodeTransportBody(message.body) });
  }
  const { type, channelId, security } = message;
  if (message.kind === 'secured') {
    return encodeChunk({ type, chunkType: message.chunkType, channelId, security, octets: message.octets });
  }
  const { chunks, requestId, abort } = message;
  const body = encodeServiceBody(message.body);
  const room = chunks.reduce((sum, { octets }) => sum + octets, 0);
  if (room !== body.length || chunks.length === 0) {
    throw new OpcUaError('limit-exceeded', `a body of ${body.length} octets in chunks for ${room}`);
  }
  let at = 0;
  return concatOctets(
    chunks.map(({ sequenceNumber, octets }, i) => {
      const isLast = i === chunks.length - 1;
      const writer = new OctetWriter();
      writer.unsigned(4, sequenceNumber);
      writer.unsigned(4, requestId);
      writer.bytes(body.subarray(at, at + octets));
      at += octets;
      if (isLast && abort) {
        writer.unsigned(4, abort.error);
        writer.counted(abort.reason === null ? null : textOctets(abort.reason));
      }
      const chunkType = !isLast ? 'C' : abort ? 'A' : 'F';
      return encodeChunk({ type, chunkType, channelId, security, octets: writer.finish() });
    }),
  );
}

function readAbort(octets: Uint8Array, at: number): Abort {
  const reader = new OctetReader(octets);
  try {
    const error = reader.unsigned(4);
    const length = reader.length();
    const reason = length < 0 ? null : textOf(reader.bytes(length));
    if (reader.remaining === 0) return { error, reason };
  } catch (error) {
    if (!(error instanceof OpcUaError)) throw error;
  }
  throw malformed('an abort that has no status code and reason', at);
}

function malformed(message: string, at: number): OpcUaError {
  return new OpcUaError('malformed-chunk', message, at);
}
