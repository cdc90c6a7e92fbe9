import type { Element } from '@thingward/xml';
import {
  decodeNodeEvent,
  type Jid,
  type NodeAddress,
  type NodeEvent,
  type NodeItem,
  type NodeSubscription,
  PeerError,
  PUBSUB_EVENT,
  retrieveItems,
  StanzaError,
  subscribeToNode,
  unsubscribeFromNode,
  type XmppPeer,
} from '@thingward/xmpp';
import { decodeReadoutMessage } from '../sensor-data/codec.ts';
import type { Field } from '../sensor-data/field.ts';
import { Inbox } from '../sensor-data/inbox.ts';
import { pause } from '../thing/pause.ts';
import { PayloadError } from '../thing/payload.ts';
import { formatItemId, type ItemNumber } from './item-number.ts';
import { Position } from './position.ts';

/** What a subscriber learns from a node. */
export type PublishedNews =
  | {
      readonly kind: 'fields';
      readonly fields: readonly Field[];
      readonly id: string | undefined;
      /** Undefined for an item that is not counted. */
      readonly number: ItemNumber | undefined;
    }
  /** Items that were published and can't be had any more. `missing` undefined: nobody knows how many, the Thing has lost count. */
  | { readonly kind: 'gap'; readonly missing: number | undefined };

export interface FollowOptions {
  readonly signal?: AbortSignal | undefined;
  /** The address to subscribe: one of one's own. The full JID when not given. */
  readonly jid?: Jid | undefined;
  /** Items that the node keeps to begin with; 1 when not given: the last value. */
  readonly retained?: number | undefined;
  /** Items missed in a row that are asked for; 1,000 when not given. */
  readonly maxFill?: number | undefined;
  /** For answers to requests; 30,000 ms when not given. */
  readonly timeoutMs?: number | undefined;
  /** How long to wait between attempts to subscribe again, doubled with each. 1,000 up to 60,000 ms when not given. */
  readonly backOffMs?: { readonly first: number; readonly max: number } | undefined;
  /** Told what went wrong without ending it. */
  readonly onTrouble?: ((trouble: FollowTrouble) => void) | undefined;
}

export type FollowTrouble =
  /** It waits for the owner of the node to approve. */
  | { readonly kind: 'pending' }
  | { readonly kind: 'lost'; readonly reason: string }
  | { readonly kind: 'malformed'; readonly id: string | undefined; readonly reason: string };

/** There will be no more: the subscription was ended by the other side, or the node is gone. */
export class PublicationEndedError extends Error {
  override readonly name = 'PublicationEndedError';
  readonly code: 'access-ended' | 'node-deleted';

  constructor(code: PublicationEndedError['code'], { service, node }: NodeAddress) {
    super(
      code === 'access-ended'
        ? `the subscription to ${node} at ${service} was ended`
        : `${node} at ${service} was deleted`,
    );
    this.code = code;
  }
}

type Arrival = { readonly kind: 'event'; readonly event: NodeEvent } | { readonly kind: 'online' };

const MAX_WAITING = 5000;
const SILENCE_MS = 3_600_000;
/** Items asked for at once. */
const FILL_STEP = 50;

/**
 * Subscribes to a node of sensor data and gives what is published, in order and once each: first the last value, then what is new. What
 * was missed is asked for, and what can't be had is told as a gap. Goes on through lost connections; leaving the loop early unsubscribes.
 * @throws StanzaError when the service refuses, PublicationEndedError, PeerError when the first subscription can't be sent; the signal's reason
 * @see docs/publish-subscribe.md §8
 */
