import { connect } from 'node:net';
import {
  type ModbusClient,
  ModbusSerialClient,
  ModbusTcpClient,
  type SerialMode,
  silenceBetweenFrames,
} from '@thingward/modbus';
import { openSerialPort, type SerialPortSettings } from './serial-port.ts';

/** How devices are reached over TCP. */
export interface TcpLine {
  readonly host: string;
  readonly port: number;
  readonly timeoutMs: number;
  readonly maxInFlight: number;
}

/** One connection for each line, shared by the units behind it: many devices take only one or two. */
export class ModbusConnections {
  readonly #clients = new Map<string, ModbusClient>();

  /** The connection for an address, opened when it is the first. */
  to({ host, port, timeoutMs, maxInFlight }: TcpLine): ModbusClient {
    return this.#shared(`${host}:${port}`, () => new ModbusTcpClient({ host, port, timeoutMs, maxInFlight }));
  }

  /** The master of a serial line whose bytes travel over TCP. */
  toSerialOverTcp({ host, port, timeoutMs }: TcpLine, mode: SerialMode): ModbusClient {
    const name = `${host}:${port}`;
    const open = () => connect({ host, port, noDelay: true, keepAlive: true });
    return this.#shared(name, () => new ModbusSerialClient({ name, mode, timeoutMs, connect: open }));
  }

  /** The master of a serial line. */
  toSerialPort(port: SerialPortSettings, mode: SerialMode, timeoutMs: number): ModbusClient {
    const { path: name, baudRate } = port;
    const silenceMs = silenceBetweenFrames(baudRate);
    const open = () => openSerialPort(port);
    return this.#shared(name, () => new ModbusSerialClient({ name, mode, timeoutMs, silenceMs, connect: open }));
  }

  closeAll(): void {
    for (const client of this.#clients.values()) client.close();
    this.#clients.clear();
  }

  #shared(key: string, make: () => ModbusClient): ModbusClient {
    let client = this.#clients.get(key);
    if (!client) {
      client = make();
      this.#clients.set(key, client);
      client.open();
    }
    return client;
  }
}
