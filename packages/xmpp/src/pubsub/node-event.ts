import { type Element, xml } from '@thingward/xml';
import { Jid } from '../jid.ts';
import { StanzaError } from '../stanza-error.ts';
import { PUBSUB_EVENT } from './namespaces.ts';

/** An item of a node as it is shown to others. */
export interface NodeItem {
  /** Undefined where the service gives none. */
  readonly id: string | undefined;
  readonly publisher?: Jid | undefined;
  /** Undefined where only the news is told. */
  readonly payload: Element | undefined;
}

export const SUBSCRIPTION_STATES = ['none', 'pending', 'subscribed', 'unconfigured'] as const;
export type NodeSubscriptionState = (typeof SUBSCRIPTION_STATES)[number];

/** What a node tells. @see XEP-0060 §7, §8, §12.10 */
export type NodeEvent =
  | {
      readonly kind: 'items';
      readonly node: string;
      readonly items: readonly NodeItem[];
      readonly retracted: readonly string[];
    }
  | { readonly kind: 'purged' | 'deleted' | 'configured'; readonly node: string }
  | {
      readonly kind: 'subscription';
      readonly node: string;
      readonly jid: Jid | undefined;
      readonly state: NodeSubscriptionState;
    };

/** Reads an `<event/>`; undefined for one that says nothing it knows. @throws StanzaError `bad-request` */
export function decodeNodeEvent(event: Element): NodeEvent | undefined {
  if (!event.is('event', PUBSUB_EVENT)) throw new StanzaError('bad-request', `expected an <event/> of ${PUBSUB_EVENT}`);
  for (const child of event.elements) {
    if (child.namespace !== PUBSUB_EVENT) continue;
    switch (child.name) {
      case 'items':
        return {
          kind: 'items',
          node: nodeOf(child),
          items: child.childrenNamed('item').map(decodeNodeItem),
          retracted: child.childrenNamed('retract').flatMap((retract) => retract.attribute('id') ?? []),
        };
      case 'purge':
        return { kind: 'purged', node: nodeOf(child) };
      case 'delete':
        return { kind: 'deleted', node: nodeOf(child) };
      case 'configuration':
        return { kind: 'configured', node: nodeOf(child) };
      case 'subscription':
        return {
          kind: 'subscription',
          node: nodeOf(child),
          jid: Jid.tryParse(child.attribute('jid')),
          state: decodeSubscriptionState(child),
        };
    }
  }
  return undefined;
}

export function decodeNodeItem(item: Element): NodeItem {
  return {
    id: item.attribute('id'),
    publisher: Jid.tryParse(item.attribute('publisher')),
    payload: item.elements[0],
  };
}

export function encodeNodeItem({ id, payload }: NodeItem): Element {
  return xml('item', { id }, payload);
}

/** @throws StanzaError `bad-request` */
export function decodeSubscriptionState(element: Element): NodeSubscriptionState {
  const text = element.attribute('subscription');
  const state = SUBSCRIPTION_STATES.find((known) => known === text);
  if (!state) throw new StanzaError('bad-request', `"${text ?? ''}" is no state of a subscription`);
  return state;
}

function nodeOf(element: Element): string {
  const node = element.attribute('node');
  if (node === undefined) throw new StanzaError('bad-request', `<${element.name}/> of an event needs a node`);
  return node;
}
