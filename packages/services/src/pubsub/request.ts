import type { Element } from '@thingward/xml';
import { DATA_FORM_NAMESPACE, type DataForm, DataFormError, decodeDataForm, Jid, StanzaError } from '@thingward/xmpp';
import { type Affiliation, isAffiliation } from './affiliation.ts';
import { PUBSUB, PUBSUB_OWNER } from './namespaces.ts';
import { pubsubError, unsupported } from './pubsub-error.ts';

/** An item of a publication: `payload` is its one child element. */
export interface PublishedItem {
  readonly id: string | undefined;
  readonly payload: Element | undefined;
}

/** A subscription that an owner wants; `state` undefined: as it is. */
export interface SubscriptionChange {
  readonly jid: Jid;
  readonly subid: string | undefined;
  readonly state: 'none' | 'pending' | 'subscribed' | 'unconfigured' | undefined;
}

/** An affiliation that an owner wants; undefined: as it is. */
export interface AffiliationChange {
  readonly jid: Jid;
  readonly affiliation: Affiliation | undefined;
}

/** Which subscription a subscriber speaks of. */
export interface SubscriptionReference {
  readonly node: string;
  readonly jid: Jid;
  readonly subid: string | undefined;
}

/** What an entity, a subscriber or a publisher asks for. @see XEP-0060 §5 - §7 */
export type UserRequest =
  | { readonly kind: 'create'; readonly node: string | undefined; readonly form: DataForm | undefined }
  | { readonly kind: 'subscribe'; readonly node: string; readonly jid: Jid; readonly form: DataForm | undefined }
  | ({ readonly kind: 'unsubscribe' } & SubscriptionReference)
  | ({ readonly kind: 'get-options' } & SubscriptionReference)
  | ({ readonly kind: 'set-options'; readonly form: DataForm } & SubscriptionReference)
  | { readonly kind: 'default-options'; readonly node: string | undefined }
  | { readonly kind: 'subscriptions'; readonly node: string | undefined }
  | { readonly kind: 'affiliations'; readonly node: string | undefined }
  | {
      readonly kind: 'items';
      readonly node: string;
      readonly subid: string | undefined;
      /** Undefined: all of them. */
      readonly ids: readonly string[] | undefined;
      readonly maxItems: number | undefined;
    }
  | {
      readonly kind: 'publish';
      readonly node: string;
      readonly items: readonly PublishedItem[];
      readonly preconditions: DataForm | undefined;
    }
  | { readonly kind: 'retract'; readonly node: string; readonly ids: readonly string[]; readonly notify: boolean };

/** What an owner asks for. @see XEP-0060 §8 */
export type OwnerRequest =
  | { readonly kind: 'get-configuration'; readonly node: string }
  | { readonly kind: 'configure'; readonly node: string; readonly form: DataForm }
  | { readonly kind: 'default-configuration' }
  | { readonly kind: 'delete'; readonly node: string; readonly redirect: string | undefined }
  | { readonly kind: 'purge'; readonly node: string }
  | { readonly kind: 'get-subscriptions'; readonly node: string }
  | { readonly kind: 'set-subscriptions'; readonly node: string; readonly changes: readonly SubscriptionChange[] }
  | { readonly kind: 'get-affiliations'; readonly node: string }
  | { readonly kind: 'set-affiliations'; readonly node: string; readonly changes: readonly AffiliationChange[] };

export type PubSubRequest = UserRequest | OwnerRequest;

/**
 * Reads the `<pubsub/>` of a request.
 * @throws StanzaError with the condition of publish-subscribe that says what is wrong
 */
export function decodePubSubRequest(type: 'get' | 'set', payload: Element): PubSubRequest {
  const { namespace } = payload;
  const parts = payload.elements.filter((child) => child.namespace === namespace);
  const [first, second, ...others] = parts;
  if (!first || others.length > 0) throw new StanzaError('bad-request', 'expected one request');
  const decode = (namespace === PUBSUB_OWNER ? OWNER_REQUESTS : USER_REQUESTS)[`${type} ${first.name}`];
  if (!decode) throw new StanzaError('feature-not-implemented', `there is no ${type} of <${first.name}/>`);
  const companion = namespace === PUBSUB ? COMPANIONS[first.name] : undefined;
  if (second && second.name !== companion) {
    throw new StanzaError('bad-request', `<${second.name}/> can't follow <${first.name}/>`);
  }
  return decode(first, second);
}

type Decoder = (element: Element, second: Element | undefined) => PubSubRequest;

/** What may follow a request in the same `<pubsub/>`. */
const COMPANIONS: Readonly<Record<string, string>> = {
  create: 'configure',
  subscribe: 'options',
  publish: 'publish-options',
};

