import { type Jid, PeerError, StanzaError, type Unsubscribe, type XmppPeer } from '@thingward/xmpp';
import { nodeKey } from '../thing/node.ts';
import { pause } from '../thing/pause.ts';
import { PayloadError } from '../thing/payload.ts';
import {
  type DocumentChange,
  decodeDocumentChange,
  decodeFollowing,
  encodeFollow,
  encodeUnfollow,
  type FollowedThing,
} from './codec.ts';
import { BROKER } from './document.ts';

export interface FollowDocumentsOptions {
  /** Something has changed. */
  readonly onChange: (change: DocumentChange) => void;
  /** Changes are told from now on. What happened before was missed: called after each new connection, and each time it was renewed. */
  readonly onFollowing?: (() => void) | undefined;
  /** It can't be followed now, and is tried again. Told once until it can. */
  readonly onTrouble?: ((error: Error) => void) | undefined;
  /** Waits between attempts, doubled with each: 1,000 up to 60,000 ms when not given. */
  readonly backOffMs?: { readonly first: number; readonly max: number } | undefined;
  readonly timeoutMs?: number | undefined;
  readonly clock?: (() => Date) | undefined;
}

const LEAST_RENEWAL_MS = 1000;
const LONGEST_RENEWAL_MS = 6 * 3_600_000;

/**
 * Hears of changes of what a broker keeps about a Thing, for as long as the peer is connected, and again with each new connection.
 * @returns ends it, and tells the broker so as far as that is possible
 */
export function followDocuments(
  peer: XmppPeer,
  broker: Jid,
  followed: FollowedThing,
  options: FollowDocumentsOptions,
): Unsubscribe {
  const { backOffMs = { first: 1000, max: 60_000 }, clock = () => new Date(), timeoutMs } = options;
  let running: AbortController | undefined;
  const key = nodeKey(followed.node);
  const isAbout = ({ thing, node }: FollowedThing) => thing.bare.equals(followed.thing.bare) && nodeKey(node) === key;

  const follow = async (signal: AbortSignal) => {
    let isTold = false;
    for (let failures = 0; !signal.aborted; ) {
      let waitMs: number;
      try {
        const answer = await peer.request('set', broker, encodeFollow(followed), { signal, timeoutMs });
        const until = answer ? decodeFollowing(answer).getTime() : 0;
        failures = 0;
        isTold = false;
        // What was told in the middle of being renewed is told twice; nothing is missed.
        waitMs = Math.min(LONGEST_RENEWAL_MS, Math.max(LEAST_RENEWAL_MS, (until - clock().getTime()) / 2));
        options.onFollowing?.();
      } catch (error) {
        // The next connection begins anew.
        if (signal.aborted || error instanceof PeerError) return;
        if (!(error instanceof StanzaError || error instanceof PayloadError)) throw error;
        if (!isTold) options.onTrouble?.(error);
        isTold = true;
        waitMs = Math.min(backOffMs.max, backOffMs.first * 2 ** Math.min(failures++, 20)) * (0.5 + Math.random() / 2);
      }
      await pause(waitMs, signal);
    }
  };
  const stops = [
    peer.onMessage({ namespace: BROKER }, ({ from, type }, payload) => {
      if (type === 'error' || !from.bare.equals(broker.bare)) return;
      const change = changeOf(payload);
      if (change && isAbout(change.document)) options.onChange(change);
    }),
    peer.onOnline((isResumed) => {
      if (isResumed && running) return;
      running?.abort(new Error('there is a new connection'));
      running = new AbortController();
      void follow(running.signal).catch((error: unknown) => options.onTrouble?.(error as Error));
    }),
  ];
  return () => {
    for (const stop of stops) stop();
    if (!running) return;
    running.abort(new Error('not followed any more'));
    // Nobody waits for the answer.
    peer.request('set', broker, encodeUnfollow(followed), { timeoutMs }).catch(() => undefined);
  };
}

/** Undefined for what is no change: nobody waits for an answer to what was told. */
function changeOf(payload: Parameters<typeof decodeDocumentChange>[0]): DocumentChange | undefined {
  try {
    return decodeDocumentChange(payload);
  } catch (error) {
    if (error instanceof PayloadError) return undefined;
    throw error;
  }
}
