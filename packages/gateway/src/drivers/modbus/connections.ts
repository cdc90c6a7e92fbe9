import { ModbusTcpClient } from '@thingward/modbus';
import type { ModbusConfig } from './config.ts';

/** One connection for each host and port, shared by the units behind it: many devices take only one or two. */
export class ModbusConnections {
  readonly #clients = new Map<string, ModbusTcpClient>();

  /** The connection for a device's address, opened when it is the first. */
  to({ host, port, timeoutMs, maxInFlight }: ModbusConfig): ModbusTcpClient {
    const key = `${host}:${port}`;
    let client = this.#clients.get(key);
    if (!client) {
      client = new ModbusTcpClient({ host, port, timeoutMs, maxInFlight });
      this.#clients.set(key, client);
      client.open();
    }
    return client;
  }

  closeAll(): void {
    for (const client of this.#clients.values()) client.close();
    this.#clients.clear();
  }
}
