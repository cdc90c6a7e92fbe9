import { IEEE1451_NAMESPACE, Ieee1451Error, type Sample } from '@thingward/ieee1451';
import {
  type AddressedReading,
  type ChannelAddress,
  decodeInterface,
  decodeReading,
  decodeResources,
  encodeDiscover,
  encodeInterfaceRequest,
  encodeRead,
  encodeWrite,
  type NcapResource,
  type TransducerAddress,
  type TransducerInterface,
} from '@thingward/ieee1451/mcap';
import type { Element } from '@thingward/xml';
import {
  decodeResultSetPage,
  encodeResultSetRequest,
  type Jid,
  RESULT_SET,
  type RequestOptions,
  StanzaError,
  type XmppPeer,
} from '@thingward/xmpp';

/** A write whose answer was lost. Never try it again by yourself. */
export function isOutcomeUnknown(error: unknown): boolean {
  return (
    error instanceof StanzaError && error.applications.some((one) => one.is('outcome-unknown', IEEE1451_NAMESPACE))
  );
}

/**
 * Every NCAP that the peer may see, a page at a time, in order of their UUIDs.
 * @throws StanzaError, PeerError; Ieee1451Error for an answer that can't be understood
 */
export async function* discoverNcaps(
  peer: XmppPeer,
  mcap: Jid,
  options?: RequestOptions,
): AsyncGenerator<readonly NcapResource[], void, undefined> {
  let after: string | undefined;
  for (;;) {
    const request = encodeDiscover().append(encodeResultSetRequest({ after }));
    const answer = answered(await peer.request('get', mcap, request, options));
    const ncaps = decodeResources(answer);
    if (ncaps.length > 0) yield ncaps;
    const set = answer.child('set', RESULT_SET);
    const { last, index = 0, count = 0 } = set ? decodeResultSetPage(set) : {};
    if (last === undefined || last === after || index + ncaps.length >= count) return;
    after = last;
  }
}

/** What a TIM or channel is. @throws as `discoverNcaps` */
export async function describeTransducer(
  peer: XmppPeer,
  mcap: Jid,
  address: TransducerAddress,
  options?: RequestOptions,
): Promise<TransducerInterface> {
  return decodeInterface(answered(await peer.request('get', mcap, encodeInterfaceRequest(address), options)));
}

/** @throws as `discoverNcaps` */
export async function readChannel(
  peer: XmppPeer,
  mcap: Jid,
  address: ChannelAddress,
  options?: RequestOptions,
): Promise<AddressedReading> {
  return decodeReading(answered(await peer.request('get', mcap, encodeRead(address), options)));
}

/** Sets an actuator, once. @throws StanzaError, of which `isOutcomeUnknown` says whether it may have happened all the same; PeerError */
export async function writeChannel(
  peer: XmppPeer,
  mcap: Jid,
  address: ChannelAddress,
  samples: readonly Sample[],
  options?: RequestOptions,
): Promise<void> {
  await peer.request('set', mcap, encodeWrite({ ...address, samples }), options);
}

function answered(answer: Element | undefined): Element {
  if (answer) return answer;
  throw new Ieee1451Error('malformed-xml', 'the answer of the MCAP is empty');
}
