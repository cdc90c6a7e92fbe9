import { type Jid, StanzaError, type Unsubscribe, type XmppPeer } from '@thingward/xmpp';
import { decodingRequest } from '../thing/payload.ts';
import type { ReadoutId } from './codec.ts';
import { decodeFlow, READOUT_FLOW_NAMESPACE } from './flow-codec.ts';

/** Resolves when what has arrived in a read-out has been read. */
type Drained = () => Promise<void>;

/** The read-outs of one peer that are under way, by Thing and number. */
interface Answering {
  readonly readouts: Map<string, Drained>;
  readonly stop: Unsubscribe;
}

const answering = new WeakMap<XmppPeer, Answering>();

/**
 * Tells a Thing that asks when what it sent has been read, so that it sends no faster than that. However many read-outs a peer has
 * under way, they share the one handler it may have.
 */
export function answerFlow(peer: XmppPeer, thing: Jid, seqnr: ReadoutId, drained: Drained): Unsubscribe {
  const { readouts, stop } = answering.get(peer) ?? begin(peer);
  const key = keyOf(thing, seqnr);
  readouts.set(key, drained);
  return () => {
    readouts.delete(key);
    if (readouts.size > 0 || answering.get(peer)?.readouts !== readouts) return;
    answering.delete(peer);
    stop();
  };
}

function begin(peer: XmppPeer): Answering {
  const readouts = new Map<string, Drained>();
  const stop = peer.onIq('get', { name: 'flow', namespace: READOUT_FLOW_NAMESPACE }, async ({ payload, from }) => {
    const drained = readouts.get(
      keyOf(
        from,
        decodingRequest(() => decodeFlow(payload)),
      ),
    );
    if (!drained) throw new StanzaError('item-not-found', 'there is no such read-out');
    await drained();
    return undefined;
  });
  const begun = { readouts, stop };
  answering.set(peer, begun);
  return begun;
}

/** A read-out asked for at the bare address is answered by some resource. */
function keyOf(thing: Jid, seqnr: ReadoutId): string {
  return JSON.stringify([String(seqnr), thing.bare.toString()]);
}
