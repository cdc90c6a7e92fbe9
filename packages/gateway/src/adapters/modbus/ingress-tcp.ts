import { createServer, type Server, type Socket } from 'node:net';
import {
  encodeSerialFrame,
  encodeTcpFrame,
  receiveSerialFrames,
  type SerialMode,
  TcpFrameReader,
} from '@thingward/modbus';
import type { ModbusIngress } from './ingress.ts';
import { SerialIngress } from './ingress-serial.ts';

export interface TcpIngressOptions {
  readonly host: string;
  readonly port: number;
  /** Frames of a serial line over TCP; Modbus TCP when not given. */
  readonly mode?: SerialMode | undefined;
  readonly maxConnections: number;
  /** Requests of one connection on their way at once; then no more are read from it. */
  readonly maxInFlight: number;
}

/** Where masters connect over TCP. @see MODBUS Messaging on TCP/IP V1.0b §4.3 */
export class TcpIngress {
  readonly #ingress: ModbusIngress;
  readonly #options: TcpIngressOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(ingress: ModbusIngress, options: TcpIngressOptions) {
    this.#ingress = ingress;
    this.#options = options;
    this.#server = createServer({ noDelay: true, keepAlive: true }, (socket) => this.#accept(socket));
    this.#server.maxConnections = options.maxConnections;
  }

  /** @returns the port it listens on. Rejects with the system's error */
  listen(): Promise<number> {
    const { host, port } = this.#options;
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, host, () => {
        this.#server.off('error', reject);
        // A connection that could not be accepted ends none that are there.
        this.#server.on('error', () => undefined);
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
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    const { mode } = this.#options;
    if (mode === undefined) {
      this.#serveTcp(socket);
      return;
    }
    const serial = new SerialIngress(this.#ingress, (frame) => {
      if (socket.writable) socket.write(encodeSerialFrame(mode, frame));
    });
    receiveSerialFrames(socket, { mode }, (frame) => serial.take(frame));
  }

  #serveTcp(socket: Socket): void {
    const reader = new TcpFrameReader();
    let inFlight = 0;
    socket.on('data', (chunk) => {
      try {
        for (const { transactionId, unit, pdu } of reader.push(chunk)) {
          inFlight++;
          void this.#ingress.carry({ unit, transactionId, pdu }).then((answer) => {
            inFlight--;
            // The master may have gone.
            if (!socket.writable) return;
            if (answer) socket.write(encodeTcpFrame({ transactionId, unit, pdu: answer }));
            if (inFlight < this.#options.maxInFlight && !socket.writableNeedDrain) socket.resume();
          });
        }
        // Who sends more than is answered, or takes no answers, is not read from.
        if (inFlight >= this.#options.maxInFlight || socket.writableNeedDrain) socket.pause();
      } catch {
        // No Modbus TCP: there is no way back into step with it.
        socket.destroy();
      }
    });
    socket.on('drain', () => {
      if (inFlight < this.#options.maxInFlight) socket.resume();
    });
  }
}
