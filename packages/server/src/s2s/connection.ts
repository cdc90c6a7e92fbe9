import type { Frame } from '@thingward/xml';
import { type DialbackOutcome, type DomainPair, type Jid, type Logger, StanzaError } from '@thingward/xmpp';
import type { LoopTurns } from '../loop-turns.ts';
import type { Router } from '../router.ts';
import { Stanza } from '../stanza.ts';
import type { Route, RouteUser } from './link.ts';
import type { OwnerAction, S2sStream, StreamOwner } from './stream.ts';

/** What the connections of both directions need. */
export interface ConnectionServices {
  readonly router: Router;
  readonly log: Logger;
  readonly turns: LoopTurns;
  /** Asks the authoritative server of `pair.from` whether the key is its own. */
  readonly check: (pair: DomainPair, id: string, key: string) => Promise<DialbackOutcome>;
  /** Stanzas for this pair can be sent back on a connection that was taken. @see XEP-0288 */
  readonly offer: (pair: DomainPair, route: S2sConnection) => void;
  readonly ended: (connection: S2sConnection) => void;
}

/** A connection with another server, whoever has opened it. */
export abstract class S2sConnection implements StreamOwner, Route {
  readonly users = new Set<RouteUser>();
  protected readonly services: ConnectionServices;
  protected abstract readonly stream: S2sStream;
  readonly #accepted = new Set<string>();
  #ended = false;

  constructor(services: ConnectionServices) {
    this.services = services;
  }

  get hasRoom(): boolean {
    return this.stream.hasRoom;
  }

  /** Carries nothing to the other side any more. */
  get isEnded(): boolean {
    return this.#ended;
  }

  /** Domains of the other side that there is traffic with on it. */
  get domains(): readonly string[] {
    return [...this.#accepted];
  }

  /** When a byte was last sent or taken, in milliseconds since 1970. */
  get lastActivity(): number {
    return this.stream.lastActivity;
  }

  send(stanza: Stanza): void {
    this.stream.send(stanza);
  }

  /** Ends it orderly. Resolves when the connection is gone. */
  finish(): Promise<void> {
    this.stream.finish();
    return this.stream.closed;
  }

  destroy(): void {
    this.stream.destroy();
  }

  act(action: OwnerAction): void | Promise<void> {
    switch (action.kind) {
      case 'stanza':
        return this.#stanza(action.frame, action.from, action.to);
      case 'check':
        void this.#check(action.pair, action.id, action.key);
        return;
      case 'accepted':
        this.stream.authorized();
        this.#accepted.add(action.pair.from);
        this.services.log.debug(
          { remote: this.stream.remote, ...action.pair, method: action.method },
          'stanzas of another server are accepted',
        );
        this.accepted(action.pair);
        return;
      default:
        this.negotiated(action);
    }
  }

  drained(): void {
    for (const user of this.users) user.drained();
  }

  ended(): void {
    this.#ended = true;
    this.onEnded();
    const users = [...this.users];
    this.users.clear();
    this.services.ended(this);
    for (const user of users) user.routeEnded();
  }

  /** Stanzas for this pair are taken from now on. */
  protected abstract accepted(pair: DomainPair): void;
  protected abstract negotiated(action: Exclude<OwnerAction, { kind: 'stanza' | 'check' | 'accepted' }>): void;
  protected abstract onEnded(): void;

  #stanza(frame: Frame, from: Jid, to: Jid | undefined): void | Promise<void> {
    const { router } = this.services;
    if (to === undefined) {
      router.reject(Stanza.received(frame, from, router.domain), new StanzaError('jid-malformed'));
      return;
    }
    const stanza = Stanza.received(frame, from, to);
    if (stanza.kind === 'iq' && !stanza.isValidIq()) {
      router.reject(stanza, new StanzaError('bad-request', 'an IQ needs an id and a type, and a request a payload'));
      return;
    }
    return router.fromRemote(stanza);
  }

  async #check(pair: DomainPair, id: string, key: string): Promise<void> {
    const outcome = await this.services.check(pair, id, key);
    if (outcome !== 'valid') {
      const reason = outcome === 'invalid' ? outcome : outcome.message;
      this.services.log.warn({ remote: this.stream.remote, ...pair, reason }, 'a server could not prove its domain');
    }
    this.stream.input({ kind: 'checked', pair, outcome });
  }
}
