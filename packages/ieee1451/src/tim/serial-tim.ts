import { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';
import { checkRange } from '../octets.ts';
import { MAX_UNSENT_OCTETS, SENT, type SendOptions, type TimLink, type TimLinkEvents } from './link.ts';
import type { LinkFrame } from './link-frame.ts';
import { encodeSerialFrame, SERIAL_ADDRESSES, SerialFrameReader } from './serial-frame.ts';

/** Messages that wait for a heartbeat. The oldest are lost. */
const MAX_UNTOLD = 64;

/**
 * A TIM's end of a serial line: it hears what is for its address, and speaks when it is asked. What the TIM tells by itself waits for the next
 * heartbeat, so that no two speak at once.
 */
export class SerialTimLink extends EventEmitter<TimLinkEvents> implements TimLink {
  readonly name: string;
  readonly isLossy = true;
  readonly #stream: Duplex;
  readonly #address: number;
  readonly #untold: LinkFrame[] = [];
  #isOpen = true;

  /** @throws Ieee1451Error `limit-exceeded` for an address that no TIM can have */
  constructor(stream: Duplex, address: number) {
    super();
    checkRange(address, 1, SERIAL_ADDRESSES, 'the address of a TIM');
    this.#stream = stream;
    this.#address = address;
    this.name = `address ${address}`;
    const reader = new SerialFrameReader();
    stream.on('data', (chunk: Uint8Array) => {
      for (const { address: to, ...frame } of reader.push(chunk)) if (to === address) this.emit('frame', frame);
    });
    stream.on('error', (error) => this.#end(error.message));
    stream.on('close', () => this.#end('the line was closed'));
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  send(frame: LinkFrame, { onSent }: SendOptions = {}): () => boolean {
    if (frame.kind === 'initiated') {
      this.#untold.push(frame);
      if (this.#untold.length > MAX_UNTOLD) this.#untold.shift();
      return SENT;
    }
    if (frame.kind === 'heartbeat') for (const untold of this.#untold.splice(0)) this.#transmit(untold);
    this.#transmit(frame);
    onSent?.();
    return SENT;
  }

  /** The line stays: the NCAP may come back to it. */
  close(): void {
    this.#untold.length = 0;
  }

  #transmit(frame: LinkFrame): void {
    if (!this.#isOpen || this.#stream.writableLength > MAX_UNSENT_OCTETS) return;
    this.#stream.write(encodeSerialFrame({ ...frame, address: this.#address }));
  }

  #end(reason: string): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.emit('close', reason);
  }
}
