import { Jid, StanzaError } from '@thingward/xmpp';
import type { StanzaReceiver } from '../handlers.ts';
import type { Router } from '../router.ts';
import type { Stanza } from '../stanza.ts';

/** Requests of components whose answers are still to come; the oldest is forgotten first. */
const MAX_OPEN_REQUESTS = 10_000;

/** One connection of a component. */
export interface ComponentInstance {
  sendStanza(stanza: Stanza): void;
}

/**
 * The way to a component's domain, whether it is there or not. Several instances share the work: all that one sender says goes
 * to the same one, so that order is kept, and an answer goes to the one that asked.
 */
export class ComponentRoute implements StanzaReceiver {
  readonly jid: Jid;
  readonly title: string;
  readonly #router: Router;
  readonly #instances: ComponentInstance[] = [];
  readonly #requests = new Map<string, ComponentInstance>();

  constructor(domain: string, router: Router) {
    this.jid = Jid.parse(domain);
    this.title = domain;
    this.#router = router;
  }

  get instanceCount(): number {
    return this.#instances.length;
  }

  add(instance: ComponentInstance): void {
    this.#instances.push(instance);
  }

  remove(instance: ComponentInstance): void {
    const at = this.#instances.indexOf(instance);
    if (at !== -1) this.#instances.splice(at, 1);
  }

  /** A component sent a stanza. */
  sent(stanza: Stanza, instance: ComponentInstance): void {
    if (this.#instances.length < 2 || !stanza.isIqRequest()) return;
    const oldest = this.#requests.size >= MAX_OPEN_REQUESTS ? this.#requests.keys().next().value : undefined;
    if (oldest !== undefined) this.#requests.delete(oldest);
    this.#requests.set(requestKey(stanza.id, stanza.to, stanza.from), instance);
  }

  receive(stanza: Stanza): void {
    const instance = this.#asker(stanza) ?? this.#instances[this.#indexFor(stanza.from)];
    if (instance) instance.sendStanza(stanza);
    else this.#router.reject(stanza, new StanzaError('remote-server-timeout', `${this.jid} is not connected`));
  }

  #asker(stanza: Stanza): ComponentInstance | undefined {
    if (this.#requests.size === 0 || stanza.kind !== 'iq' || stanza.isIqRequest()) return undefined;
    const key = requestKey(stanza.id, stanza.from, stanza.to);
    const instance = this.#requests.get(key);
    this.#requests.delete(key);
    return instance && this.#instances.includes(instance) ? instance : undefined;
  }

  #indexFor({ bare }: Jid): number {
    if (this.#instances.length < 2) return 0;
    let hash = 0;
    for (const character of bare.toString()) hash = (Math.imul(hash, 31) + (character.codePointAt(0) as number)) >>> 0;
    return hash % this.#instances.length;
  }
}

function requestKey(id: string | undefined, asked: Jid | undefined, asker: Jid | undefined): string {
  return `${id} ${asked} ${asker}`;
}
