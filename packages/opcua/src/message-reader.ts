import { chunkLength, decodeChunk, isSecuredByPolicy } from './chunk.ts';
import { OpcUaError } from './error.ts';
import { DEFAULT_OPCUA_LIMITS, type OpcUaLimits } from './limits.ts';
import { MessageAssembly, type OpcUaMessage } from './message.ts';
import { concatOctets } from './octets.ts';

export interface MessageReaderOptions {
  /** Do chunks before any that opens a channel belong to one that signs or encrypts? No when not given. */
  readonly isSecured?: boolean;
  readonly limits?: OpcUaLimits;
}

/**
 * Messages of one direction of a connection. What opens a channel says whether its messages can be read; where nothing was seen of it,
 * they are read as if they could.
 */
export class MessageReader {
  readonly #limits: OpcUaLimits;
  readonly #assembly: MessageAssembly;
  #isSecured: boolean;
  #rest: Uint8Array = new Uint8Array(0);
  /** Octets that were taken. */
  #at = 0;

  constructor({ isSecured = false, limits = DEFAULT_OPCUA_LIMITS }: MessageReaderOptions = {}) {
    this.#isSecured = isSecured;
    this.#limits = limits;
    this.#assembly = new MessageAssembly(limits);
  }

  /** Is something begun and not complete? */
  get isPending(): boolean {
    return this.#rest.length > 0 || this.#assembly.isPending;
  }

  /**
   * @returns the messages that are complete with these octets
   * @throws OpcUaError `malformed-chunk`, `limit-exceeded`; then nothing more can be read of the connection
   */
  push(octets: Uint8Array): readonly OpcUaMessage[] {
    this.#rest = this.#rest.length === 0 ? octets : concatOctets([this.#rest, octets]);
    const messages: OpcUaMessage[] = [];
    for (;;) {
      const length = chunkLength(this.#rest, this.#at, this.#limits);
      if (length === undefined || length > this.#rest.length) return messages;
      const chunk = decodeChunk(this.#rest.subarray(0, length), this.#at);
      if ('security' in chunk && 'securityPolicyUri' in chunk.security) {
        this.#isSecured = isSecuredByPolicy(chunk.security);
      }
      const message = this.#assembly.push(chunk, this.#isSecured, this.#at);
      if (message) messages.push(message);
      this.#rest = this.#rest.slice(length);
      this.#at += length;
    }
  }

  /** Where the octets end that were taken. */
  get offset(): number {
    return this.#at;
  }
}

/**
 * All messages of these octets.
 * @throws OpcUaError `malformed-chunk`, also where the last message is not complete; `limit-exceeded`
 */
export function decodeMessages(octets: Uint8Array, options?: MessageReaderOptions): readonly OpcUaMessage[] {
  const reader = new MessageReader(options);
  const messages = reader.push(octets);
  if (reader.isPending) throw new OpcUaError('malformed-chunk', 'the message is not complete', reader.offset);
  return messages;
}
