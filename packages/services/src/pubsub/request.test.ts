import { Element, parseElement } from '@thingward/xml';
import { StanzaError } from '@thingward/xmpp';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonical, pubsub } from '../../test/pubsub-stage.ts';
import { OptionError } from './config-option.ts';
import { PUBSUB, PUBSUB_OWNER } from './namespaces.ts';
import { DEFAULT_NODE_CONFIG, NodeConfigForms } from './node-config.ts';
import { decodePubSubRequest } from './request.ts';
import { applySubscriptionOptions, DEFAULT_SUBSCRIPTION_OPTIONS } from './subscription-options.ts';

const names = [
  'create configure subscribe unsubscribe options publish publish-options retract items item default',
  'subscriptions subscription affiliations affiliation delete purge redirect x field value payload',
]
  .join(' ')
  .split(' ');
const attributes = fc.dictionary(
  fc.constantFrom('node', 'jid', 'id', 'subid', 'max_items', 'notify', 'type', 'var', 'affiliation', 'subscription'),
  fc.oneof(fc.string(), fc.constantFrom('a@b/c', '1', 'true', 'owner', 'none', 'submit', 'pubsub#max_items')),
);
const elements = fc.letrec<{ element: Element }>((tie) => ({
  element: fc
    .tuple(
      fc.constantFrom(...names),
      fc.constantFrom(PUBSUB, PUBSUB_OWNER, 'jabber:x:data', 'urn:other'),
      attributes,
      fc.array(fc.oneof({ maxDepth: 3 }, fc.string(), tie('element')), { maxLength: 4 }),
    )
    .map(([name, namespace, given, children]) => new Element(name, namespace, given, children)),
})).element;

const forms = new NodeConfigForms({
  accessModels: ['open', 'whitelist'],
  knowsPresence: true,
  maxItems: 100,
  maxPayloadBytes: 1000,
});

describe('requests', () => {
  it('are taken or refused with a stanza error, whatever comes', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('get' as const, 'set' as const),
        fc.constantFrom(PUBSUB, PUBSUB_OWNER),
        fc.array(elements, { maxLength: 3 }),
        (type, namespace, children) => {
          const inside = children.map((child) => new Element(child.name, namespace, child.attributes, child.children));
          try {
            const request = decodePubSubRequest(type, new Element('pubsub', namespace, {}, inside));
            if ('form' in request && request.form) {
              forms.apply(request.form, DEFAULT_NODE_CONFIG);
              applySubscriptionOptions(request.form, DEFAULT_SUBSCRIPTION_OPTIONS, { knowsPresence: true, latest: 1 });
            }
          } catch (error) {
            expect(error instanceof StanzaError || error instanceof OptionError).toBe(true);
          }
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('are read with what belongs to them', () => {
    const read = (type: 'get' | 'set', content: string) => decodePubSubRequest(type, parseElement(pubsub(content)));
    expect(read('get', `<items node='n' max_items='2' subid='s'/>`)).toEqual({
      kind: 'items',
      node: 'n',
      subid: 's',
      ids: undefined,
      maxItems: 2,
    });
    const request = read('set', `<retract node='n' notify='1'><item id='a'/><item id='a'/></retract>`);
    expect(request).toEqual({ kind: 'retract', node: 'n', ids: ['a'], notify: true });
    const publish = read('set', `<publish node='n'><item id='a'><p xmlns='urn:p'/></item></publish>`);
    if (publish.kind !== 'publish') throw new Error('expected a publication');
    expect(publish.items.map(({ payload }) => payload && canonical(payload))).toEqual([`<p xmlns='urn:p'/>`]);
  });
});

describe('configurations', () => {
  it('come back from their forms as they were', () => {
    const config = {
      ...DEFAULT_NODE_CONFIG,
      title: 'T',
      contact: ['bard@shakespeare.lit'],
      maxItems: 'max' as const,
      itemExpire: 60,
      accessModel: 'whitelist' as const,
      maxPayloadSize: 999,
      presenceBasedDelivery: true,
    };
    const submitted = { ...forms.encode(config, 'result'), type: 'submit' as const };
    expect(forms.apply(submitted, { ...DEFAULT_NODE_CONFIG, maxPayloadSize: 1 })).toEqual(config);
    // What is not in the form stays.
    expect(forms.apply({ ...submitted, fields: submitted.fields.slice(0, 1) }, config)).toEqual(config);
  });
});
