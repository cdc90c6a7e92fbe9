import type { Jid, Logger, Roster, XmppPeer } from '@thingward/xmpp';
import type { Door, IngressStatus } from '../ends.ts';
import { hostPortText } from '../host-port.ts';
import type { Dnp3IngressConfig } from './config.ts';
import { Dnp3Ingress } from './ingress.ts';
import { Dnp3TcpIngress } from './ingress-tcp.ts';

/** A TCP port where DNP3 masters connect. */
export class Dnp3Door implements Door {
  readonly #config: Dnp3IngressConfig;
  readonly #roster: Roster;
  readonly #ingress: Dnp3Ingress;
  readonly #listener: Dnp3TcpIngress;
  #at = '';

  constructor(config: Dnp3IngressConfig, peer: XmppPeer, roster: Roster, log: Logger) {
    this.#config = config;
    this.#roster = roster;
    const { routes, timeoutMs, listen, maxConnections, maxInFlight } = config;
    const onReport: Dnp3TcpIngress['report'] = (packet) => this.#listener.report(packet);
    this.#ingress = new Dnp3Ingress({ peer, roster, routes, timeoutMs, log, onReport });
    this.#listener = new Dnp3TcpIngress(this.#ingress, { ...listen, maxConnections, maxInFlight, log });
  }

  get targets(): readonly Jid[] {
    return this.#config.routes.map(({ to }) => to);
  }

  status(): IngressStatus {
    const accounts = this.targets.map((to) => [to.toString(), this.#roster.fullJidOf(to)?.toString()] as const);
    return { at: this.#at, routes: Object.fromEntries(accounts), ...this.#ingress.counts };
  }

  async open(): Promise<void> {
    this.#ingress.start();
    this.#at = hostPortText(this.#config.listen.host, await this.#listener.listen());
  }

  async close(): Promise<void> {
    this.#ingress.stop();
    await this.#listener.close();
  }
}
