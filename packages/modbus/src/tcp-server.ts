import { createServer, type Server, type Socket } from 'node:net';
import {
  GATEWAY_TARGET_FAILED,
  ILLEGAL_DATA_ADDRESS,
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

export interface ModbusTcpServerOptions {
  /** Connections at the same time; 64 when not given. Further ones are closed at once. */
  readonly maxConnections?: number;
  /** What a request for a unit that is not there gets: exception 11, as from a gateway (when not given), or no answer. */
  readonly absentUnit?: 'exception' | 'silence';
}

/** A Modbus TCP server in front of simulated devices. */
export class ModbusTcpServer {
  readonly #units: ReadonlyMap<number, ModbusUnit>;
  readonly #isSilentWhenAbsent: boolean;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  /** @param units by unit identifier */
  constructor(
    units: ReadonlyMap<number, ModbusUnit>,
    { maxConnections = 64, absentUnit = 'exception' }: ModbusTcpServerOptions = {},
  ) {
    this.#units = units;
    this.#isSilentWhenAbsent = absentUnit === 'silence';
    this.#server = createServer({ noDelay: true }, (socket) => this.#accept(socket));
    this.#server.maxConnections = maxConnections;
    // A connection that could not be accepted, as when the process has no more file descriptors, ends none that are there.
    this.#server.on('error', () => undefined);
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
      socket.cork();
      try {
        for (const frame of reader.push(chunk)) {
          const answer = this.#answer(frame);
          if (answer) socket.write(encodeTcpFrame(answer));
        }
        socket.uncork();
        // Who does not take its answers is not asked for more.
        if (socket.writableNeedDrain) socket.pause();
      } catch {
        // No Modbus TCP: there is no way back into step with it.
        socket.destroy();
      }
    });
    socket.on('drain', () => socket.resume());
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#sockets.delete(socket));
  }

  #answer({ transactionId, unit, pdu }: TcpFrame): TcpFrame | undefined {
    const device = this.#units.get(unit);
    if (!device && this.#isSilentWhenAbsent) return undefined;
    return { transactionId, unit, pdu: device ? answer(device, pdu) : encodeException(pdu, GATEWAY_TARGET_FAILED) };
  }
}

function answer(device: ModbusUnit, pdu: Uint8Array): Uint8Array {
  let request: ModbusRequest;
  try {
    request = decodeRequest(pdu);
  } catch (error) {
    const isOverflow = error instanceof ModbusError && error.code === 'address-overflow';
    return encodeException(pdu, isOverflow ? ILLEGAL_DATA_ADDRESS : ILLEGAL_DATA_VALUE);
  }
  try {
    return encodeResponse(perform(device, request));
  } catch (error) {
    // Anything else is a fault of the device's data, such as a register that 16 bits don't hold.
    return encodeException(pdu, error instanceof ModbusException ? error.exceptionCode : SERVER_DEVICE_FAILURE);
  }
}

function encodeException(pdu: Uint8Array, exceptionCode: number): Uint8Array {
  return encodeResponse({ kind: 'exception', functionCode: (pdu[0] as number) & 0x7f, exceptionCode });
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
