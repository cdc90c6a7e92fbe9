import { MODBUS_NAMESPACE } from '@thingward/modbus';
import type { Jid, Logger, XmppPeer } from '@thingward/xmpp';
import type { ModbusConnections } from '../../drivers/modbus/connections.ts';
import type { Devices, EgressStatus } from '../ends.ts';
import type { ModbusEgressConfig } from './config.ts';
import { type EgressLine, ModbusEgress, type ModbusEgressOptions } from './egress.ts';
import { egressLine } from './lines.ts';

export interface ModbusDevicesOptions {
  readonly peer: XmppPeer;
  readonly connections: ModbusConnections;
  readonly log: Logger;
  readonly check?: ModbusEgressOptions['check'];
}

/** The Modbus devices behind an account. */
export class ModbusDevices implements Devices {
  readonly namespace = MODBUS_NAMESPACE;
  readonly masters: readonly Jid[];
  readonly #lines: readonly EgressLine[];
  readonly #egress: ModbusEgress;

  constructor(config: ModbusEgressConfig, { peer, connections, log, check }: ModbusDevicesOptions) {
    this.masters = config.masters.map(({ jid }) => jid);
    this.#lines = config.lines.map((line) => egressLine(line, connections));
    this.#egress = new ModbusEgress({
      peer,
      lines: this.#lines,
      masters: config.masters,
      maxWaiting: config.maxWaiting,
      log,
      ...(check ? { check } : {}),
      onTransaction: ({ client: line }, unit, request, response) => connections.passed(line, unit, request, response),
    });
  }

  status(): EgressStatus {
    const lines = this.#lines.map(({ name, client: { state, problem } }) => ({ name, state, problem }));
    return { lines, ...this.#egress.counts };
  }

  open(): void {
    this.#egress.start();
  }

  close(): void {
    this.#egress.stop();
  }
}
