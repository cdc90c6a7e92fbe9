import type { Element } from '@thingward/xml';
import type { Jid, StreamError } from '@thingward/xmpp';
import type { SessionPace } from './session-pace.ts';
import type { Stanza, UndeliveredStanza } from './stanza.ts';
import type { StreamManagement } from './stream-management.ts';

/** How a session reaches its client. */
export interface SessionWire {
  sendStanza(stanza: Stanza): void;
  /** Sends an element that is no stanza. */
  send(element: Element): void;
  /** Ends the stream, with an error where there is one. */
  closeStream(error?: StreamError): void;
  readonly isEncrypted: boolean;
  /** Address and port of the other side, for people. */
  readonly remote: string;
  /** What was sent and may never have arrived, in order, where the wire can tell. */
  undelivered?(): readonly UndeliveredStanza[];
}

/** A bound resource of an account. It may outlive its connection. @see XEP-0198 §5 */
export class Session {
  readonly jid: Jid;
  readonly boundAt: Date;
  /** The last presence without a type it sent; undefined while it is not available. */
  available: Stanza | undefined;
  priority = 0;
  /** Has it asked for the roster? Then it is told of changes. @see RFC 6121 §2.2 */
  wantsRoster = false;
  /** Bare or full JIDs that got its presence without a subscription. @see RFC 6121 §4.6 */
  readonly directed = new Set<string>();
  /** Asked before each stanza for the client; true when it was held back for later (XEP-0352). */
  gate: ((stanza: Stanza) => boolean) | undefined;
  /** Counts and keeps what the client has not acknowledged, where it wants that. @see XEP-0198 */
  management: StreamManagement | undefined;
  /** How fast the client may send stanzas. */
  pace: SessionPace | undefined;
  /** Called when there is no room for what the client has not acknowledged. */
  onOverflow: (() => void) | undefined;
  #wire: SessionWire | undefined;

  /** @param wire undefined where it waits to be resumed */
  constructor(jid: Jid, wire: SessionWire | undefined, boundAt = new Date()) {
    this.jid = jid;
    this.#wire = wire;
    this.boundAt = boundAt;
  }

  get localpart(): string {
    return this.jid.local as string;
  }

  /** How the client is reached; undefined while its connection is lost. */
  get wire(): SessionWire | undefined {
    return this.#wire;
  }

  /** Gives it another connection, or none. */
  attach(wire: SessionWire | undefined): void {
    this.#wire = wire;
  }

  /** To the client, unless the gate holds it back. */
  send(stanza: Stanza): void {
    if (this.gate?.(stanza)) return;
    this.sendNow(stanza);
  }

  /** To the client, whatever the gate says. */
  sendNow(stanza: Stanza): void {
    const { management } = this;
    if (management === undefined) {
      this.#wire?.sendStanza(stanza);
      return;
    }
    management.sent(stanza);
    if (this.#wire) {
      this.#wire.sendStanza(stanza);
      management.ask();
    }
    if (management.isFull) this.onOverflow?.();
  }

  /** An element that is no stanza, to the client; lost while there is no connection. */
  sendElement(element: Element): void {
    this.#wire?.send(element);
  }
}

/** The bound resources of all accounts. */
export class SessionTable {
  readonly #accounts = new Map<string, Map<string, Session>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(session: Session): void {
    const resources = this.#accounts.get(session.localpart) ?? new Map<string, Session>();
    resources.set(session.jid.resource as string, session);
    this.#accounts.set(session.localpart, resources);
    this.#size++;
  }

  /** Takes it out, unless another session has taken its place. @returns whether it was there */
  remove(session: Session): boolean {
    const resources = this.#accounts.get(session.localpart);
    if (resources?.get(session.jid.resource as string) !== session) return false;
    resources.delete(session.jid.resource as string);
    if (resources.size === 0) this.#accounts.delete(session.localpart);
    this.#size--;
    return true;
  }

  get(jid: Jid): Session | undefined {
    return this.#accounts.get(jid.local ?? '')?.get(jid.resource ?? '');
  }

  /** All resources of an account. */
  of(localpart: string): readonly Session[] {
    return [...(this.#accounts.get(localpart)?.values() ?? [])];
  }

  /** The resources of an account that have sent presence. */
  availableOf(localpart: string): readonly Session[] {
    return this.of(localpart).filter(({ available }) => available !== undefined);
  }

  all(): readonly Session[] {
    return [...this.#accounts.values()].flatMap((resources) => [...resources.values()]);
  }
}
