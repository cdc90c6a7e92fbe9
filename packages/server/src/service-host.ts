import type { Element } from '@thingward/xml';
import { Jid, type Logger, PeerError, StanzaDispatcher, StanzaError } from '@thingward/xmpp';
import { FairQueue } from './fair-queue.ts';
import type { StanzaReceiver } from './handlers.ts';
import type { Limits } from './limits.ts';
import type { LoopTurns } from './loop-turns.ts';
import type { Router } from './router.ts';
import { Stanza } from './stanza.ts';

/** Stanzas that are handled at the same time: of one sender, of one other domain, of all. */
const MAX_RUNNING = 32;
const MAX_RUNNING_OF_DOMAIN = 256;
const MAX_RUNNING_IN_ALL = 10_000;
/** Those that wait: of one other domain, of all. */
const MAX_WAITING_OF_DOMAIN = 2500;
const MAX_WAITING = 10_000;

export interface ServiceHostOptions {
  readonly log: Logger;
  readonly turns: LoopTurns;
  readonly limits: Pick<Limits, 'maxPendingRequests'>;
}

/** A service that lives in this process: the same to it as a component connection would be. */
export class ServiceHost extends StanzaDispatcher implements StanzaReceiver {
  readonly jid: Jid;
  readonly title: string;
  readonly isHosted = true;
  readonly #router: Router;
  readonly #queue: FairQueue<Stanza>;

  constructor(domain: string, title: string, router: Router, { log, turns, limits }: ServiceHostOptions) {
    super((error) => log.error({ err: error, service: domain }, 'a service failed to handle a stanza'));
    this.jid = Jid.parse(domain);
    this.title = title;
    this.#router = router;
    this.#queue = new FairQueue({
      turns,
      run: (stanza) => this.dispatch(stanza.element),
      maxRunning: MAX_RUNNING,
      maxWaiting: () => limits.maxPendingRequests,
      maxRunningOfGroup: MAX_RUNNING_OF_DOMAIN,
      maxWaitingOfGroup: MAX_WAITING_OF_DOMAIN,
      maxRunningInAll: MAX_RUNNING_IN_ALL,
      maxInAll: MAX_WAITING,
    });
    router.addService(this);
  }

  /** Begins to receive. */
  connect(): void {
    this.becameOnline();
  }

  disconnect(): void {
    this.#router.removeService(this);
    this.becameOffline(new PeerError('closed', 'the server stops'));
  }

  receive(stanza: Stanza): void {
    // What it has asked for itself is never kept waiting: others may wait for it.
    if (stanza.kind === 'iq' && !stanza.isIqRequest()) void this.dispatch(stanza.element);
    else if (!this.#queue.add(stanza.from.bare.toString(), stanza, this.#groupOf(stanza.from))) {
      this.#router.reject(stanza, new StanzaError('resource-constraint', `too much waits for ${this.jid}`));
    }
  }

  /** Accounts are made here; of addresses at another domain there may be any number. */
  #groupOf({ bare, domain }: Jid): string {
    return domain === this.#router.domain.domain ? bare.toString() : domain;
  }

  /** The content is written once for all of them. */
  override sendEach(element: Element, recipients: Iterable<Jid>): void {
    const complete = this.completed(element);
    const from = this.#sender(complete);
    const router = this.#router;
    queueMicrotask(() => {
      for (const stanza of Stanza.copies(complete, from, recipients)) void router.fromService(stanza);
    });
  }

  protected override transmit(element: Element): void {
    const from = this.#sender(element);
    const to = Jid.tryParse(element.attribute('to'));
    if (!to) throw new Error('a service must say whom it speaks to');
    const stanza = Stanza.made(element, from, to);
    // Not at once: a service that answers while it is being called would recurse through the router.
    queueMicrotask(() => void this.#router.fromService(stanza));
  }

  #sender(element: Element): Jid {
    const from = Jid.tryParse(element.attribute('from')) ?? this.jid;
    if (from.domain !== this.jid.domain) throw new Error(`${this.jid} may not speak as ${from}`);
    return from;
  }
}
