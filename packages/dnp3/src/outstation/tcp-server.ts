import { createServer, type Server, type Socket } from 'node:net';
import { BROADCAST_ADDRESSES, type LinkFrame } from '../link-frame.ts';
import { LinkFrameReader } from '../link-frame-reader.ts';
import type { Outstation } from './outstation.ts';
import { OutstationSession } from './session.ts';

export interface Dnp3TcpServerOptions {
  /** Connections at the same time; 16 when not given. Further ones are closed at once. */
  readonly maxConnections?: number;
}

/** Addresses of masters on one connection. */
const MAX_MASTERS = 8;
const MAX_UNSENT_OCTETS = 1_000_000;

/** A port behind which there are outstations, told apart by their addresses. */
export class Dnp3TcpServer {
  readonly #outstations: ReadonlyMap<number, Outstation>;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #awayUntil = 0;

  /** @param outstations each with an address of its own */
  constructor(outstations: readonly Outstation[], { maxConnections = 16 }: Dnp3TcpServerOptions = {}) {
    this.#outstations = new Map(outstations.map((outstation) => [outstation.options.address, outstation]));
    this.#server = createServer({ noDelay: true }, (socket) => this.#accept(socket));
    this.#server.maxConnections = maxConnections;
    // A connection that could not be accepted, as when the process has no more file descriptors, ends none that are there.
    this.#server.on('error', () => undefined);
    for (const outstation of outstations) outstation.on('restart', () => this.#restart(outstation.options.restartMs));
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

  /** An outstation that restarts is away for a while, and its connections are gone. */
  #restart(restartMs: number): void {
    this.#awayUntil = performance.now() + restartMs;
    for (const socket of this.#sockets) socket.end();
  }

  #accept(socket: Socket): void {
    if (performance.now() < this.#awayUntil) {
      socket.destroy();
      return;
    }
    this.#sockets.add(socket);
    const sessions = new Map<string, OutstationSession>();
    const sessionOf = (outstation: Outstation, master: number): OutstationSession | undefined => {
      const key = `${outstation.options.address} ${master}`;
      const known = sessions.get(key);
      if (known || sessions.size >= MAX_MASTERS * this.#outstations.size) return known;
      const session = new OutstationSession(outstation, master, (octets) => {
        if (socket.writable) socket.write(octets);
        // Who does not take what it is sent is not sent more.
        if (socket.writableLength > MAX_UNSENT_OCTETS) socket.destroy();
      });
      sessions.set(key, session);
      return session;
    };
    const reader = new LinkFrameReader();
    socket.on('data', (chunk) => {
      for (const frame of reader.push(chunk)) {
        for (const outstation of this.#addressed(frame)) sessionOf(outstation, frame.source)?.receive(frame);
      }
      if (socket.writableNeedDrain) socket.pause();
    });
    socket.on('drain', () => socket.resume());
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      this.#sockets.delete(socket);
      for (const session of sessions.values()) session.close();
    });
    for (const outstation of this.#outstations.values()) {
      if (outstation.options.unsolicited) sessionOf(outstation, outstation.options.masterAddress)?.start();
    }
  }

  #addressed({ control, destination }: LinkFrame): Iterable<Outstation> {
    if (!control.fromMaster) return [];
    if (BROADCAST_ADDRESSES.has(destination)) return this.#outstations.values();
    const outstation = this.#outstations.get(destination);
    return outstation ? [outstation] : [];
  }
}
