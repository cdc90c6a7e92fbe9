import { type CarriedRequest, DNP3_NAMESPACE } from '@thingward/dnp3';
import type { Jid, Logger, XmppPeer } from '@thingward/xmpp';
import type { Dnp3Connections } from '../../drivers/dnp3/connections.ts';
import type { PacketCheck } from '../../guard/gateway-guard.ts';
import { GatewayConfigError } from '../../server/config-files.ts';
import type { Devices, EgressStatus } from '../ends.ts';
import type { Dnp3EgressConfig } from './config.ts';
import { Dnp3Egress, type OutstationLine } from './egress.ts';

export interface Dnp3OutstationsOptions {
  readonly peer: XmppPeer;
  readonly connections: Dnp3Connections;
  readonly log: Logger;
  readonly check?: PacketCheck<CarriedRequest>;
}

/** The DNP3 outstations behind an account, and the connections to them. */
export class Dnp3Outstations implements Devices {
  readonly namespace = DNP3_NAMESPACE;
  readonly masters: readonly Jid[];
  readonly #lines: readonly OutstationLine[];
  readonly #egress: Dnp3Egress;

  /** @throws GatewayConfigError when a Thing on the same connection contradicts it */
  constructor(config: Dnp3EgressConfig, { peer, connections, log, check }: Dnp3OutstationsOptions) {
    const { masters, maxWaiting } = config;
    this.masters = masters.map(({ jid }) => jid);
    this.#lines = config.lines.map((line) => outstationLine(line, connections));
    for (const line of this.#lines) checkThings(line, config);
    this.#egress = new Dnp3Egress({
      peer,
      lines: this.#lines,
      masters,
      maxWaiting,
      log,
      ...(check ? { check } : {}),
      onPacket: ({ channel }, packet) => connections.passed(channel, packet),
    });
  }

  status(): EgressStatus {
    const lines = this.#lines.map(({ name, channel: { state, problem } }) => ({ name, state, problem }));
    return { lines, ...this.#egress.counts };
  }

  /**
   * Lines are connected when a master first asks, and are kept up from then on: an outstation that reports to nobody who could confirm it
   * keeps the next master waiting.
   */
  open(): void {
    this.#egress.start();
  }

  close(): void {
    this.#egress.stop();
  }
}

function outstationLine(
  { connect, serial, ...line }: Dnp3EgressConfig['lines'][number],
  connections: Dnp3Connections,
): OutstationLine {
  // A serial line takes one request at a time.
  if (serial) return { ...line, maxInFlight: 1, channel: connections.serialChannel(serial) };
  if (!connect) throw new Error('a line has a serial port or an address');
  return { ...line, channel: connections.channel({ ...connect, maxInFlight: line.maxInFlight }) };
}

/** A Thing that speaks from a master's address would take its answers. @throws GatewayConfigError */
function checkThings({ name, channel, maxInFlight, outstations }: OutstationLine, { masters }: Dnp3EgressConfig): void {
  for (const { local, remote } of channel.pairs) {
    if (!outstations.has(remote) || !masters.some(({ address }) => address === local)) continue;
    const what = `a Thing speaks from the address ${local} to outstation ${remote} of line "${name}"`;
    throw new GatewayConfigError(`${what}, and a master of the egress does, too: give the Thing another dnp3.master`);
  }
  if (channel.pairs.length > 0 && channel.maxInFlight !== maxInFlight) {
    const what = `line "${name}" has maxInFlight ${maxInFlight}`;
    throw new GatewayConfigError(`${what}, and a Thing on the same connection dnp3.maxInFlight ${channel.maxInFlight}`);
  }
}
