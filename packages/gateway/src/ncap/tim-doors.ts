import { once } from 'node:events';
import { SerialBus, TcpLinkListener, TcpTimLink, type TimLink, UdpLinkPort } from '@thingward/ieee1451/tim';
import { pause } from '@thingward/things';
import type { Logger } from '@thingward/xmpp';
import { hostPortText } from '../adapters/host-port.ts';
import type { Ieee1451Config, SerialLineConfig } from '../drivers/ieee1451/config.ts';
import { openSerialPort } from '../drivers/serial-port.ts';

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 10_000;
const CONNECT_TIMEOUT_MS = 5000;

export interface TimDoorsOptions {
  readonly config: Pick<Ieee1451Config, 'listen' | 'connect' | 'serial' | 'maxTims'>;
  /** Of a further link, whoever is at its other end. */
  readonly onLink: (link: TimLink) => void;
  readonly log: Logger;
}

/** Every way by which TIMs come to an NCAP, kept open until it stops: ports it listens on, addresses it connects to, serial lines. */
export class TimDoors {
  readonly #options: TimDoorsOptions;
  readonly #stopping = new AbortController();
  readonly #closes: (() => unknown)[] = [];
  #loops: Promise<void>[] = [];
  #ports: { readonly tcp?: number; readonly udp?: number } = {};

  constructor(options: TimDoorsOptions) {
    this.#options = options;
  }

  /** Where it listens, once it does. */
  get ports(): { readonly tcp?: number; readonly udp?: number } {
    return this.#ports;
  }

  /** A port that can't be listened on now is tried again. */
  start(): void {
    const { config, onLink } = this.#options;
    const { listen, connect, serial, maxTims } = config;
    this.#loops = [
      ...(listen.tcp ? [this.#listen('tcp', listen.tcp, () => new TcpLinkListener(maxTims))] : []),
      ...(listen.udp ? [this.#listen('udp', listen.udp, () => new UdpLinkPort(maxTims))] : []),
      ...connect.map(({ host, port }) =>
        this.#again(`the TIM at ${hostPortText(host, port)}`, async (signal) => {
          const link = await TcpTimLink.connect({ host, port, timeoutMs: CONNECT_TIMEOUT_MS, signal });
          await this.#untilClosed(link, () => onLink(link));
        }),
      ),
      ...serial.map((line) => this.#again(`the line ${line.path}`, () => this.#serve(line))),
    ];
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the NCAP stops'));
    await Promise.all([...this.#closes.splice(0).map((close) => close()), ...this.#loops]);
  }

  #listen(
    kind: 'tcp' | 'udp',
    { host, port }: { readonly host: string; readonly port: number },
    make: () => TcpLinkListener | UdpLinkPort,
  ): Promise<void> {
    return this.#again(`${kind} port ${hostPortText(host, port)}`, async (signal) => {
      const listener = make();
      listener.on('link', this.#options.onLink);
      const actual = await listener.listen(port, host);
      this.#ports = { ...this.#ports, [kind]: actual };
      if (!signal.aborted) await once(signal, 'abort');
      await listener.close();
    });
  }

  async #serve({ path, baudRate, dataBits, parity, stopBits, addresses, answerMs }: SerialLineConfig): Promise<void> {
    const stream = openSerialPort({ path, baudRate, dataBits, parity, stopBits });
    await once(stream, 'open');
    const bus = new SerialBus({ stream, name: path, addresses, answerMs });
    await this.#untilClosed(bus, () => bus.on('link', this.#options.onLink));
  }

  /** Rejects when it ended by itself, so that it is begun again. */
  async #untilClosed(end: TimLink | SerialBus, begin: () => void): Promise<void> {
    const emitter = end as SerialBus;
    const closed = new Promise<string | undefined>((resolve) => emitter.once('close', resolve));
    const close = () => emitter.close();
    this.#closes.push(close);
    begin();
    const reason = await closed;
    const at = this.#closes.indexOf(close);
    if (at >= 0) this.#closes.splice(at, 1);
    if (!this.#stopping.signal.aborted) throw new LinkEnded(reason ?? 'it was closed');
  }

  /** Does it until the end; what failed is said once. */
  async #again(what: string, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const { signal } = this.#stopping;
    const { log } = this.#options;
    let said: string | undefined;
    for (let failures = 0; !signal.aborted; failures++) {
      try {
        await work(signal);
      } catch (error) {
        if (signal.aborted) return;
        // It was open: the loss of a TIM is told by who knows it.
        if (error instanceof LinkEnded) [failures, said] = [0, undefined];
        const { message } = error as Error;
        if (message !== said)
          log[error instanceof LinkEnded ? 'debug' : 'warn']({}, `${what} can't be reached: ${message}`);
        said = message;
      }
      await pause(Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures, 10)), signal);
    }
  }
}

/** Something ended that was open. */
class LinkEnded extends Error {}
