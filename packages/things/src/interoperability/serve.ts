import { type Jid, StanzaError, type Unsubscribe, type XmppPeer } from '@thingward/xmpp';
import { accessDenied, findThings } from '../thing/access.ts';
import { decodingRequest, type Tokens } from '../thing/payload.ts';
import type { Thing } from '../thing/thing.ts';
import { presentThings, type Things } from '../thing/thing-set.ts';
import { decodeGetInterfaces, encodeInterfaces, INTEROPERABILITY } from './codec.ts';

export interface InteroperabilityOptions {
  readonly things: Things;
  /** Names of the interfaces that a Thing has. */
  readonly interfacesOf: (thing: Thing) => readonly string[];
  /** Who may read a Thing, or some of it, may know what it is like. */
  readonly mayRead: (requester: Jid, thing: Thing, tokens: Tokens) => unknown;
}

/**
 * Answers what interfaces Things have. Without a node it is the Thing that the JID itself is; where there is none, what all those have
 * together that the requester may read.
 * @see XEP-0000: Interoperability §3.1
 */
export function serveInterfaces(peer: XmppPeer, options: InteroperabilityOptions): Unsubscribe {
  const { interfacesOf, mayRead } = options;
  return peer.onIq('get', { name: 'getInterfaces', namespace: INTEROPERABILITY }, async ({ payload, from }) => {
    const request = decodingRequest(() => decodeGetInterfaces(payload));
    const things = presentThings(options.things);
    const decisions = await Promise.all(things.map(async (thing) => mayRead(from, thing, request)));
    const allowed = things.filter((_, i) => decisions[i]);
    if (allowed.length === 0) throw accessDenied();
    const own = things.filter(({ node }) => node === undefined);
    const meant = request.node ? findThings(things, [request.node]) : own.length > 0 ? own : allowed;
    if (!meant.every((thing) => allowed.includes(thing))) throw accessDenied();
    return encodeInterfaces([...new Set(meant.flatMap(interfacesOf))]);
  });
}

/** A Thing was given an interface that there is not. */
export class InteroperabilityError extends Error {
  override readonly name = 'InteroperabilityError';
  readonly code = 'unknown-interface';
}

/** For clients of Things that speak none of this. */
export function speaksNoInterfaces(error: unknown): boolean {
  return error instanceof StanzaError && ['service-unavailable', 'feature-not-implemented'].includes(error.condition);
}
