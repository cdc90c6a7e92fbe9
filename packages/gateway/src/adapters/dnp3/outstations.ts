import { type CarriedRequest, DNP3_NAMESPACE, Dnp3Channel } from '@thingward/dnp3';
import type { Jid, Logger, XmppPeer } from '@thingward/xmpp';
import type { PacketCheck } from '../../guard/gateway-guard.ts';
import type { Devices, EgressStatus } from '../ends.ts';
import type { Dnp3EgressConfig } from './config.ts';
import { Dnp3Egress, type OutstationLine } from './egress.ts';

export interface Dnp3OutstationsOptions {
  readonly peer: XmppPeer;
  readonly log: Logger;
  readonly check?: PacketCheck<CarriedRequest>;
}

/** The DNP3 outstations behind an account, and the connections to them. */
export class Dnp3Outstations implements Devices {
  readonly namespace = DNP3_NAMESPACE;
  readonly masters: readonly Jid[];
  readonly #lines: readonly OutstationLine[];
  readonly #egress: Dnp3Egress;

  constructor({ masters, lines, maxWaiting }: Dnp3EgressConfig, { peer, log, check }: Dnp3OutstationsOptions) {
    this.masters = masters.map(({ jid }) => jid);
    this.#lines = lines.map(({ connect, ...line }) => ({ ...line, channel: new Dnp3Channel(connect) }));
    this.#egress = new Dnp3Egress({ peer, lines: this.#lines, masters, maxWaiting, log, ...(check ? { check } : {}) });
  }

  status(): EgressStatus {
    const lines = this.#lines.map(({ name, channel: { state, problem } }) => ({ name, state, problem }));
    return { lines, ...this.#egress.counts };
  }

  /** Connects at once: outstations have something to say before they are asked. */
  open(): void {
    this.#egress.start();
    for (const { channel } of this.#lines) channel.open();
  }

  close(): void {
    this.#egress.stop();
    for (const { channel } of this.#lines) channel.close();
  }
}
