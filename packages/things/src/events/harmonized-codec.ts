import { type Element, xml } from '@thingward/xml';
import type { ReadoutDialect } from '../sensor-data/dialect.ts';
import { encodeWanted } from '../sensor-data/harmonized-codec.ts';
import { decodeWantedCategories } from '../sensor-data/harmonized-field-codec.ts';
import type { HarmonizedName } from '../thing/dialect-names.ts';
import {
  decodeHarmonizedNodes,
  decodeHarmonizedTokens,
  identityAttribute,
  outgoingHarmonizedNode,
  outgoingHarmonizedTokens,
  outgoingIdentity,
} from '../thing/harmonized-payload.ts';
import { expectElement, flagAttribute, outgoingText, requiredAttribute } from '../thing/payload.ts';
import {
  changeAttribute,
  doubleAttribute,
  durationAttribute,
  type EventSubscription,
  type FieldCondition,
  outgoingChange,
  outgoingDouble,
  outgoingDuration,
} from './codec.ts';
import type { EventDialect } from './dialect.ts';

/**
 * Subscriptions to events as the IEEE and the Neuro-Foundation have them.
 * @see Neuro-Foundation, Sensor Data Event Subscription
 */
export function harmonizedEvents(name: HarmonizedName, readout: ReadoutDialect): EventDialect {
  const namespace = `urn:${name}:iot:events:1.0`;
  return {
    namespace,
    readout,
    encodeSubscribe: (subscription) => encodeSubscribe(subscription, namespace),
    decodeSubscribe: (element) => decodeSubscribe(element, namespace),
    encodeUnsubscribe: (seqnr) => xml('unsubscribe', { xmlns: namespace, id: outgoingIdentity(seqnr, 'unsubscribe') }),
    decodeUnsubscribe(element) {
      expectElement(element, 'unsubscribe', namespace);
      return identityAttribute(element);
    },
  };
}

function encodeSubscribe(subscription: EventSubscription, namespace: string): Element {
  return xml(
    'subscribe',
    {
      xmlns: namespace,
      id: outgoingIdentity(subscription.seqnr, 'subscribe'),
      ...encodeWanted(subscription.types),
      maxAge: outgoingDuration(subscription.maxAge, 'maxAge'),
      minInt: outgoingDuration(subscription.minInterval, 'minInt'),
      maxInt: outgoingDuration(subscription.maxInterval, 'maxInt'),
      ...outgoingHarmonizedTokens(subscription, 'subscribe'),
      req: subscription.immediate || undefined,
    },
    subscription.nodes.map((node) => xml('nd', outgoingHarmonizedNode(node, 'subscribe/nd'))),
    subscription.fields.map((field, i) => encodeCondition(field, `subscribe/f[${i + 1}]`)),
  );
}

function decodeSubscribe(element: Element, namespace: string): EventSubscription {
  expectElement(element, 'subscribe', namespace);
  return {
    seqnr: identityAttribute(element),
    nodes: decodeHarmonizedNodes(element),
    fields: element.childrenNamed('f').map((field, i) => decodeCondition(field, `subscribe/f[${i + 1}]`)),
    types: decodeWantedCategories(element),
    maxAge: durationAttribute(element, 'maxAge'),
    minInterval: durationAttribute(element, 'minInt'),
    maxInterval: durationAttribute(element, 'maxInt'),
    immediate: flagAttribute(element, 'req', 'subscribe'),
    ...decodeHarmonizedTokens(element),
  };
}

function encodeCondition({ name, currentValue, ...changes }: FieldCondition, path: string): Element {
  return xml('f', {
    n: outgoingText(name, `${path}/@n`),
    v: currentValue === undefined ? undefined : outgoingDouble(currentValue, `${path}/@v`),
    by: outgoingChange(changes.changedBy, `${path}/@by`),
    up: outgoingChange(changes.changedUp, `${path}/@up`),
    dn: outgoingChange(changes.changedDown, `${path}/@dn`),
  });
}

function decodeCondition(element: Element, path: string): FieldCondition {
  return {
    name: requiredAttribute(element, 'n', path),
    currentValue: doubleAttribute(element, 'v', path),
    changedBy: changeAttribute(element, 'by', path),
    changedUp: changeAttribute(element, 'up', path),
    changedDown: changeAttribute(element, 'dn', path),
  };
}
