import { TcpLinkListener } from './tcp-link.ts';
import type { Tim } from './tim.ts';
import { TimEnd } from './tim-end.ts';

export interface TimServerOptions {
  /** NCAPs at the same time; 8 when not given. Further ones are closed at once. */
  readonly maxConnections?: number;
}

/** A TCP port behind which there is a TIM. */
export class TimServer {
  readonly #listener: TcpLinkListener;

  constructor(tim: Tim, { maxConnections = 8 }: TimServerOptions = {}) {
    this.#listener = new TcpLinkListener(maxConnections);
    this.#listener.on('link', (link) => new TimEnd({ tim, uuid: tim.uuid, link }));
  }

  /** @returns the port, chosen by the system when 0 was given. Rejects with the system's error when it can't listen */
  listen(port: number, host = '127.0.0.1'): Promise<number> {
    return this.#listener.listen(port, host);
  }

  close(): Promise<void> {
    return this.#listener.close();
  }
}
