import type { Element } from '@thingward/xml';
import { Jid, type Logger, PeerError, StanzaDispatcher } from '@thingward/xmpp';
import type { StanzaReceiver } from './handlers.ts';
import type { Router } from './router.ts';
import { Stanza } from './stanza.ts';

/** A service that lives in this process: the same to it as a component connection would be. */
export class ServiceHost extends StanzaDispatcher implements StanzaReceiver {
  readonly jid: Jid;
  readonly title: string;
  readonly #router: Router;

  constructor(domain: string, title: string, router: Router, log: Logger) {
    super((error) => log.error({ err: error, service: domain }, 'a service failed to handle a stanza'));
    this.jid = Jid.parse(domain);
    this.title = title;
    this.#router = router;
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
    this.dispatch(stanza.element);
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
