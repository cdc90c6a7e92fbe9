import { createServer, type Server } from 'node:http';
import { type AddressInfo, isIPv6 } from 'node:net';
import { FindingError, withoutZone } from '@thingward/xmpp/finding';

/** Neighbours that read it at the same time. */
const MAX_CONNECTIONS = 32;
const TIMEOUT_MS = 5000;

export const DESCRIPTION_PATH = '/upnp/description.xml';

/**
 * Serves the description of a UPnP device on one network interface, and nothing else. UPnP reads it over plain HTTP, which no other door of
 * this server speaks to neighbours.
 * @see UPnP Device Architecture 2.0 §2.10
 */
export class DescriptionDoor {
  readonly #server: Server;
  /** Where the description is. */
  readonly url: string;

  private constructor(server: Server, url: string) {
    this.#server = server;
    this.url = url;
  }

  /** @param port 0: any @param describe is asked each time @throws FindingError `unavailable` */
  static open(address: string, port: number, describe: () => string): Promise<DescriptionDoor> {
    const server = createServer({ requestTimeout: TIMEOUT_MS, headersTimeout: TIMEOUT_MS }, (request, response) => {
      request.resume();
      response.setHeader('connection', 'close');
      const isKnown = request.url === DESCRIPTION_PATH;
      if (!isKnown || (request.method !== 'GET' && request.method !== 'HEAD')) {
        response.writeHead(isKnown ? 405 : 404).end();
        return;
      }
      const text = describe();
      response.writeHead(200, {
        'content-type': 'text/xml; charset="utf-8"',
        'content-length': Buffer.byteLength(text),
        'content-language': 'en',
        'x-content-type-options': 'nosniff',
      });
      response.end(request.method === 'GET' ? text : undefined);
    });
    server.maxConnections = MAX_CONNECTIONS;
    return new Promise((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) => {
        reject(
          new FindingError('unavailable', `the description on ${address}:${port}: ${error.message}`, { cause: error }),
        );
      });
      server.listen({ host: address, port }, () => {
        const { port: taken } = server.address() as AddressInfo;
        // Of an address of the link alone everybody knows a zone of their own. @see UPnP Device Architecture 2.0 §A.4
        const plain = withoutZone(address);
        const host = isIPv6(plain) ? `[${plain}]` : plain;
        resolve(new DescriptionDoor(server, `http://${host}:${taken}${DESCRIPTION_PATH}`));
      });
    });
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }
}
