import { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';
import { Ieee1451Error } from '../error.ts';
import { SENT, type SendOptions, type TimLink, type TimLinkEvents } from './link.ts';
import type { LinkFrame, LinkKind } from './link-frame.ts';
import { encodeSerialFrame, type SerialFrame, SerialFrameReader } from './serial-frame.ts';

export interface SerialBusOptions {
  /** The line, open. */
  readonly stream: Duplex;
  /** For people, as `/dev/ttyUSB0`. */
  readonly name: string;
  /** Where TIMs may be. */
  readonly addresses: readonly number[];
  /** How long a TIM may take until it begins to answer; 200 when not given. */
  readonly answerMs?: number;
  /** How often an address without a TIM is asked, one after the other; 250 when not given. */
  readonly probeMs?: number;
}

/** Frames that wait for their turn on a line. */
const MAX_QUEUED = 1024;

interface Exchange {
  readonly link: SerialLink;
  readonly frame: SerialFrame;
  readonly options: SendOptions;
}

/** What a frame is answered with. */
const ANSWERS: Partial<Record<LinkKind, LinkKind>> = { command: 'reply', hello: 'hello', heartbeat: 'heartbeat' };

/** One TIM on a line, as the NCAP sees it. */
class SerialLink extends EventEmitter<TimLinkEvents> implements TimLink {
  readonly name: string;
  readonly isLossy = true;
  readonly address: number;
  readonly #bus: Pick<SerialBus, 'enqueue'>;
  #isOpen = true;

  constructor(bus: Pick<SerialBus, 'enqueue'>, name: string, address: number) {
    super();
    this.#bus = bus;
    this.name = name;
    this.address = address;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  send(frame: LinkFrame, options: SendOptions = {}): () => boolean {
    return this.#isOpen ? this.#bus.enqueue({ link: this, frame: { ...frame, address: this.address }, options }) : SENT;
  }

  close(reason?: string): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.emit('close', reason);
  }
}

/**
 * The NCAP's end of a serial line with several TIMs. A TIM speaks when it is spoken to, and one at a time: what it tells by itself it tells before it
 * answers a heartbeat. `link` for each TIM that answers a hello, `close` when the line has ended.
 */
export class SerialBus extends EventEmitter<{ link: [TimLink]; close: [reason: string | undefined] }> {
  readonly #options: SerialBusOptions;
  readonly #links = new Map<number, SerialLink>();
  readonly #queue: Exchange[] = [];
  readonly #probing: ReturnType<typeof setInterval>;
  #current: Exchange | undefined;
  #turn: ReturnType<typeof setTimeout> | undefined;
  #probed = 0;
  #isClosed = false;

  constructor(options: SerialBusOptions) {
    super();
    this.#options = options;
    const { stream, probeMs = 250 } = options;
    const reader = new SerialFrameReader();
    stream.on('data', (chunk: Uint8Array) => {
      for (const frame of reader.push(chunk)) this.#received(frame);
    });
    stream.on('error', (error) => this.close(`the line ${options.name} failed: ${error.message}`));
    stream.on('close', () => this.close(`the line ${options.name} was closed`));
    this.#probing = setInterval(() => this.#probe(), probeMs);
    this.#probe();
  }

  /** @returns takes it back; false when it was sent already. @throws Ieee1451Error `limit-exceeded` */
  enqueue(exchange: Exchange): () => boolean {
    if (this.#isClosed) return SENT;
    if (this.#queue.length >= MAX_QUEUED) {
      throw new Ieee1451Error('limit-exceeded', `${MAX_QUEUED} frames wait for the line ${this.#options.name} already`);
    }
    this.#queue.push(exchange);
    this.#next();
    return () => {
      const at = this.#queue.indexOf(exchange);
      if (at >= 0) this.#queue.splice(at, 1);
      return at >= 0;
    };
  }

  /** Ends the line and the links over it. */
  close(reason?: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearInterval(this.#probing);
    clearTimeout(this.#turn);
    this.#queue.length = 0;
    this.#options.stream.destroy();
    for (const link of this.#links.values()) link.close(reason);
    this.emit('close', reason);
  }

  #next(): void {
    while (!this.#current) {
      const exchange = this.#queue.shift();
      if (!exchange) return;
      const { link, frame, options } = exchange;
      if (!link.isOpen) continue;
      if (options.isAnswered) {
        this.#current = exchange;
        this.#turn = setTimeout(() => this.#over(), this.#options.answerMs ?? 200);
      }
      options.onSent?.();
      this.#options.stream.write(encodeSerialFrame(frame));
    }
  }

  /** It has answered, or had the time to. */
  #over(): void {
    clearTimeout(this.#turn);
    this.#current = undefined;
    this.#next();
  }

  #received({ address, ...frame }: SerialFrame): void {
    const current = this.#current;
    const isAnswer =
      current?.link.address === address &&
      ANSWERS[current.frame.kind] === frame.kind &&
      current.frame.sequence === frame.sequence;
    const link = isAnswer ? current.link : this.#links.get(address);
    if (isAnswer) {
      // A probe that was answered: there is a TIM.
      if (frame.kind === 'hello' && !this.#links.has(address) && link?.isOpen) this.#found(link as SerialLink);
      this.#over();
    } else if (current?.link.address === address) this.#turn?.refresh();
    link?.emit('frame', frame);
  }

  #probe(): void {
    const { addresses, name } = this.#options;
    const vacant = addresses.filter((address) => !this.#links.has(address));
    if (vacant.length === 0 || this.#queue.some(({ link }) => !this.#links.has(link.address))) return;
    const address = vacant[this.#probed++ % vacant.length] as number;
    const link = new SerialLink(this, `${name} address ${address}`, address);
    this.enqueue({
      link,
      frame: { kind: 'hello', sequence: 0, message: new Uint8Array(0), address },
      options: { isAnswered: true },
    });
  }

  #found(link: SerialLink): void {
    this.#links.set(link.address, link);
    link.once('close', () => this.#links.delete(link.address));
    this.emit('link', link);
  }
}
