import type { Duplex } from 'node:stream';
import { encodeSerialFrame, receiveSerialFrames, type SerialMode } from '@thingward/modbus';
import type { Jid, Logger, Roster, XmppPeer } from '@thingward/xmpp';
import type { Door, IngressStatus } from '../ends.ts';
import { hostPortText } from '../host-port.ts';
import { SerialDoor } from '../serial-door.ts';
import type { TcpDoor } from '../tcp-door.ts';
import type { ModbusIngressConfig } from './config.ts';
import { ModbusIngress } from './ingress.ts';
import { SerialIngress } from './ingress-serial.ts';
import { modbusDoor } from './ingress-tcp.ts';

/** Where Modbus masters connect: a TCP port or a serial port. */
export class ModbusDoor implements Door {
  readonly #config: ModbusIngressConfig;
  readonly #roster: Roster;
  readonly #log: Logger;
  readonly #ingress: ModbusIngress;
  #door: TcpDoor | SerialDoor | undefined;
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
    const { listen, serial, framing, maxConnections, maxInFlight } = this.#config;
    if (serial) {
      const door = new SerialDoor(
        serial,
        (port) => this.#serve(port, framing === 'ascii' ? 'ascii' : 'rtu'),
        this.#log,
      );
      this.#door = door;
      door.open();
    } else if (listen) {
      const mode = framing === 'rtu' || framing === 'ascii' ? framing : undefined;
      const door = modbusDoor(this.#ingress, { ...listen, mode, maxConnections, maxInFlight });
      this.#door = door;
      this.#at = hostPortText(listen.host, await door.listen());
    }
  }

  async close(): Promise<void> {
    await this.#door?.close();
  }

  #serve(port: Duplex, mode: SerialMode): void {
    const slave = new SerialIngress(this.#ingress, (frame) => {
      if (port.writable) port.write(encodeSerialFrame(mode, frame));
    });
    receiveSerialFrames(port, { mode }, (frame) => slave.take(frame));
  }
}
