import type { Element } from '@thingward/xml';
import { Jid, PeerError, StanzaError, type XmppPeer } from '@thingward/xmpp';
import type { NodeFailure, ReadoutId } from '../sensor-data/codec.ts';
import { READOUT_DIALECTS } from '../sensor-data/dialects.ts';
import type { Field, FieldType } from '../sensor-data/field.ts';
import { Inbox } from '../sensor-data/inbox.ts';
import { isSelected } from '../sensor-data/selection.ts';
import { findDialect } from '../thing/find-dialect.ts';
import type { NodeReference } from '../thing/node.ts';
import { pause } from '../thing/pause.ts';
import type { Tokens } from '../thing/payload.ts';
import type { EventSubscription, FieldCondition } from './codec.ts';
import type { EventDialect } from './dialect.ts';
import { EVENT_DIALECTS } from './dialects.ts';
import { addDuration, type Duration } from './duration.ts';
import { PRESENT_FIELD_TYPES, selectedTypes } from './event-content.ts';

/** What to be told of, and when. */
export interface EventWish {
  /** Kinds of fields; empty or undefined: all of the present. */
  readonly types?: readonly FieldType[] | undefined;
  /** Fields wanted, with the changes that make an event; empty or undefined: all. */
  readonly fields?: readonly FieldCondition[] | undefined;
  /** Which Things behind the JID; empty or undefined: the Thing that the JID itself is. */
  readonly nodes?: readonly NodeReference[] | undefined;
  readonly maxAge?: Duration | undefined;
  readonly minInterval?: Duration | undefined;
  readonly maxInterval?: Duration | undefined;
  /** Is there to be an event at once? True when not given. */
  readonly immediate?: boolean | undefined;
  readonly tokens?: Tokens | undefined;
}

export interface EventOptions {
  readonly signal?: AbortSignal | undefined;
  /** For answers to requests; 30,000 ms when not given. */
  readonly timeoutMs?: number | undefined;
  /** How long to wait between attempts to subscribe again, doubled with each. 1,000 up to 60,000 ms when not given. */
  readonly backOffMs?: { readonly first: number; readonly max: number } | undefined;
  /** How much later than `maxInterval` an event may come before the subscription counts as lost; 10,000 ms when not given. */
  readonly marginMs?: number | undefined;
  /** How to ask; found out from what the Thing says it speaks when not given, each time anew. */
  readonly dialect?: EventDialect | undefined;
  /** Told when nodes could not be read, and when the subscription has to be made again. */
  readonly onTrouble?: ((trouble: EventTrouble) => void) | undefined;
}

/** What went wrong without ending it. */
export type EventTrouble =
  | { readonly kind: 'node'; readonly errors: readonly NodeFailure[] }
  | { readonly kind: 'lost'; readonly reason: string };

/** An event, or the need to subscribe (again). */
type Arrival =
  | { readonly kind: 'fields'; readonly fields: readonly Field[] }
  | { readonly kind: 'lost'; reason: string };

const MAX_WAITING = 1000;
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Subscribes to events of Things behind a JID and gives the fields of each message as it comes in. Goes on through lost connections,
 * restarts of the Thing and lost subscriptions by subscribing again; leaving the loop early unsubscribes.
 * @param to where the Thing is: a full JID, or a function that finds it and is asked each time it has to be found again
 * @throws StanzaError when the Thing refuses, PeerError when the first subscription can't be sent; PayloadError for a message that is
 *   malformed; the signal's reason
 * @see XEP-0000: Internet of Things - Events
 */
