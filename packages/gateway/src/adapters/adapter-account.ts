import { encodeSerialFrame, MODBUS_NAMESPACE, receiveSerialFrames } from '@thingward/modbus';
import { pause } from '@thingward/things';
import {
  ENTITY_TIME,
  encodeEntityTime,
  type Jid,
  type Logger,
  PING,
  presence,
  type Received,
  Roster,
  serveDisco,
  servePing,
  type Unsubscribe,
  type XmppPeer,
} from '@thingward/xmpp';
import type { AccountConnection } from '../account-agent.ts';
import type { ModbusConnections } from '../drivers/modbus/connections.ts';
import { openSerialPort } from '../drivers/modbus/serial-port.ts';
import type { EgressConfig, IngressConfig } from './config.ts';
import { type EgressCounts, ModbusEgress, type ModbusEgressOptions } from './modbus/egress.ts';
import { type IngressCounts, ModbusIngress } from './modbus/ingress.ts';
import { SerialIngress } from './modbus/ingress-serial.ts';
import { TcpIngress } from './modbus/ingress-tcp.ts';
import { egressLine } from './modbus/lines.ts';

export interface AdapterAccountOptions {
  readonly client: AccountConnection;
  readonly ingress: readonly IngressConfig[];
  readonly egress: EgressConfig | undefined;
  readonly connections: ModbusConnections;
  readonly log: Logger;
  /** Policies that decide about each request at the devices; none when not given. */
  readonly check?: ModbusEgressOptions['check'];
}

export interface IngressStatus extends IngressCounts {
  /** Where masters connect: `host:port` or the serial port. */
  readonly at: string;
  /** By the account of each adapter at the devices: where it speaks from now, undefined while it is not there. */
  readonly routes: Readonly<Record<string, string | undefined>>;
}

export interface EgressStatus extends EgressCounts {
  readonly lines: readonly { readonly name: string; readonly state: string; readonly problem: string | undefined }[];
}

interface Door {
  readonly ingress: ModbusIngress;
  readonly config: IngressConfig;
  at: string;
}

const SERIAL_RETRY_MS = 3000;

/** What one account does as an adapter: its masters' doors and its devices' lines, and the presence that lets both ends find each other. */
export class AdapterAccount {
  readonly #options: AdapterAccountOptions;
  readonly #roster: Roster;
  readonly #egress: ModbusEgress | undefined;
  readonly #egressLines: ReturnType<typeof egressLine>[];
  readonly #doors: readonly Door[];
  readonly #listeners: TcpIngress[] = [];
  readonly #stopping = new AbortController();
  readonly #serialLoops: Promise<void>[] = [];
  #stops: Unsubscribe[] = [];