export async function* followPublication(
  peer: XmppPeer,
  address: NodeAddress,
  options: FollowOptions = {},
): AsyncGenerator<PublishedNews, void, undefined> {
  const { signal, timeoutMs = 30_000, retained = 1, maxFill = 1000 } = options;
  const { backOffMs = { first: 1000, max: 60_000 } } = options;
  signal?.throwIfAborted();
  const inbox = new Inbox<Arrival>(MAX_WAITING);
  const position = new Position();
  const subscriber = () => options.jid ?? peer.jid;
  const request = { timeoutMs, signal };
  let subscription: NodeSubscription | undefined;
  let isToSubscribe = true;
  const stops = [
    peer.onMessage({ name: 'event', namespace: PUBSUB_EVENT }, ({ from, type }, payload) => {
      if (type === 'error' || !from.equals(address.service)) return;
      const event = eventOf(payload);
      if (event?.node === address.node) inbox.push({ kind: 'event', event });
    }),
    peer.onOnline((isResumed) => {
      if (subscription && !isResumed) inbox.push({ kind: 'online' });
    }),
  ];
  try {
    for (let failures = 0; ; ) {
      try {
        if (isToSubscribe) {
          const isFirst = subscription === undefined;
          subscription = await subscribeToNode(peer, address, subscriber(), request);
          isToSubscribe = false;
          if (subscription.state === 'pending') options.onTrouble?.({ kind: 'pending' });
          else yield* stored(isFirst ? retained : 1);
        }
        yield* news(await nextArrival(inbox, signal));
        failures = 0;
      } catch (error) {
        signal?.throwIfAborted();
        if (!subscription || !isPassing(error)) throw error;
        // What was not given yet is missed, and asked for with the next item.
        isToSubscribe = true;
        options.onTrouble?.({ kind: 'lost', reason: error.message });
        await pause(Math.min(backOffMs.max, backOffMs.first * 2 ** Math.min(failures++, 20)), signal);
        signal?.throwIfAborted();
      }
    }
  } finally {
    for (const stop of stops) stop();
    if (subscription) leave(peer, address, subscription, timeoutMs);
  }

  async function* news(arrival: Arrival): AsyncGenerator<PublishedNews> {
    if (arrival.kind === 'online') {
      isToSubscribe = true;
      options.onTrouble?.({ kind: 'lost', reason: 'there is a new connection' });
      return;
    }
    const { event } = arrival;
    if (event.kind === 'items') yield* items(event.items);
    if (event.kind === 'deleted') throw ended('node-deleted');
    if (event.kind !== 'subscription' || (event.jid && !event.jid.equals(subscription?.jid))) return;
    if (event.state === 'none') throw ended('access-ended');
    if (event.state === 'subscribed') yield* stored(retained);
  }

  function ended(code: PublicationEndedError['code']): PublicationEndedError {
    subscription = undefined;
    return new PublicationEndedError(code, address);
  }

  /** What the node keeps: the newest. A service that keeps nothing has no last value. */
  async function* stored(count: number): AsyncGenerator<PublishedNews> {
    if (count <= 0) return;
    try {
      yield* items(Position.inOrder(await retrieveItems(peer, address, { newest: count }, request)));
    } catch (error) {
      if (!isUnavailable(error)) throw error;
    }
  }

  async function* items(arrived: readonly NodeItem[]): AsyncGenerator<PublishedNews> {
    for (const item of arrived) {
      const before = position.before(item.id);
      if (before === 'again') continue;
      if (before === 'anew') yield { kind: 'gap', missing: undefined };
      if (typeof before === 'object') yield* missed(before.epoch, before.from, before.to);
      yield* one(item);
    }
  }

  function* one(item: NodeItem): Generator<PublishedNews> {
    const number = position.reached(item.id);
    const fields = fieldsOf(item);
    if (fields === undefined) return;
    const fresh = number ? fields : position.fresh(fields);
    if (fresh.length > 0) yield { kind: 'fields', fields: fresh, id: item.id, number };
  }

  /** What lies between what has come and what has come now. */
  async function* missed(epoch: string, from: number, to: number): AsyncGenerator<PublishedNews> {
    let lost = Math.max(0, to - from + 1 - maxFill);
    for (let start = from + lost; start <= to; start += FILL_STEP) {
      const end = Math.min(to, start + FILL_STEP - 1);
      const ids = Array.from({ length: end - start + 1 }, (_, i) => formatItemId({ epoch, number: start + i }));
      const found = new Map((await kept(ids)).map((item) => [item.id, item]));
      for (const id of ids) {
        const item = found.get(id);
        if (!item) {
          lost++;
          continue;
        }
        if (lost > 0) yield { kind: 'gap', missing: lost };
        lost = 0;
        yield* one(item);
      }
    }
    if (lost > 0) yield { kind: 'gap', missing: lost };
  }

  async function kept(ids: readonly string[]): Promise<readonly NodeItem[]> {
    try {
      return await retrieveItems(peer, address, { ids }, request);
    } catch (error) {
      if (isUnavailable(error)) return [];
      throw error;
    }
  }

  function fieldsOf({ id, payload }: NodeItem): readonly Field[] | undefined {
    try {
      const content = payload && decodeReadoutMessage(payload);
      if (content?.kind === 'fields') return content.fields;
      options.onTrouble?.({ kind: 'malformed', id, reason: 'the item holds no fields' });
    } catch (error) {
      if (!(error instanceof PayloadError)) throw error;
      options.onTrouble?.({ kind: 'malformed', id, reason: error.message });
    }
    return undefined;
  }
}

function eventOf(payload: Element): NodeEvent | undefined {
  try {
    return decodeNodeEvent(payload);
  } catch (error) {
    // Nobody waits for an answer to a notification.
    if (error instanceof StanzaError) return undefined;
    throw error;
  }
}

async function nextArrival(inbox: Inbox<Arrival>, signal: AbortSignal | undefined): Promise<Arrival> {
  for (;;) {
    try {
      return await inbox.take(SILENCE_MS, signal);
    } catch (error) {
      const isSilence = error instanceof StanzaError && error.condition === 'remote-server-timeout';
      if (!isSilence) throw error;
    }
  }
}

/** Is it an error that may be over in a while? */
function isPassing(error: unknown): error is Error {
  if (error instanceof PeerError) return error.code !== 'closed';
  return error instanceof StanzaError && error.type === 'wait';
}

/** The service keeps no items, or not these. */
function isUnavailable(error: unknown): boolean {
  return error instanceof StanzaError && ['feature-not-implemented', 'item-not-found'].includes(error.condition);
}

/** Nobody listens any more, so that the answer is not waited for. */
function leave(peer: XmppPeer, address: NodeAddress, subscription: NodeSubscription, timeoutMs: number): void {
  unsubscribeFromNode(peer, address, subscription, { timeoutMs }).catch(() => undefined);
}
