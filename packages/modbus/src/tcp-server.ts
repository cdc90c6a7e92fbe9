import { createServer, type Server, type Socket } from 'node:net';
import {
  GATEWAY_TARGET_FAILED,
  ILLEGAL_DATA_VALUE,
  ILLEGAL_FUNCTION,
  ModbusError,
  ModbusException,
  SERVER_DEVICE_FAILURE,
} from './error.ts';
import { decodeRequest, encodeResponse } from './functions.ts';
import type { ModbusRequest, ModbusResponse } from './pdu.ts';
import { encodeTcpFrame, type TcpFrame, TcpFrameReader } from './tcp-frame.ts';

/** The data of one unit. Methods throw a ModbusException, such as `illegal data address`, to be answered. */
export interface ModbusUnit {
  readCoils(address: number, quantity: number): readonly boolean[];
  readDiscreteInputs(address: number, quantity: number): readonly boolean[];
  readHoldingRegisters(address: number, quantity: number): readonly number[];
  readInputRegisters(address: number, quantity: number): readonly number[];
  writeCoils(address: number, values: readonly boolean[]): void;
  writeRegisters(address: number, values: readonly number[]): void;
}

const MAX_CONNECTIONS = 64;

/** A Modbus TCP server in front of simulated devices. */
export class ModbusTcpServer {
  readonly #units: ReadonlyMap<number, ModbusUnit>;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  /** @param units by unit identifier; any other is answered with exception 11 */
  constructor(units: ReadonlyMap<number, ModbusUnit>) {
    this.#units = units;
    this.#server = createServer({ noDelay: true }, (socket) => this.#accept(socket));
    this.#server.maxConnections = MAX_CONNECTIONS;
  }

  /** @returns the port, chosen by the system when 0 was given. Rejects with the system's error when it can't listen */
  listen(port: number, host = '127.0.0.1'): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, host, () => {
        this.#server.off('error', reject);
        const address = this.#server.address();
        resolve(typeof address === 'object' && address ? address.port : port);
      });
    });
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    const reader = new TcpFrameReader();
    socket.on('data', (chunk) => {
      try {
        for (const frame of reader.push(chunk)) socket.write(encodeTcpFrame(this.#answer(frame)));
      } catch {
        // No Modbus TCP: there is no way back into step with it.
        socket.destroy();
      }
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#sockets.delete(socket));
  }

  #answer({ transactionId, unit, pdu }: TcpFrame): TcpFrame {
    const functionCode = (pdu[0] as number) & 0x7f;
    let response: ModbusResponse;
    try {
      const device = this.#units.get(unit);
      if (!device) throw new ModbusException(GATEWAY_TARGET_FAILED);
      response = perform(device, decodeRequest(pdu));
    } catch (error) {
      response = { kind: 'exception', functionCode, exceptionCode: exceptionCodeOf(error) };
    }
    return { transactionId, unit, pdu: encodeResponse(response) };
  }
}

function exceptionCodeOf(error: unknown): number {
  if (error instanceof ModbusException) return error.exceptionCode;
  return error instanceof ModbusError ? ILLEGAL_DATA_VALUE : SERVER_DEVICE_FAILURE;
}

/** Does what a request says with a unit's data. @throws ModbusException */
export function perform(unit: ModbusUnit, request: ModbusRequest): ModbusResponse {
  switch (request.kind) {
    case 'read-coils':
      return { kind: request.kind, values: unit.readCoils(request.address, request.quantity) };
    case 'read-discrete-inputs':
      return { kind: request.kind, values: unit.readDiscreteInputs(request.address, request.quantity) };
    case 'read-holding-registers':
      return { kind: request.kind, values: unit.readHoldingRegisters(request.address, request.quantity) };
    case 'read-input-registers':
      return { kind: request.kind, values: unit.readInputRegisters(request.address, request.quantity) };
    case 'write-single-coil':
      unit.writeCoils(request.address, [request.value]);
      return request;
    case 'write-single-register':
      unit.writeRegisters(request.address, [request.value]);
      return request;
    case 'write-multiple-coils':
      unit.writeCoils(request.address, request.values);
      return { kind: request.kind, address: request.address, quantity: request.values.length };
    case 'write-multiple-registers':
      unit.writeRegisters(request.address, request.values);
      return { kind: request.kind, address: request.address, quantity: request.values.length };
    case 'mask-write-register': {
      const [current = 0] = unit.readHoldingRegisters(request.address, 1);
      unit.writeRegisters(request.address, [
        (current & request.andMask) | (request.orMask & ~request.andMask & 0xffff),
      ]);
      return request;
    }
    case 'read-write-multiple-registers':
      unit.writeRegisters(request.writeAddress, request.values);
      return { kind: request.kind, values: unit.readHoldingRegisters(request.readAddress, request.quantity) };
    case 'opaque':
      throw new ModbusException(ILLEGAL_FUNCTION);
  }
}
