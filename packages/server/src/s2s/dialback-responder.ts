import { type Dialback, type DialbackOutcome, type DomainPair, encodeDialback, StanzaError } from '@thingward/xmpp';
import { inverse, type PeerCertificate, pairKey, type S2sAction } from './events.ts';

export interface ResponderPolicy {
  /** Is the domain served here? */
  readonly isLocal: (domain: string) => boolean;
  /** May there be traffic with this domain? */
  readonly isAllowed: (domain: string) => boolean;
  readonly requireTls: boolean;
  /** Does a key suffice where the certificate doesn't? */
  readonly acceptKeys: boolean;
  /** Pairs of one stream, those being checked included. */
  readonly maxPairs: number;
  /** Is the key one of ours? */
  readonly isValidKey: (pair: DomainPair, streamId: string, key: string) => boolean;
}

/** State of the stream a request came on. */
export interface RequestContext {
  readonly streamId: string;
  readonly encrypted: boolean;
  readonly certificate: PeerCertificate | undefined;
}

/**
 * Answers requests of server dialback, as receiving and as authoritative server, and knows for which pairs stanzas are taken.
 * Where the certificate proves the domain the key is not asked about (XEP-0344 §2).
 * @see XEP-0220 §2.2, §2.5
 */
export class DialbackResponder {
  readonly #policy: ResponderPolicy;
  readonly #accepted = new Set<string>();
  readonly #senders = new Set<string>();
  readonly #pending = new Set<string>();

  constructor(policy: ResponderPolicy) {
    this.#policy = policy;
  }

  /** Are stanzas taken for any pair? */
  get isAuthorized(): boolean {
    return this.#accepted.size > 0;
  }

  accepts(pair: DomainPair): boolean {
    return this.#accepted.has(pairKey(pair));
  }

  /** Is this domain the sender of any pair? */
  knows(sender: string): boolean {
    return this.#senders.has(sender);
  }

  /** Takes stanzas for this pair from now on. */
  accept(pair: DomainPair, method: 'certificate' | 'dialback'): S2sAction {
    this.#accepted.add(pairKey(pair));
    this.#senders.add(pair.from);
    return { kind: 'accepted', pair, method };
  }

  /** A request to accept a pair, or to say whether a key is ours. Answers to requests are not for it. */
  request(dialback: Dialback, context: RequestContext): readonly S2sAction[] {
    const { from, to, key } = dialback;
    if (key === undefined) return [];
    const pair = { from, to };
    return dialback.kind === 'verify' ? this.#verify(pair, dialback.id, key) : this.#result(pair, key, context);
  }

  /** The authoritative server has answered. */
  checked(pair: DomainPair, outcome: DialbackOutcome): readonly S2sAction[] {
    if (!this.#pending.delete(pairKey(pair))) return [];
    if (outcome === 'valid') return [this.accept(pair, 'dialback'), answer(pair, 'valid')];
    if (outcome !== 'invalid') return [answer(pair, outcome)];
    if (this.isAuthorized) return [answer(pair, new StanzaError('forbidden', 'the key is not valid'))];
    return [answer(pair, 'invalid'), { kind: 'close' }];
  }

  #result(pair: DomainPair, key: string, { streamId, encrypted, certificate }: RequestContext): readonly S2sAction[] {
    const { isLocal, isAllowed, requireTls, acceptKeys, maxPairs } = this.#policy;
    const refuse = (error: StanzaError) => [answer(pair, error)];
    if (!isLocal(pair.to)) return refuse(new StanzaError('item-not-found', `${pair.to} is not served here`));
    if (isLocal(pair.from)) return refuse(new StanzaError('not-acceptable', `${pair.from} is served here`));
    if (!isAllowed(pair.from)) return refuse(new StanzaError('not-allowed', `${pair.from} is not welcome here`));
    if (requireTls && !encrypted) return refuse(new StanzaError('policy-violation', 'use STARTTLS first'));
    if (this.accepts(pair)) return [answer(pair, 'valid')];
    if (this.#pending.has(pairKey(pair))) return [];
    if (this.#accepted.size + this.#pending.size >= maxPairs) {
      return refuse(new StanzaError('resource-constraint', 'too many domains on one stream'));
    }
    if (certificate?.speaksFor(pair.from)) return [this.accept(pair, 'certificate'), answer(pair, 'valid')];
    if (!acceptKeys) return refuse(new StanzaError('not-authorized', `show a certificate of ${pair.from}`));
    this.#pending.add(pairKey(pair));
    return [{ kind: 'check', pair, id: streamId, key }];
  }

  #verify(pair: DomainPair, id: string, key: string): readonly S2sAction[] {
    // The receiving server asks: the key was made for the way from this domain to its own.
    const outcome = !this.#policy.isLocal(pair.to)
      ? new StanzaError('item-not-found', `${pair.to} is not served here`)
      : this.#policy.isValidKey(inverse(pair), id, key)
        ? 'valid'
        : 'invalid';
    return [{ kind: 'send', element: encodeDialback({ kind: 'verify', ...inverse(pair), id, outcome }) }];
  }
}

function answer(pair: DomainPair, outcome: DialbackOutcome): S2sAction {
  return { kind: 'send', element: encodeDialback({ kind: 'result', ...inverse(pair), outcome }) };
}
