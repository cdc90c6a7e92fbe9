import type { Sample } from '@thingward/ieee1451';
import { encodeReadings, type HistoryRequest, type Reading } from '@thingward/ieee1451/mcap';
import {
  decodeStoredFieldsPage,
  encodeStoredFieldsQuery,
  type Field,
  type NodeReference,
  PayloadError,
} from '@thingward/things';
import type { Element } from '@thingward/xml';
import { encodeResultSetPage, findResultSetRequest, type Jid, StanzaError, type XmppPeer } from '@thingward/xmpp';

const TIMEOUT_MS = 10_000;

/**
 * A page of what the history service has stored of the Thing that a channel is: it may ask for its own. The `after` of a page is
 * the `last` of the one before; a page without `last` is the last one.
 * @throws StanzaError
 */
export async function readChannelHistory(
  peer: XmppPeer,
  history: Jid,
  node: NodeReference,
  request: HistoryRequest,
  payload: Element,
): Promise<Element> {
  const { max, after, before, index } = findResultSetRequest(payload) ?? {};
  if (before !== undefined || index !== undefined) {
    throw new StanzaError('feature-not-implemented', 'pages of a history are asked for by after');
  }
  if (max === 0) throw new StanzaError('feature-not-implemented', 'how many readings there are is not known');
  const query = {
    thing: peer.jid.bare,
    node,
    names: [],
    from: request.from,
    to: request.to,
    maxFields: max,
    after,
  };
  const answer = await peer.request('get', history, encodeStoredFieldsQuery(query), { timeoutMs: TIMEOUT_MS });
  const { fields, next } = page(answer);
  const readings = fields.flatMap(readingOf);
  const { ncap, tim, channel } = request;
  return encodeReadings({ ncap, tim, channel, readings }).append(encodeResultSetPage({ last: next }));
}

function page(answer: Element | undefined): ReturnType<typeof decodeStoredFieldsPage> {
  try {
    if (answer) return decodeStoredFieldsPage(answer);
  } catch (error) {
    if (!(error instanceof PayloadError)) throw error;
  }
  throw new StanzaError('internal-server-error', 'the answer of the history service can’t be understood');
}

/** What of a field is a sample: numbers, and octets in hexadecimal; not what only says how the device is. */
function readingOf({ timestamp: time, types, value }: Field): readonly Reading[] {
  if (!types.includes('momentary')) return [];
  const sample = sampleOf(value);
  if (sample === undefined) return [];
  const unit = value.type === 'numeric' && value.unit !== '' ? { unit: value.unit } : {};
  return [{ time, ...unit, samples: [sample] }];
}

function sampleOf(value: Field['value']): Sample | undefined {
  switch (value.type) {
    case 'numeric':
    case 'int':
    case 'long':
      return Number(value.value);
    case 'boolean':
      return value.value ? 1 : 0;
    case 'string':
      return /^([0-9a-f]{2})+$/i.test(value.value) ? value.value : undefined;
    default:
      return undefined;
  }
}
