import { randomBytes } from 'node:crypto';
import { type Element, xml } from '@thingward/xml';
import { type Jid, NS, StanzaError } from '@thingward/xmpp';
import { type Hooks, PASSES_DATA } from '../hooks.ts';
import type { Router } from '../router.ts';
import { Stanza } from '../stanza.ts';

/** Requests that wait for their answers. */
const MAX_PENDING = 1000;
const TIMEOUT_MS = 10_000;

interface Pending {
  readonly from: string;
  readonly to: string;
  settle(answer: Element | StanzaError): void;
}

/**
 * Sends requests for accounts that are not connected by XMPP, as a resource nobody else can have, and takes the answers. Who asks has
 * to have been authenticated as the account.
 */
export class AccountRequests {
  readonly #router: Router;
  readonly #resource = `api-${randomBytes(12).toString('base64url')}`;
  readonly #pending = new Map<string, Pending>();

  constructor(router: Router, hooks: Hooks) {
    this.#router = router;
    hooks.onReceiving((stanza) => (this.#take(stanza) ? 'stop' : undefined), PASSES_DATA);
  }

  /** @throws StanzaError the other side's, `remote-server-timeout`, or `resource-constraint` when too many wait */
  request(account: Jid, type: 'get' | 'set', to: Jid, payload: Element): Promise<Element | undefined> {
    if (this.#pending.size >= MAX_PENDING) {
      return Promise.reject(new StanzaError('resource-constraint', 'too many requests wait for their answers'));
    }
    const id = randomBytes(9).toString('base64url');
    const from = account.bare.withResource(this.#resource);
    return new Promise((resolve, reject) => {
      const settle = (answer: Element | StanzaError) => {
        clearTimeout(timer);
        this.#pending.delete(id);
        if (answer instanceof StanzaError) reject(answer);
        else resolve(answer.elements[0]);
      };
      const timer = setTimeout(
        () => settle(new StanzaError('remote-server-timeout', `no answer from ${to} within ${TIMEOUT_MS} ms`)),
        TIMEOUT_MS,
      );
      this.#pending.set(id, { from: from.toString(), to: to.toString(), settle });
      void this.#router.route(Stanza.made(xml('iq', { xmlns: NS.client, type, id }, payload), from, to));
    });
  }

  /** Nobody waits any more. */
  stop(): void {
    const error = new StanzaError('service-unavailable', 'the server stops');
    for (const { settle } of [...this.#pending.values()]) settle(error);
  }

  #take(stanza: Stanza): boolean {
    if (stanza.kind !== 'iq' || stanza.isIqRequest() || stanza.to?.resource !== this.#resource) return false;
    const pending = this.#pending.get(stanza.id ?? '');
    if (pending?.to !== stanza.from.toString() || pending.from !== stanza.to.toString()) return true;
    const { element } = stanza;
    pending.settle(stanza.type === 'error' ? StanzaError.fromStanza(element) : element);
    return true;
  }
}
