import type { Jid, Logger, Roster, XmppPeer } from '@thingward/xmpp';
import type { Door, IngressStatus } from '../ends.ts';
import { hostPortText } from '../host-port.ts';
import { SerialDoor } from '../serial-door.ts';
import { TcpDoor } from '../tcp-door.ts';
import type { Dnp3IngressConfig } from './config.ts';
import { Dnp3Ingress } from './ingress.ts';
import { MasterLinks } from './master-links.ts';

/** A pause that ends a frame on a serial line; adapters deliver late. */
const GAP_MS = 100;

/** Where DNP3 masters connect: a TCP port or a serial port. */
export class Dnp3Door implements Door {
  readonly #config: Dnp3IngressConfig;
  readonly #roster: Roster;
  readonly #log: Logger;
  readonly #ingress: Dnp3Ingress;
  readonly #links: MasterLinks;
  #door: TcpDoor | SerialDoor | undefined;
  #at: string;

  constructor(config: Dnp3IngressConfig, peer: XmppPeer, roster: Roster, log: Logger) {
    this.#config = config;
    this.#roster = roster;
    this.#log = log;
    this.#at = config.serial?.path ?? '';
    const { routes, timeoutMs, maxInFlight } = config;
    const onReport: MasterLinks['report'] = (packet) => this.#links.report(packet);
    this.#ingress = new Dnp3Ingress({ peer, roster, routes, timeoutMs, log, onReport });
    this.#links = new MasterLinks(this.#ingress, { maxInFlight, log });
  }

  get targets(): readonly Jid[] {
    return this.#config.routes.map(({ to }) => to);
  }

  status(): IngressStatus {
    const accounts = this.targets.map((to) => [to.toString(), this.#roster.fullJidOf(to)?.toString()] as const);
    return { at: this.#at, routes: Object.fromEntries(accounts), ...this.#ingress.counts };
  }

  async open(): Promise<void> {
    const { listen, serial, maxConnections } = this.#config;
    this.#ingress.start();
    if (serial) {
      const door = new SerialDoor(serial, (port) => this.#links.accept(port, GAP_MS), this.#log);
      this.#door = door;
      door.open();
    } else if (listen) {
      const door = new TcpDoor({ ...listen, maxConnections }, (socket) => this.#links.accept(socket));
      this.#door = door;
      this.#at = hostPortText(listen.host, await door.listen());
    }
  }

  async close(): Promise<void> {
    this.#ingress.stop();
    await this.#door?.close();
  }
}
