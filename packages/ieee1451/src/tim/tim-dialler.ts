import { parseUuid } from '../uuid.ts';
import { TcpTimLink } from './tcp-link.ts';
import type { Tim } from './tim.ts';
import { TimEnd } from './tim-end.ts';
import { UdpLinkPort } from './udp-link.ts';

export interface TimDiallerOptions {
  readonly tim: Tim;
  /** The NCAP's. With `udp` it may be that of a group or of a whole network. */
  readonly host: string;
  readonly port: number;
  readonly over: 'tcp' | 'udp';
  /** Between attempts, and between hellos; 500 when not given. */
  readonly pauseMs?: number;
}

/** Keeps a TIM connected to an NCAP that listens: over TCP it connects, over UDP it says hello until somebody answers, and begins again after a loss. */
export class TimDialler {
  readonly #options: TimDiallerOptions;
  readonly #pauseMs: number;
  readonly #ended = new AbortController();
  #link: TcpTimLink | undefined;
  #udp: UdpLinkPort | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: TimDiallerOptions) {
    this.#options = options;
    this.#pauseMs = options.pauseMs ?? 500;
  }

  /** Rejects with the system's error when there is no UDP port to be had. */
  async start(): Promise<void> {
    if (this.#options.over === 'udp') await this.#announce();
    else void this.#dial();
  }

  async stop(): Promise<void> {
    this.#ended.abort(new Error('the TIM stops'));
    clearTimeout(this.#timer);
    this.#link?.close();
    await this.#udp?.close();
  }

  async #dial(): Promise<void> {
    const { tim, host, port } = this.#options;
    const { signal } = this.#ended;
    try {
      const link = await TcpTimLink.connect({ host, port, signal });
      this.#link = link;
      new TimEnd({ tim, uuid: tim.uuid, link }).greet();
      link.once('close', () => this.#later(() => void this.#dial()));
    } catch {
      // There is no NCAP yet.
      this.#later(() => void this.#dial());
    }
  }

  async #announce(): Promise<void> {
    const { tim, host, port } = this.#options;
    const udp = new UdpLinkPort(1);
    this.#udp = udp;
    let isAlone = true;
    udp.on('link', (link) => {
      isAlone = false;
      new TimEnd({ tim, uuid: tim.uuid, link });
      link.once('close', () => {
        isAlone = true;
      });
    });
    await udp.listen(0, host.includes(':') ? '::' : '0.0.0.0');
    const message = parseUuid(tim.uuid) as Uint8Array;
    const step = () => {
      if (isAlone) udp.announce({ kind: 'hello', sequence: 0, message }, host, port);
      this.#later(step);
    };
    step();
  }

  #later(step: () => void): void {
    if (this.#ended.signal.aborted) return;
    this.#timer = setTimeout(step, this.#pauseMs);
  }
}
