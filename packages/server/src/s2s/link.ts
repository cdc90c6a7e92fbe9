import { type DomainPair, StanzaError } from '@thingward/xmpp';
import type { Stanza } from '../stanza.ts';

/** A stream as a link uses it. */
export interface Route {
  /** Can stanzas be sent at once? */
  readonly hasRoom: boolean;
  /** Carries nothing any more. */
  readonly isEnded: boolean;
  send(stanza: Stanza): void;
  /** Tells the link from now on of room and of the end. */
  readonly users: Set<RouteUser>;
}

export interface RouteUser {
  drained(): void;
  routeEnded(): void;
}

/** Room for stanzas that wait, shared by all links. */
export interface QueueLimits {
  /** Stanzas of one pair of domains. */
  readonly maxStanzas: number;
  /** Bytes of all. */
  readonly maxBytes: number;
}

/** What waits on all links. */
export class QueueTotals {
  stanzas = 0;
  bytes = 0;
}

export interface LinkOptions {
  readonly pair: DomainPair;
  readonly limits: QueueLimits;
  readonly totals: QueueTotals;
  /** Finds or makes a stream for the pair. @throws StanzaError */
  readonly connect: () => Promise<Route>;
  readonly reject: (stanza: Stanza, error: StanzaError) => void;
  /** Nothing waits and there is no stream. */
  readonly idle: () => void;
}

/**
 * The way of stanzas from one domain to another, in order. They wait while there is no stream, or while it is full; when there
 * is none to be had, or no room to wait, they go back to their senders.
 */
export class Link implements RouteUser {
  readonly #options: LinkOptions;
  #queue: Stanza[] = [];
  #route: Route | undefined;
  #connecting = false;

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  send(stanza: Stanza): void {
    if (this.#route?.hasRoom && this.#queue.length === 0) this.#route.send(stanza);
    else if (this.#wait(stanza) && !this.#route) void this.#connect();
  }

  drained(): void {
    const route = this.#route;
    if (!route) return;
    let sent = 0;
    while (sent < this.#queue.length && route.hasRoom) route.send(this.#queue[sent++] as Stanza);
    this.#forget(this.#queue.splice(0, sent));
  }

  routeEnded(): void {
    this.#route = undefined;
    if (this.#queue.length > 0) void this.#connect();
    else this.#options.idle();
  }

  #wait(stanza: Stanza): boolean {
    const { limits, totals, pair, reject } = this.#options;
    if (this.#queue.length >= limits.maxStanzas || totals.bytes + stanza.size > limits.maxBytes) {
      reject(stanza, new StanzaError('resource-constraint', `too much waits for ${pair.to}`));
      return false;
    }
    stanza.compact();
    totals.stanzas++;
    totals.bytes += stanza.size;
    this.#queue.push(stanza);
    return true;
  }

  #forget(stanzas: readonly Stanza[]): void {
    const { totals } = this.#options;
    totals.stanzas -= stanzas.length;
    for (const { size } of stanzas) totals.bytes -= size;
  }

  async #connect(): Promise<void> {
    if (this.#connecting) return;
    this.#connecting = true;
    try {
      const route = await this.#options.connect();
      // Granted and closed in one breath.
      if (route.isEnded) throw new StanzaError('remote-server-timeout', 'the other server closes the stream at once');
      this.#route = route;
      route.users.add(this);
      this.drained();
    } catch (error) {
      this.#giveUp(error as StanzaError);
    } finally {
      this.#connecting = false;
    }
  }

  #giveUp(error: StanzaError): void {
    const stanzas = this.#queue;
    this.#queue = [];
    this.#forget(stanzas);
    for (const stanza of stanzas) this.#options.reject(stanza, error);
    this.#options.idle();
  }
}
