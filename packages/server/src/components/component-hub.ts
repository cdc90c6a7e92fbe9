import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Logger } from '@thingward/xmpp';
import type { Limits } from '../limits.ts';
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
  shutDown(): void;
}

/** The external components of a server: those that may come, and those that are there. @see XEP-0114 */
export class ComponentHub {
  readonly limits: Limits;
  readonly router: Router;
  readonly log: Logger;
  readonly #settings: ReadonlyMap<string, ComponentSettings>;
  readonly #routes = new Map<string, ComponentRoute>();
  readonly #connections = new Set<HubConnection>();

  constructor(settings: Readonly<Record<string, ComponentSettings>>, router: Router, limits: Limits, log: Logger) {
    this.#settings = new Map(Object.entries(settings));
    this.router = router;
    this.limits = limits;
    this.log = log;
    for (const domain of this.#settings.keys()) {
      const route = new ComponentRoute(domain, router);
      this.#routes.set(domain, route);
      router.addService(route);
    }
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
    const { secret } = this.#settings.get(domain) as ComponentSettings;
    const expected = createHash('sha1').update(streamId).update(secret).digest();
    const given = Buffer.from(/^[0-9a-f]{40}$/.test(proof) ? proof : '', 'hex');
    return given.length === expected.length && timingSafeEqual(given, expected);
  }

  /** Ends all connections. */
  stop(): void {
    for (const connection of this.#connections) connection.shutDown();
  }
}