  constructor(options: AdapterAccountOptions) {
    this.#options = options;
    const { client, egress, ingress, connections, log, check } = options;
    this.#roster = new Roster(client);
    this.#egressLines = egress?.lines.map((line) => egressLine(line, connections)) ?? [];
    this.#egress =
      egress &&
      new ModbusEgress({
        peer: client,
        lines: this.#egressLines,
        masters: egress.masters,
        maxWaiting: egress.maxWaiting,
        log,
        ...(check ? { check } : {}),
        onTransaction: ({ client: line }, unit, request, response) => connections.passed(line, unit, request, response),
      });
    this.#doors = ingress.map((config) => {
      const { routes, timeoutMs } = config;
      const at = config.serial?.path ?? '';
      return { config, at, ingress: new ModbusIngress({ peer: client, roster: this.#roster, routes, timeoutMs, log }) };
    });
  }

  get client(): AccountConnection {
    return this.#options.client;
  }

  get ingresses(): readonly IngressStatus[] {
    return this.#doors.map(({ ingress, config, at }) => {
      const accounts = config.routes.map(({ to }) => [to.toString(), this.#roster.fullJidOf(to)?.toString()] as const);
      return { at, routes: Object.fromEntries(accounts), ...ingress.counts };
    });
  }

  get egress(): EgressStatus | undefined {
    if (!this.#egress) return undefined;
    const lines = this.#egressLines.map(({ name, client: { state, problem } }) => ({ name, state, problem }));
    return { lines, ...this.#egress.counts };
  }

  /** Opens the doors and lines, and connects. Rejects with the system's error when a door can't be opened. */
  async start(): Promise<void> {
    const { client } = this.#options;
    this.#stops = [
      servePing(client),
      serveEntityTime(client),
      serveDisco(client, {
        identities: [{ category: 'gateway', type: 'modbus' }],
        features: [PING, ENTITY_TIME, ...(this.#egress ? [MODBUS_NAMESPACE] : [])],
      }),
      client.onPresence((received) => this.#presence(received)),
      this.#roster.onChange(() => this.#subscribe()),
    ];
    this.#egress?.start();
    for (const door of this.#doors) await this.#open(door);
    client.start();
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the adapter stops'));
    for (const listener of this.#listeners) await listener.close();
    this.#egress?.stop();
    for (const stop of this.#stops) stop();
    await Promise.all(this.#serialLoops);
    await this.#options.client.stop();
  }

  async #open(door: Door): Promise<void> {
    const { listen, framing, maxConnections, maxInFlight } = door.config;
    if (!listen) {
      this.#serialLoops.push(this.#serveSerialPort(door));
      return;
    }
    const mode = framing === 'rtu' || framing === 'ascii' ? framing : undefined;
    const listener = new TcpIngress(door.ingress, { ...listen, mode, maxConnections, maxInFlight });
    const port = await listener.listen();
    this.#listeners.push(listener);
    door.at = `${listen.host.includes(':') ? `[${listen.host}]` : listen.host}:${port}`;
  }

  /** Opens the port again and again: adapters are unplugged. */
  async #serveSerialPort({ config: { serial, framing }, ingress }: Door): Promise<void> {
    const { signal } = this.#stopping;
    const { log } = this.#options;
    if (!serial) return;
    const mode = framing === 'ascii' ? 'ascii' : 'rtu';
    while (!signal.aborted) {
      const port = openSerialPort(serial);
      const close = () => port.destroy();
      signal.addEventListener('abort', close, { once: true });
      const slave = new SerialIngress(ingress, (frame) => {
        if (port.writable) port.write(encodeSerialFrame(mode, frame));
      });
      receiveSerialFrames(port, { mode }, (frame) => slave.take(frame));
      const reason = await new Promise<string>((resolve) => {
        port.once('error', (error: Error) => resolve(error.message));
        port.once('close', () => resolve('the port was closed'));
      });
      signal.removeEventListener('abort', close);
      port.destroy();
      if (signal.aborted) return;
      log.warn({ port: serial.path, reason }, 'the serial line is lost; it is opened again');
      await pause(SERIAL_RETRY_MS, signal);
    }
  }

  /** Who is a master here may see where the devices are; who has our devices may see us. */
  #presence({ from, type }: Received): void {
    if (type !== 'subscribe') return;
    const { client, egress } = this.#options;
    const isKnown = [...(egress?.masters ?? []).map(({ jid }) => jid), ...this.#targets].some((jid) =>
      jid.bare.equals(from.bare),
    );
    client.send(presence(isKnown ? 'subscribed' : 'unsubscribed', { to: from.bare, from: client.jid.bare }));
  }

  /** Asks for the presence of the adapters at the devices, where that is not settled. */
  #subscribe(): void {
    if (!this.#roster.isLoaded || this.#options.client.state !== 'online') return;
    const { contacts } = this.#roster;
    for (const to of this.#targets) {
      const contact = contacts.get(to.bare.toString());
      if (contact?.ask || contact?.subscription === 'to' || contact?.subscription === 'both') continue;
      this.#roster.subscribe(to);
    }
  }

  get #targets(): readonly Jid[] {
    return this.#doors.flatMap(({ config }) => config.routes.map(({ to }) => to));
  }
}

/** Says what time it is here. @see XEP-0202 */
function serveEntityTime(peer: XmppPeer): Unsubscribe {
  return peer.onIq('get', { name: 'time', namespace: ENTITY_TIME }, () => {
    const utc = new Date();
    return encodeEntityTime({ utc, offsetMinutes: -utc.getTimezoneOffset() });
  });
}
