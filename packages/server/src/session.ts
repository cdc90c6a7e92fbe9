import type { Element } from '@thingward/xml';
import type { Jid, StreamError } from '@thingward/xmpp';
import type { StanzaCounts } from './figures/stanza-counts.ts';
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
  /** May the session give and take data past the router? @see openDirectPaths */
  direct?(session: Session, may: { readonly gives: boolean; readonly takes: boolean }): void;
  /** What was sent and may never have arrived, in order, where the wire can tell. */
  undelivered?(): readonly UndeliveredStanza[];
  /** Bytes that wait for the other side to read, where the wire can tell. */
  readonly unsentBytes?: number;
}

/** Who is at the other end of a session, beyond its address. */
export interface SessionClient {
  /** UUID of the installation. @see XEP-0388 §2.3 */
  readonly userAgentId?: string | undefined;
  /** Nobody can authenticate as the account again. @see XEP-0175 */
  readonly isTemporary?: boolean;
  /** Now, where it is not said. */
  readonly boundAt?: Date;
}

/** Stanzas that may wait until a session begins. */
const MAX_HELD = 1000;

/** A bound resource of an account. It may outlive its connection. @see XEP-0198 §5 */
export class Session {
  readonly jid: Jid;
  readonly boundAt: Date;
  /** The last presence without a type it sent; undefined while it is not available. */
  available: Stanza | undefined;
  priority = 0;
  /** Stanzas its client has sent. */
  received = 0;
  /** Has it asked for the roster? Then it is told of changes. @see RFC 6121 §2.2 */
  wantsRoster = false;
  /** Bare or full JIDs that got its presence without a subscription. @see RFC 6121 §4.6 */
  readonly directed = new Set<string>();
  /** Called when there is another wire, gate or management, or when it begins. */
  onPathChange: (() => void) | undefined;
  /** Called when there is no room for what waits for its client. */
  onOverflow: (() => void) | undefined;
  /** How fast the client may send stanzas. */
  pace: SessionPace | undefined;
  /** SASL mechanism its client has authenticated with last; undefined before it has since the server started. */
  mechanism: string | undefined;
  /** Does its client read the archive, so that it needs no stored messages that are there? @see XEP-0386 §3.2 */
  readsArchive = false;
  /** UUID of its installation; undefined when the client keeps it to itself. */
  readonly userAgentId: string | undefined;
  /** Can nobody come back to it? */
  readonly isTemporary: boolean;
  #gate: ((stanza: Stanza) => boolean) | undefined;
  #management: StreamManagement | undefined;
  readonly #sent: StanzaCounts;
  #wire: SessionWire | undefined;
  /** Stanzas that came before it began. */
  #held: Stanza[] | undefined;

  /** @param wire undefined where it waits to be resumed @param sent counts what is sent to clients */
  constructor(
    jid: Jid,
    wire: SessionWire | undefined,
    sent: StanzaCounts,
    { userAgentId, isTemporary = false, boundAt = new Date() }: SessionClient = {},
  ) {
    this.jid = jid;
    this.#sent = sent;
    this.#wire = wire;
    this.userAgentId = userAgentId;
    this.isTemporary = isTemporary;
    this.boundAt = boundAt;
  }

  get localpart(): string {
    return this.jid.local as string;
  }

  /** Asked before each stanza for the client; true when it was held back for later (XEP-0352). */
  get gate(): ((stanza: Stanza) => boolean) | undefined {
    return this.#gate;
  }

  set gate(gate: ((stanza: Stanza) => boolean) | undefined) {
    this.#gate = gate;
    this.onPathChange?.();
  }

  /** Counts and keeps what the client has not acknowledged, where it wants that. @see XEP-0198 */
  get management(): StreamManagement | undefined {
    return this.#management;
  }

  set management(management: StreamManagement) {
    this.#management = management;
    this.onPathChange?.();
  }

  /** How the client is reached; undefined while its connection is lost. */
  get wire(): SessionWire | undefined {
    return this.#wire;
  }

  /** Gives it another connection, or none. */
  attach(wire: SessionWire | undefined): void {
    this.#wire = wire;
    this.onPathChange?.();
  }

  /** Keeps stanzas until it begins: its client has not been told of it yet. */
  hold(): void {
    this.#held ??= [];
    this.onPathChange?.();
  }

  /** Gives the client what came meanwhile. */
  begin(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const stanza of held) this.send(stanza);
    this.onPathChange?.();
  }

  /** Does it keep what is for its client until it begins? */
  get isHeld(): boolean {
    return this.#held !== undefined;
  }

  /** To the client, unless the gate holds it back. */
  send(stanza: Stanza): void {
    if (this.#held) {
      this.#held.push(stanza);
      if (this.#held.length > MAX_HELD) this.onOverflow?.();
      return;
    }
    if (this.#gate?.(stanza)) return;
    this.sendNow(stanza);
  }

  /** To the client, whatever the gate says. */
  sendNow(stanza: Stanza): void {
    const management = this.#management;
    this.#sent.count(stanza.kind);
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

  /** What waits for clients. */
  waiting(): { readonly unsentBytes: number; readonly unacknowledgedStanzas: number } {
    let [unsentBytes, unacknowledgedStanzas] = [0, 0];
    for (const { wire, management } of this.all()) {
      unsentBytes += wire?.unsentBytes ?? 0;
      unacknowledgedStanzas += management?.queueLength ?? 0;
    }
    return { unsentBytes, unacknowledgedStanzas };
  }

  all(): readonly Session[] {
    return [...this.#accounts.values()].flatMap((resources) => [...resources.values()]);
  }
}