export async function* subscribeToEvents(
  peer: XmppPeer,
  to: Jid | ((signal: AbortSignal | undefined) => Promise<Jid>),
  wish: EventWish = {},
  options: EventOptions = {},
): AsyncGenerator<readonly Field[], void, undefined> {
  const { signal, timeoutMs = 30_000, backOffMs = { first: 1000, max: 60_000 }, marginMs = 10_000 } = options;
  signal?.throwIfAborted();
  const inbox = new Inbox<Arrival>(MAX_WAITING);
  const request = subscriptionOf(wish);
  const names = request.fields.map(({ name }) => name);
  let thing: Jid | undefined;
  let dialect = options.dialect ?? (EVENT_DIALECTS[0] as EventDialect);
  let lastSeen = Date.now();
  let isSubscribing = false;
  const lost = (reason: string) => {
    if (!isSubscribing) inbox.push({ kind: 'lost', reason });
    isSubscribing = true;
  };
  const receive = (payload: Element) => {
    lastSeen = Date.now();
    const { readout } = dialect;
    const selection = { types: readout.tellable(selectedTypes(request.types)), names };
    for (const message of readout.decodeMessages(payload)) {
      if (message.kind === 'failure') options.onTrouble?.({ kind: 'node', errors: message.errors });
      if (message.kind !== 'fields') continue;
      const fields = message.fields.filter((field) => isSelected(field, selection));
      if (fields.length > 0) inbox.push({ kind: 'fields', fields });
    }
  };
  const stops = [
    ...READOUT_DIALECTS.map(({ namespace, idAttribute }) =>
      peer.onMessage({ namespace }, (received, payload) => {
        if (received.type === 'error' || !received.from.equals(thing)) return;
        if (namespace !== dialect.readout.namespace) return;
        if (payload.attribute(idAttribute)?.trim() !== String(request.seqnr)) return;
        try {
          receive(payload);
        } catch (error) {
          inbox.fail(error);
        }
      }),
    ),
    peer.onPresence(({ from, type }) => {
      // A Thing that starts anew says that it is there, and may have forgotten.
      if (type === undefined && thing && from.bare.equals(thing.bare)) lost('the Thing came online');
    }),
    peer.onOnline(() => {
      if (thing) lost('there is a new connection');
    }),
  ];
  const subscribe = async (isFirst: boolean) => {
    for (let failures = 0; ; failures++) {
      try {
        thing = to instanceof Jid ? to : await to(signal);
        isSubscribing = false;
        dialect = options.dialect ?? (await findDialect(peer, thing, EVENT_DIALECTS, { timeoutMs, signal }));
        const payload = dialect.encodeSubscribe(isFirst ? request : { ...request, immediate: true });
        await peer.request('get', thing, payload, { timeoutMs, signal });
        lastSeen = Date.now();
        return;
      } catch (error) {
        signal?.throwIfAborted();
        if (isFirst || !isPassing(error)) throw error;
        options.onTrouble?.({ kind: 'lost', reason: error.message });
        await pause(Math.min(backOffMs.max, backOffMs.first * 2 ** Math.min(failures, 20)), signal);
        signal?.throwIfAborted();
      }
    }
  };
  let isSubscribed = false;
  try {
    await subscribe(true);
    isSubscribed = true;
    for (;;) {
      const arrival = await nextArrival(inbox, () => deadlineAfter(lastSeen, request.maxInterval, marginMs), signal);
      if (arrival.kind === 'fields') {
        yield arrival.fields;
        continue;
      }
      options.onTrouble?.({ kind: 'lost', reason: arrival.reason });
      await subscribe(false);
    }
  } finally {
    for (const stop of stops) stop();
    if (isSubscribed && thing) unsubscribe(peer, thing, dialect, request.seqnr, timeoutMs);
  }
}

function subscriptionOf({ types = [], fields = [], nodes = [], immediate = true, ...wish }: EventWish) {
  const { maxAge, minInterval, maxInterval, tokens } = wish;
  const seqnr = crypto.getRandomValues(new Int32Array(1))[0]! & 0x7fffffff;
  return {
    ...tokens,
    seqnr,
    fields,
    nodes,
    maxAge,
    minInterval,
    maxInterval,
    immediate,
    types: types.length > 0 ? types : PRESENT_FIELD_TYPES,
  } satisfies EventSubscription;
}

/** What comes next; that an event is overdue counts as a lost subscription. */
async function nextArrival(
  inbox: Inbox<Arrival>,
  deadline: () => number,
  signal: AbortSignal | undefined,
): Promise<Arrival> {
  for (;;) {
    try {
      return await inbox.take(Math.max(1, Math.min(deadline() - Date.now(), MAX_TIMER_MS)), signal);
    } catch (error) {
      const isSilence = error instanceof StanzaError && error.condition === 'remote-server-timeout';
      if (!isSilence) throw error;
      if (Date.now() >= deadline()) return { kind: 'lost', reason: 'no event came in the longest interval' };
    }
  }
}

function deadlineAfter(lastSeen: number, maxInterval: Duration | undefined, marginMs: number): number {
  return maxInterval === undefined
    ? Number.POSITIVE_INFINITY
    : addDuration(new Date(lastSeen), maxInterval).getTime() + marginMs;
}

/** Is it an error that may be over in a while? A Thing that is away is no refusal. */
function isPassing(error: unknown): error is Error {
  if (error instanceof PeerError) return error.code !== 'closed';
  return error instanceof StanzaError && (error.type === 'wait' || error.condition === 'service-unavailable');
}

/** Nobody listens any more, so that the answer is not waited for. */
function unsubscribe(peer: XmppPeer, thing: Jid, dialect: EventDialect, seqnr: ReadoutId, timeoutMs: number): void {
  peer.request('get', thing, dialect.encodeUnsubscribe(seqnr), { timeoutMs }).catch(() => undefined);
}
