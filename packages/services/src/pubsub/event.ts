import { type Element, xml } from '@thingward/xml';
import { type DataForm, encodeDataForm } from '@thingward/xmpp';
import { PUBSUB_EVENT } from './namespaces.ts';
import { encodeItem, encodeSubscription, type ItemInfo, type SubscriptionInfo } from './reply.ts';

/** What subscribers are told. @see XEP-0060 §7.1.2, §7.2.2, §8.2.5.3, §8.4.2, §8.5.2, §12.10 */
export type PubSubEvent =
  | { readonly kind: 'items'; readonly node: string; readonly items: readonly ItemInfo[] }
  | { readonly kind: 'retracted'; readonly node: string; readonly ids: readonly string[] }
  | { readonly kind: 'purged'; readonly node: string }
  | { readonly kind: 'deleted'; readonly node: string; readonly redirect: string | undefined }
  | { readonly kind: 'configured'; readonly node: string; readonly form: DataForm | undefined }
  | { readonly kind: 'subscription'; readonly subscription: SubscriptionInfo };

/** The `<event/>` of a notification. */
export function encodeEvent(event: PubSubEvent): Element {
  return xml('event', { xmlns: PUBSUB_EVENT }, encodeContent(event));
}

function encodeContent(event: PubSubEvent): Element {
  switch (event.kind) {
    case 'items':
      return xml('items', { node: event.node }, event.items.map(encodeItem));
    case 'retracted':
      return xml(
        'items',
        { node: event.node },
        event.ids.map((id) => xml('retract', { id })),
      );
    case 'purged':
      return xml('purge', { node: event.node });
    case 'deleted': {
      const { redirect } = event;
      return xml(
        'delete',
        { node: event.node },
        redirect === undefined ? undefined : xml('redirect', { uri: redirect }),
      );
    }
    case 'configured':
      return xml('configuration', { node: event.node }, event.form && encodeDataForm(event.form));
    case 'subscription':
      return encodeSubscription(event.subscription);
  }
}
