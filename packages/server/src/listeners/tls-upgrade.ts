import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket, type TlsOptions } from 'node:tls';
import { endpoints } from './endpoints.ts';

/** Takes connections over to TLS. @see RFC 6120 §5.4.3 */
export class TlsUpgrade {
  /** It listens nowhere. */
  readonly #server: Server;
  readonly #waiting = new Map<string, (secured: TLSSocket) => void>();

  constructor(options: TlsOptions) {
    this.#server = createServer(options, (secured) => this.#waiting.get(endpoints(secured))?.(secured));
    this.#server.on('tlsClientError', (_error, socket) => socket.destroy());
  }

  /** Waits for the handshake. @throws Error when the connection ends before its end */
  upgrade(plain: Socket): Promise<TLSSocket> {
    const key = endpoints(plain);
    return new Promise((resolve, reject) => {
      const fail = () => {
        this.#waiting.delete(key);
        reject(new Error('TLS handshake failed'));
      };
      plain.on('error', () => plain.destroy());
      plain.once('close', fail);
      this.#waiting.set(key, (secured) => {
        this.#waiting.delete(key);
        plain.off('close', fail);
        resolve(secured);
      });
      if (plain.destroyed) fail();
      else this.#server.emit('connection', plain);
    });
  }
}