const USER_REQUESTS: Readonly<Record<string, Decoder>> = {
  'set create': (create, configure) => ({
    kind: 'create',
    node: create.attribute('node') || undefined,
    form: formOfCompanion(configure),
  }),
  'set subscribe': (subscribe, options) => ({
    kind: 'subscribe',
    node: nodeOf(subscribe),
    jid: jidOf(subscribe),
    form: formOfCompanion(options),
  }),
  'set unsubscribe': (unsubscribe) => ({ kind: 'unsubscribe', ...referenceOf(unsubscribe) }),
  'get options': (options) => ({ kind: 'get-options', ...referenceOf(options) }),
  'set options': (options) => ({ kind: 'set-options', ...referenceOf(options), form: requiredForm(options) }),
  'get default': (element) => ({ kind: 'default-options', node: element.attribute('node') || undefined }),
  'get subscriptions': (element) => ({ kind: 'subscriptions', node: element.attribute('node') }),
  'get affiliations': (element) => ({ kind: 'affiliations', node: element.attribute('node') }),
  'get items': (items) => {
    const ids = items.childrenNamed('item').map((item) => item.attribute('id'));
    if (ids.some((id) => id === undefined)) throw pubsubError('item-required', 'an item that is asked for needs an id');
    return {
      kind: 'items',
      node: nodeOf(items),
      subid: items.attribute('subid'),
      ids: ids.length === 0 ? undefined : (ids as string[]),
      maxItems: positive(items.attribute('max_items')),
    };
  },
  'set publish': (publish, options) => ({
    kind: 'publish',
    node: nodeOf(publish),
    items: publish.childrenNamed('item').map(decodeItem),
    preconditions: options && requiredForm(options),
  }),
  'set retract': (retract) => {
    const ids = retract.childrenNamed('item').map((item) => item.attribute('id'));
    const node = nodeOf(retract);
    if (ids.length === 0 || ids.some((id) => !id)) throw pubsubError('item-required');
    return { kind: 'retract', node, ids: [...new Set(ids as string[])], notify: isTrue(retract.attribute('notify')) };
  },
};

const OWNER_REQUESTS: Readonly<Record<string, Decoder>> = {
  'get configure': (configure) => ({ kind: 'get-configuration', node: nodeOf(configure) }),
  'set configure': (configure) => ({ kind: 'configure', node: nodeOf(configure), form: requiredForm(configure) }),
  'get default': (element) => {
    if ((element.attribute('type') ?? 'leaf') !== 'leaf') throw unsupported('collections');
    return { kind: 'default-configuration' };
  },
  'set delete': (element) => ({
    kind: 'delete',
    node: nodeOf(element),
    redirect: element.child('redirect')?.attribute('uri'),
  }),
  'set purge': (purge) => ({ kind: 'purge', node: nodeOf(purge) }),
  'get subscriptions': (element) => ({ kind: 'get-subscriptions', node: nodeOf(element) }),
  'set subscriptions': (element) => ({
    kind: 'set-subscriptions',
    node: nodeOf(element),
    changes: element.childrenNamed('subscription').map(decodeSubscriptionChange),
  }),
  'get affiliations': (element) => ({ kind: 'get-affiliations', node: nodeOf(element) }),
  'set affiliations': (element) => ({
    kind: 'set-affiliations',
    node: nodeOf(element),
    changes: element.childrenNamed('affiliation').map(decodeAffiliationChange),
  }),
};

/** @see XEP-0060 §7.1.3.5 */
function decodeItem(item: Element): PublishedItem {
  const [payload, ...others] = item.elements;
  if (others.length > 0 || item.text.trim() !== '') {
    throw pubsubError('invalid-payload', 'an item has one payload element and nothing else');
  }
  return { id: item.attribute('id') || undefined, payload };
}

function decodeSubscriptionChange(element: Element): SubscriptionChange {
  const state = element.attribute('subscription');
  if (
    state !== undefined &&
    state !== 'none' &&
    state !== 'pending' &&
    state !== 'subscribed' &&
    state !== 'unconfigured'
  ) {
    throw new StanzaError('bad-request', 'there is no such state of a subscription');
  }
  return { jid: jidOf(element), subid: element.attribute('subid'), state };
}

function decodeAffiliationChange(element: Element): AffiliationChange {
  const affiliation = element.attribute('affiliation');
  if (affiliation !== undefined && !isAffiliation(affiliation)) {
    throw new StanzaError('bad-request', 'there is no such affiliation');
  }
  return { jid: jidOf(element).bare, affiliation };
}

function referenceOf(element: Element): SubscriptionReference {
  return { node: nodeOf(element), jid: jidOf(element), subid: element.attribute('subid') };
}

function nodeOf(element: Element): string {
  const node = element.attribute('node');
  if (!node) throw pubsubError('nodeid-required');
  return node;
}

function jidOf(element: Element): Jid {
  const text = element.attribute('jid');
  if (text === undefined) throw pubsubError('jid-required');
  const jid = Jid.tryParse(text);
  if (!jid) throw pubsubError('invalid-jid');
  return jid;
}

/** The form of an element that takes its node and JID from the one before it. @see XEP-0060 §6.3.7, §8.1.3 */
function formOfCompanion(element: Element | undefined): DataForm | undefined {
  if (!element) return undefined;
  if (element.attribute('node') !== undefined || element.attribute('jid') !== undefined) {
    throw new StanzaError('bad-request', `<${element.name}/> has neither node nor jid here`);
  }
  return element.child('x', DATA_FORM_NAMESPACE) && requiredForm(element);
}

function requiredForm(element: Element): DataForm {
  const x = element.child('x', DATA_FORM_NAMESPACE);
  if (!x) throw new StanzaError('bad-request', `<${element.name}/> needs a form`);
  try {
    return decodeDataForm(x);
  } catch (error) {
    if (error instanceof DataFormError) throw new StanzaError('bad-request', error.message);
    throw error;
  }
}

function positive(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (value < 1) throw new StanzaError('bad-request', 'max_items is a positive number');
  return value;
}

function isTrue(text: string | undefined): boolean {
  return text === 'true' || text === '1';
}
