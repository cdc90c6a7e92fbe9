import { type Element, xml } from '@thingward/xml';
import { type DataForm, encodeDataForm, type Jid } from '@thingward/xmpp';
import type { Affiliation } from './affiliation.ts';
import { PUBSUB, PUBSUB_OWNER } from './namespaces.ts';

/** A subscription as it is told to subscribers and owners. */
export interface SubscriptionInfo {
  readonly jid: Jid | string;
  readonly state: 'none' | 'pending' | 'subscribed';
  readonly subid?: string | undefined;
  /** Left out where the node is clear. */
  readonly node?: string | undefined;
}

/** An item as it is given out; `publisher` undefined where the node does not tell. */
export interface ItemInfo {
  readonly id: string;
  readonly publisher?: string | undefined;
  readonly payload: Element | undefined;
}

export function encodeSubscription({ jid, state, subid, node }: SubscriptionInfo): Element {
  return xml('subscription', { node, jid: jid.toString(), subid, subscription: state });
}

export function encodeItem({ id, publisher, payload }: ItemInfo): Element {
  return xml('item', { id, publisher }, payload);
}

/** @see XEP-0060 §6.1.2, §6.3.7 */
export function encodeSubscribed(subscription: SubscriptionInfo, options?: DataForm): Element {
  return xml(
    'pubsub',
    { xmlns: PUBSUB },
    encodeSubscription(subscription),
    options && xml('options', {}, encodeDataForm(options)),
  );
}

/** @see XEP-0060 §6.3.3 */
export function encodeOptions(
  reference: { readonly node: string; readonly jid: Jid; readonly subid: string | undefined },
  form: DataForm,
): Element {
  const { node, jid, subid } = reference;
  return xml('pubsub', { xmlns: PUBSUB }, xml('options', { node, jid: `${jid}`, subid }, encodeDataForm(form)));
}

/** Default options of subscriptions. @see XEP-0060 §6.4.2 */
export function encodeDefaultOptions(node: string | undefined, form: DataForm): Element {
  return xml('pubsub', { xmlns: PUBSUB }, xml('default', { node }, encodeDataForm(form)));
}

/** @see XEP-0060 §5.6 */
export function encodeOwnSubscriptions(node: string | undefined, subscriptions: readonly SubscriptionInfo[]): Element {
  return xml('pubsub', { xmlns: PUBSUB }, xml('subscriptions', { node }, subscriptions.map(encodeSubscription)));
}

/** @see XEP-0060 §5.7 */
export function encodeOwnAffiliations(
  node: string | undefined,
  affiliations: readonly { readonly node: string; readonly affiliation: Affiliation }[],
): Element {
  const entries = affiliations.map((entry) => xml('affiliation', { node: entry.node, affiliation: entry.affiliation }));
  return xml('pubsub', { xmlns: PUBSUB }, xml('affiliations', { node }, entries));
}

/** @param set the `<set/>` of XEP-0059 that says which part this is. @see XEP-0060 §6.5 */
export function encodeItems(node: string, items: readonly ItemInfo[], set?: Element): Element {
  return xml('pubsub', { xmlns: PUBSUB }, xml('items', { node }, items.map(encodeItem)), set);
}

/** @see XEP-0060 §7.1.2 */
export function encodePublished(node: string, ids: readonly string[]): Element {
  return xml(
    'pubsub',
    { xmlns: PUBSUB },
    xml(
      'publish',
      { node },
      ids.map((id) => xml('item', { id })),
    ),
  );
}

/** @see XEP-0060 §8.1.1 */
export function encodeCreated(node: string): Element {
  return xml('pubsub', { xmlns: PUBSUB }, xml('create', { node }));
}

/** @see XEP-0060 §8.2.2 */
export function encodeConfiguration(node: string, form: DataForm): Element {
  return xml('pubsub', { xmlns: PUBSUB_OWNER }, xml('configure', { node }, encodeDataForm(form)));
}

/** @see XEP-0060 §8.3.3 */
export function encodeDefaultConfiguration(form: DataForm): Element {
  return xml('pubsub', { xmlns: PUBSUB_OWNER }, xml('default', {}, encodeDataForm(form)));
}

/** @see XEP-0060 §8.8.1.2 */
export function encodeSubscriptions(node: string, subscriptions: readonly SubscriptionInfo[], set?: Element): Element {
  return xml(
    'pubsub',
    { xmlns: PUBSUB_OWNER },
    xml('subscriptions', { node }, subscriptions.map(encodeSubscription)),
    set,
  );
}

/** @see XEP-0060 §8.9.1.2 */
export function encodeAffiliations(
  node: string,
  affiliations: readonly { readonly jid: string; readonly affiliation: Affiliation }[],
  set?: Element,
): Element {
  const entries = affiliations.map(({ jid, affiliation }) => xml('affiliation', { jid, affiliation }));
  return xml('pubsub', { xmlns: PUBSUB_OWNER }, xml('affiliations', { node }, entries), set);
}
