import type { ListenAddress } from '../listeners/listen.ts';
import type { Tls } from '../tls.ts';
import type { HttpServer } from './http-server.ts';

/** The port of HTTP. It may move while those it serves go on. */
export class HttpDoor {
  readonly #open: (address: ListenAddress, tls: Tls) => Promise<HttpServer>;
  #current: HttpServer | undefined;
  /** They have moved elsewhere, and still serve those that were there. */
  readonly #retired: HttpServer[] = [];

  constructor(open: (address: ListenAddress, tls: Tls) => Promise<HttpServer>) {
    this.#open = open;
  }

  get url(): string | undefined {
    return this.#current?.url;
  }

  /**
   * Opens it, closes it (undefined), or moves it to another address. When that fails it stays where it was.
   * @param tls what it has from now on; `former` is what it had
   * @throws ListenError
   */
  async move(wanted: ListenAddress | undefined, tls: Tls, former = tls): Promise<void> {
    const before = this.#current;
    if (before?.address.host === wanted?.host && before?.address.port === wanted?.port) return;
    const isSamePort = before !== undefined && before.address.port === wanted?.port && wanted.port !== 0;
    if (isSamePort) before.retire();
    try {
      this.#current = wanted && (await this.#open(wanted, tls));
    } catch (error) {
      if (isSamePort) this.#current = await this.#open(before.address, former);
      throw error;
    } finally {
      if (before && this.#current !== before) this.#retired.push(before);
    }
    if (!isSamePort) before?.retire();
  }

  /** The settings have changed, or the certificate, which is for connections to come. */
  configure(tls: Tls): void {
    this.#current?.configure(tls);
  }

  /** Takes no new connections. Those that are there go on. */
  retire(): void {
    this.#current?.retire();
  }

  async close(): Promise<void> {
    for (const http of [this.#current, ...this.#retired]) await http?.close();
  }
}
