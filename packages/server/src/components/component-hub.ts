import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { type Logger, StreamError } from '@thingward/xmpp';
import type { Limits } from '../limits.ts';
import type { LoopTurns } from '../loop-turns.ts';
import type { Router } from '../router.ts';
import { ComponentRoute } from './component-route.ts';

/** What the configuration says of one component. */
export interface ComponentSettings {
  readonly secret: string;
  /** Connections it may have at a time. */
  readonly instances: number;
}

/** A connection as the hub knows it, authenticated or not. */
export interface HubConnection {
  /** The domain it has proved to be; empty before. */
  readonly domain: string;
  shutDown(error: StreamError): void;
}

export interface ComponentHubOptions {
  readonly router: Router;
  readonly limits: Limits;
  readonly turns: LoopTurns;
  readonly log: Logger;
}

/** The external components of a server: those that may come, and those that are there. @see XEP-0114 */
export class ComponentHub {
  readonly limits: Limits;
  readonly router: Router;
  readonly turns: LoopTurns;
  readonly log: Logger;
  #settings: ReadonlyMap<string, ComponentSettings> = new Map();
  readonly #routes = new Map<string, ComponentRoute>();
  readonly #connections = new Set<HubConnection>();

  constructor(
    settings: Readonly<Record<string, ComponentSettings>>,
    { router, limits, turns, log }: ComponentHubOptions,
  ) {
    this.turns = turns;
    this.router = router;
    this.limits = limits;
    this.log = log;
    this.configure(settings);
  }

  /**
   * Takes these components from now on. Those that are no more are sent away; what has changed of the others counts when they
   * come the next time.
   * @returns domains that are served by something else already
   */
  configure(settings: Readonly<Record<string, ComponentSettings>>): readonly string[] {
    const taken: string[] = [];
    const wanted = new Map(Object.entries(settings));
    for (const domain of wanted.keys()) {
      if (this.#routes.has(domain)) continue;
      if (this.router.hasService(domain)) {
        taken.push(domain);
        wanted.delete(domain);
        continue;
      }
      const route = new ComponentRoute(domain, this.router);
      this.#routes.set(domain, route);
      this.router.addService(route);
    }
    this.#settings = wanted;
    for (const [domain, route] of this.#routes) if (!wanted.has(domain)) this.#remove(domain, route);
    return taken;
  }

  connected(connection: HubConnection): void {
    this.#connections.add(connection);
  }

  disconnected(connection: HubConnection): void {
    this.#connections.delete(connection);
  }

  /** The way to a domain that is a component's. */
  route(domain: string): ComponentRoute | undefined {
    return this.#routes.get(domain);
  }

  /** Is there room for one more connection of the component? */
  hasRoom(domain: string): boolean {
    const { instances = 0 } = this.#settings.get(domain) ?? {};
    return (this.#routes.get(domain)?.instanceCount ?? 0) < instances;
  }

  newStreamId(): string {
    return randomBytes(16).toString('base64url');
  }

  /** Does the other side know the secret? Takes the same time whether it is nearly right or all wrong. */
  isProof(domain: string, streamId: string, proof: string): boolean {
    const secret = this.#settings.get(domain)?.secret;
    if (secret === undefined) return false;
    const expected = createHash('sha1').update(streamId).update(secret).digest();
    const given = Buffer.from(/^[0-9a-f]{40}$/.test(proof) ? proof : '', 'hex');
    return given.length === expected.length && timingSafeEqual(given, expected);
  }

  /** Ends all connections. */
  stop(error: StreamError): void {
    for (const connection of [...this.#connections]) connection.shutDown(error);
  }

  #remove(domain: string, route: ComponentRoute): void {
    this.#routes.delete(domain);
    this.router.removeService(route);
    for (const connection of [...this.#connections]) {
      if (connection.domain === domain)
        connection.shutDown(new StreamError('host-gone', `${domain} is no component any more`));
    }
  }
}
