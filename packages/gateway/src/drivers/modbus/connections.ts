import { connect } from 'node:net';
import {
  type ModbusClient,
  type ModbusRequest,
  type ModbusResponse,
  ModbusSerialClient,
  ModbusTcpClient,
  type SerialMode,
  silenceBetweenFrames,
} from '@thingward/modbus';
import type { Unsubscribe } from '@thingward/xmpp';
import { openSerialPort, type SerialPortSettings } from '../serial-port.ts';

/** How devices are reached over TCP. */
export interface TcpLine {
  readonly host: string;
  readonly port: number;
  readonly timeoutMs: number;
  readonly maxInFlight: number;
}

/** Told of a request that a unit answered, whoever sent it. */
export type TrafficListener = (request: ModbusRequest, response: ModbusResponse) => void;

/** One connection for each line, shared by the units behind it: many devices take only one or two. */
export class ModbusConnections {
  readonly #clients = new Map<string, ModbusClient>();
  readonly #listeners = new Map<ModbusClient, Map<number, Set<TrafficListener>>>();

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

  /** Listens to what masters read from a unit and write to it through this process. */
  observe(client: ModbusClient, unit: number, listener: TrafficListener): Unsubscribe {
    const units = this.#listeners.get(client) ?? new Map<number, Set<TrafficListener>>();
    const listeners = units.get(unit) ?? new Set();
    listeners.add(listener);
    units.set(unit, listeners);
    this.#listeners.set(client, units);
    return () => listeners.delete(listener);
  }

  /** A unit has answered a master. */
  passed(client: ModbusClient, unit: number, request: ModbusRequest, response: ModbusResponse): void {
    for (const listener of this.#listeners.get(client)?.get(unit) ?? []) listener(request, response);
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
