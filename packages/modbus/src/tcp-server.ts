import { createServer, type Server, type Socket } from 'node:net';
import { GATEWAY_TARGET_FAILED } from './error.ts';
import { encodeTcpFrame, type TcpFrame, TcpFrameReader } from './tcp-frame.ts';
import { answerPdu, encodeException, type ModbusUnit } from './unit.ts';

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
    return { transactionId, unit, pdu: device ? answerPdu(device, pdu) : encodeException(pdu, GATEWAY_TARGET_FAILED) };
  }
}
