import { type Element, xml } from '@thingward/xml';
import { DATA_FORM_NAMESPACE, type DataForm, decodeDataForm, encodeDataForm } from './data-form.ts';
import { Jid } from './jid.ts';
import type { IqRequest, RequestOptions, Unsubscribe, XmppPeer } from './peer.ts';
import { StanzaError } from './stanza-error.ts';

export const DISCO_INFO = 'http://jabber.org/protocol/disco#info';
export const DISCO_ITEMS = 'http://jabber.org/protocol/disco#items';

/** What an entity is. @see https://xmpp.org/registrar/disco-categories.html */
export interface DiscoIdentity {
  readonly category: string;
  readonly type: string;
  readonly name?: string | undefined;
  /** Of the name. */
  readonly language?: string | undefined;
}

/** @see XEP-0030 §3 */
export interface DiscoInfo {
  readonly identities: readonly DiscoIdentity[];
  /** Namespaces of the protocols it speaks. */
  readonly features: readonly string[];
  /** Extended information. @see XEP-0128 */
  readonly forms?: readonly DataForm[] | undefined;
}

/** @see XEP-0030 §4 */
export interface DiscoItem {
  readonly jid: Jid;
  readonly node?: string | undefined;
  readonly name?: string | undefined;
}

/** The `<query/>` of a disco#info result. The features of XEP-0030 itself are added. @see XEP-0030 §3.1 */
export function encodeDiscoInfo({ identities, features, forms = [] }: DiscoInfo, node?: string): Element {
  const all = [...new Set([DISCO_INFO, DISCO_ITEMS, ...features])].sort();
  return xml(
    'query',
    { xmlns: DISCO_INFO, node },
    identities.map(({ category, type, name, language }) =>
      xml('identity', { category, type, name, 'xml:lang': language }),
    ),
    all.map((feature) => xml('feature', { var: feature })),
    forms.map(encodeDataForm),
  );
}

export function decodeDiscoInfo(query: Element): DiscoInfo {
  return {
    identities: query.childrenNamed('identity').map((identity) => ({
      category: identity.attribute('category') ?? '',
      type: identity.attribute('type') ?? '',
      name: identity.attribute('name'),
      language: identity.attribute('xml:lang'),
    })),
    features: query.childrenNamed('feature').flatMap((feature) => feature.attribute('var') ?? []),
    forms: query.childrenNamed('x', DATA_FORM_NAMESPACE).map(decodeDataForm),
  };
}

/** The `<query/>` of a disco#items result. @param part the `<set/>` that says which part this is. @see XEP-0030 §4.1, XEP-0059 */
export function encodeDiscoItems(items: readonly DiscoItem[], queriedNode?: string, part?: Element): Element {
  return xml(
    'query',
    { xmlns: DISCO_ITEMS, node: queriedNode },
    items.map(({ jid, node, name }) => xml('item', { jid: jid.toString(), node, name })),
    part,
  );
}

export function decodeDiscoItems(query: Element): readonly DiscoItem[] {
  return query.childrenNamed('item').flatMap((item) => {
    const jid = Jid.tryParse(item.attribute('jid'));
    return jid ? [{ jid, node: item.attribute('node'), name: item.attribute('name') }] : [];
  });
}

/**
 * Answers disco#info and disco#items for a peer that has no nodes with information of their own. Features are read at each request.
 * `items` gives what belongs to it, or to a node, and throws where there is no such node; without it there is nothing.
 */
export function serveDisco(
  peer: XmppPeer,
  info: {
    readonly identities: readonly DiscoIdentity[];
    readonly features: Iterable<string>;
    readonly forms?: readonly DataForm[];
    readonly items?: (request: IqRequest, node: string | undefined) => Promise<readonly DiscoItem[]>;
  },
): Unsubscribe {
  const refuseNodes = (payload: Element) => {
    if (payload.attribute('node') !== undefined) throw new StanzaError('item-not-found', 'there is no such node');
  };
  const stops = [
    peer.onIq('get', { name: 'query', namespace: DISCO_INFO }, ({ payload }) => {
      refuseNodes(payload);
      return encodeDiscoInfo({ ...info, features: [...info.features] });
    }),
    peer.onIq('get', { name: 'query', namespace: DISCO_ITEMS }, async (request) => {
      const node = request.payload.attribute('node');
      if (info.items) return encodeDiscoItems(await info.items(request, node), node);
      refuseNodes(request.payload);
      return encodeDiscoItems([]);
    }),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

/** Asks what an entity is and what it speaks. @throws StanzaError */
export async function discoInfo(peer: XmppPeer, jid: Jid, options?: RequestOptions): Promise<DiscoInfo> {
  const result = await peer.request('get', jid, xml('query', { xmlns: DISCO_INFO }), options);
  if (!result?.is('query', DISCO_INFO)) throw new StanzaError('undefined-condition', 'the answer is no disco#info');
  return decodeDiscoInfo(result);
}

/** Asks for what belongs to an entity: of a server, its services. @throws StanzaError */
export async function discoItems(peer: XmppPeer, jid: Jid, options?: RequestOptions): Promise<readonly DiscoItem[]> {
  const result = await peer.request('get', jid, xml('query', { xmlns: DISCO_ITEMS }), options);
  if (!result?.is('query', DISCO_ITEMS)) throw new StanzaError('undefined-condition', 'the answer is no disco#items');
  return decodeDiscoItems(result);
}

/** The first service of a domain that has a feature; undefined when none has. Services that do not answer are passed over. */
export async function findService(
  peer: XmppPeer,
  domain: Jid,
  feature: string,
  options: RequestOptions = { timeoutMs: 5000 },
): Promise<Jid | undefined> {
  const items = await discoItems(peer, domain, options);
  const found = await Promise.all(
    items.map(async ({ jid }) => {
      try {
        return (await discoInfo(peer, jid, options)).features.includes(feature);
      } catch (error) {
        if (error instanceof StanzaError) return false;
        throw error;
      }
    }),
  );
  return items.find((_, i) => found[i])?.jid;
}
