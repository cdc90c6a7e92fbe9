import { encodeSerialFrame, receiveSerialFrames } from '@thingward/modbus';
import { pause } from '@thingward/things';
import type { Jid, Logger, Roster, XmppPeer } from '@thingward/xmpp';
import { openSerialPort } from '../../drivers/modbus/serial-port.ts';
import type { Door, IngressStatus } from '../ends.ts';
import { hostPortText } from '../host-port.ts';
import type { TcpDoor } from '../tcp-door.ts';
import type { ModbusIngressConfig } from './config.ts';
import { ModbusIngress } from './ingress.ts';
import { SerialIngress } from './ingress-serial.ts';
import { modbusDoor } from './ingress-tcp.ts';

const SERIAL_RETRY_MS = 3000;

/** Where Modbus masters connect: a TCP port or a serial port. */
export class ModbusDoor implements Door {
  readonly #config: ModbusIngressConfig;
  readonly #roster: Roster;
  readonly #log: Logger;
  readonly #ingress: ModbusIngress;
  readonly #stopping = new AbortController();
  #listener: TcpDoor | undefined;
  #serialLoop: Promise<void> | undefined;
  #at: string;

  constructor(config: ModbusIngressConfig, peer: XmppPeer, roster: Roster, log: Logger) {
    this.#config = config;
    this.#roster = roster;
    this.#log = log;
    this.#at = config.serial?.path ?? '';
    const { routes, timeoutMs } = config;
    this.#ingress = new ModbusIngress({ peer, roster, routes, timeoutMs, log });
  }

  get targets(): readonly Jid[] {
    return this.#config.routes.map(({ to }) => to);
  }

  status(): IngressStatus {
    const accounts = this.targets.map((to) => [to.toString(), this.#roster.fullJidOf(to)?.toString()] as const);
    return { at: this.#at, routes: Object.fromEntries(accounts), ...this.#ingress.counts };
  }

  async open(): Promise<void> {
    const { listen, framing, maxConnections, maxInFlight } = this.#config;
    if (!listen) {
      this.#serialLoop = this.#serveSerialPort();
      return;
    }
    const mode = framing === 'rtu' || framing === 'ascii' ? framing : undefined;
    this.#listener = modbusDoor(this.#ingress, { ...listen, mode, maxConnections, maxInFlight });
    this.#at = hostPortText(listen.host, await this.#listener.listen());
  }

  async close(): Promise<void> {
    this.#stopping.abort(new Error('the adapter stops'));
    await this.#listener?.close();
    await this.#serialLoop;
  }

  /** Opens the port again and again: adapters are unplugged. */
  async #serveSerialPort(): Promise<void> {
    const { signal } = this.#stopping;
    const { serial, framing } = this.#config;
    if (!serial) return;
    const mode = framing === 'ascii' ? 'ascii' : 'rtu';
    while (!signal.aborted) {
      const port = openSerialPort(serial);
      const close = () => port.destroy();
      signal.addEventListener('abort', close, { once: true });
      const slave = new SerialIngress(this.#ingress, (frame) => {
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
      this.#log.warn({ port: serial.path, reason }, 'the serial line is lost; it is opened again');
      await pause(SERIAL_RETRY_MS, signal);
    }
  }
}
