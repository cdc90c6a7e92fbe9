import { discoInfo, findCaps, type Jid, StanzaError, type XmppPeer } from '@thingward/xmpp';
import { withinDeadline } from './deadline.ts';

/** What is remembered of those a peer talked to. The oldest are forgotten. */
const MAX_REMEMBERED = 1000;
/** A Thing that does not say what it speaks in this time is spoken to all the same. */
const ANSWER_MS = 5000;
/** For how long one that gave no answer is not asked again. */
const SILENCE_MS = 60_000;

interface Known {
  /** What the Thing said it speaks; empty when it said nothing; undefined: it has to be asked. */
  readonly features: Promise<readonly string[]> | undefined;
  /** Of its last presence. @see XEP-0115 */
  readonly caps: string | undefined;
  /** In ms since 1970. */
  until: number;
}

/** What the Things that one peer talks to speak, by full JID. */
class KnownFeatures {
  readonly #peer: XmppPeer;
  readonly #known = new Map<string, Known>();

  constructor(peer: XmppPeer) {
    this.#peer = peer;
    peer.onPresence(({ from, type, stanza }) => {
      if (type === undefined) this.#sawCaps(from.toString(), findCaps(stanza)?.ver);
      else if (type === 'unavailable') this.#known.delete(from.toString());
    });
    // What happened while there was no connection is not known.
    peer.onOnline((isResumed) => {
      if (!isResumed) this.#known.clear();
    });
  }

  featuresOf(jid: Jid, timeoutMs: number): Promise<readonly string[]> {
    const key = jid.toString();
    const before = this.#known.get(key);
    if (before?.features && before.until > Date.now()) return before.features;
    if (this.#known.size >= MAX_REMEMBERED) this.#known.delete(this.#known.keys().next().value as string);
    const features = discoInfo(this.#peer, jid, { timeoutMs: Math.min(timeoutMs, ANSWER_MS) }).then(
      (info) => info.features,
      (error: unknown) => {
        if (!(error instanceof StanzaError)) {
          this.#known.delete(key);
          throw error;
        }
        known.until = Date.now() + SILENCE_MS;
        return [];
      },
    );
    const known: Known = { features, caps: before?.caps, until: Number.POSITIVE_INFINITY };
    this.#known.set(key, known);
    return features;
  }

  /** A Thing says what it speaks with each presence, in short: other capabilities than before have to be asked for. */
  #sawCaps(key: string, caps: string | undefined): void {
    const known = this.#known.get(key);
    if (known && known.caps !== caps) this.#known.set(key, { features: undefined, caps, until: 0 });
  }
}

const NEVER = new AbortController().signal;

const knownFeatures = new WeakMap<XmppPeer, KnownFeatures>();

/**
 * The first of the dialects that a Thing says it speaks, asked by service discovery once and again when its capabilities have changed;
 * the first of all where it says nothing of them, since those who speak nothing but XEPs need not say so.
 * @throws PeerError when it can't be asked; the signal's reason
 * @see XEP-0030 §3
 */
export async function findDialect<T extends { readonly namespace: string }>(
  peer: XmppPeer,
  to: Jid,
  dialects: readonly T[],
  options: { readonly timeoutMs: number; readonly signal?: AbortSignal | undefined },
): Promise<T> {
  const { signal = NEVER, timeoutMs } = options;
  signal.throwIfAborted();
  let known = knownFeatures.get(peer);
  if (!known) {
    known = new KnownFeatures(peer);
    knownFeatures.set(peer, known);
  }
  const features = await withinDeadline(known.featuresOf(to, timeoutMs), 2 * ANSWER_MS, signal);
  return dialects.find(({ namespace }) => features.includes(namespace)) ?? (dialects[0] as T);
}
