import { type Element, parseElement, XmlError, xml } from '@thingward/xml';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Jid } from '../jid.ts';
import { StanzaError } from '../stanza-error.ts';
import { PUBSUB_EVENT } from './namespaces.ts';
import { decodeNodeEvent, encodeNodeItem, SUBSCRIPTION_STATES } from './node-event.ts';

const event = (content: string) => parseElement(`<event xmlns='${PUBSUB_EVENT}'>${content}</event>`);
const text = fc.stringMatching(/^[a-zA-Z0-9 <>&'"/é-]{0,12}$/);
const ENTRY = `<entry xmlns='http://www.w3.org/2005/Atom'><title>Soliloquy</title></entry>`;

/** Of XEP-0060, and one that says nothing it knows. */
const EVENTS = [
  // Examples 2, 101, 102 and 104
  `<items node='princely_musings'><item id='ae890ac52d0df67ed7cfdf51b644e901' publisher='hamlet@denmark.lit'>${ENTRY}</item></items>`,
  `<items node='princely_musings'><item id='ae890ac52d0df67ed7cfdf51b644e901'/></items>`,
  `<items node='princely_musings'><item>${ENTRY}</item></items>`,
  // Example 119
  `<items node='princely_musings'><retract id='ae890ac52d0df67ed7cfdf51b644e901'/></items>`,
  // Examples 150 and 158: configuration without and with its form
  `<configuration node='princely_musings'/>`,
  `<configuration node='princely_musings'><x xmlns='jabber:x:data' type='result'/></configuration>`,
  // Examples 161 and 168
  `<delete node='princely_musings'><redirect uri='xmpp:hamlet@denmark.lit?;node=blog'/></delete>`,
  `<purge node='princely_musings'/>`,
  // Example 192
  `<subscription jid='horatio@denmark.lit' node='princely_musings' subscription='subscribed'/>`,
  `<collection node='new-node-id'/>`,
] as const;

describe('what a node tells', () => {
  it('is read: items with and without payload, and those that were retracted', () => {
    expect(decodeNodeEvent(event(EVENTS[0]))).toMatchObject({
      kind: 'items',
      node: 'princely_musings',
      items: [{ id: 'ae890ac52d0df67ed7cfdf51b644e901', publisher: Jid.parse('hamlet@denmark.lit') }],
      retracted: [],
    });
    expect(decodeNodeEvent(event(EVENTS[1]))).toMatchObject({ items: [{ payload: undefined }] });
    expect(decodeNodeEvent(event(EVENTS[2]))).toMatchObject({ items: [{ id: undefined }] });
    expect(decodeNodeEvent(event(EVENTS[3]))).toEqual({
      kind: 'items',
      node: 'princely_musings',
      items: [],
      retracted: ['ae890ac52d0df67ed7cfdf51b644e901'],
    });
  });

  it('is read: what happens to the node and to a subscription', () => {
    const node = 'princely_musings';
    expect(EVENTS.slice(4, 8).map((content) => decodeNodeEvent(event(content)))).toEqual([
      { kind: 'configured', node },
      { kind: 'configured', node },
      { kind: 'deleted', node },
      { kind: 'purged', node },
    ]);
    expect(decodeNodeEvent(event(EVENTS[8]))).toEqual({
      kind: 'subscription',
      node,
      jid: Jid.parse('horatio@denmark.lit'),
      state: 'subscribed',
    });
  });

  it('is nothing where it says nothing that is known', () => {
    expect(decodeNodeEvent(event(EVENTS[9]))).toBeUndefined();
    expect(decodeNodeEvent(event(''))).toBeUndefined();
    expect(decodeNodeEvent(event(`<items xmlns='urn:example' node='n'/>`))).toBeUndefined();
  });

  it.each([
    ['another element', parseElement(`<pubsub xmlns='${PUBSUB_EVENT}'/>`), 'expected an <event/>'],
    ['another namespace', parseElement(`<event xmlns='urn:example'/>`), 'expected an <event/>'],
    ['items of no node', event('<items><item/></items>'), '<items/> of an event needs a node'],
    ['the purge of no node', event('<purge/>'), '<purge/> of an event needs a node'],
    ['no state', event(`<subscription node='n' jid='a@b'/>`), 'no state of a subscription'],
    ['a state that is none', event(`<subscription node='n' subscription='member'/>`), '"member" is no state'],
  ])('is refused: %s', (_, element, reason) => {
    expect(() => decodeNodeEvent(element)).toThrow(StanzaError);
    expect(() => decodeNodeEvent(element)).toThrow(reason);
  });

  it('is read as it was written, whatever the node and its items are called', () => {
    const item = fc.record({ id: fc.option(text, { nil: undefined }), payload: fc.option(text, { nil: undefined }) });
    fc.assert(
      fc.property(
        text,
        fc.array(item, { maxLength: 4 }),
        fc.array(text, { maxLength: 3 }),
        (node, items, retracted) => {
          const written = xml(
            'event',
            { xmlns: PUBSUB_EVENT },
            xml(
              'items',
              { node },
              items.map(({ id, payload }) =>
                encodeNodeItem({
                  id,
                  payload: payload === undefined ? undefined : xml('p', { xmlns: 'urn:p' }, payload),
                }),
              ),
              retracted.map((id) => xml('retract', { id })),
            ),
          );
          const read = decodeNodeEvent(parseElement(written.toString()));
          if (read?.kind !== 'items') throw new Error(`it is ${read?.kind}`);
          expect([read.node, read.retracted]).toEqual([node, retracted]);
          expect(read.items.map(({ id, payload }) => ({ id, payload: payload?.text }))).toEqual(items);
        },
      ),
    );
    fc.assert(
      fc.property(text, fc.constantFrom(...SUBSCRIPTION_STATES), (node, state) => {
        const subscription = xml('subscription', { node, jid: 'a@b', subscription: state });
        const read = decodeNodeEvent(parseElement(xml('event', { xmlns: PUBSUB_EVENT }, subscription).toString()));
        expect(read).toEqual({ kind: 'subscription', node, jid: Jid.parse('a@b'), state });
      }),
    );
  });

  it('is read or refused, however it was changed on its way', () => {
    const whole = EVENTS.map((content) => event(content).toString());
    let understood = 0;
    let refused = 0;
    fc.assert(
      fc.property(fc.constantFrom(...whole), fc.nat(), fc.nat(9), text, (before, at, count, inserted) => {
        const start = at % before.length;
        let element: Element;
        try {
          element = parseElement(before.slice(0, start) + inserted + before.slice(start + count));
        } catch (error) {
          expect(error).toBeInstanceOf(XmlError);
          return;
        }
        try {
          decodeNodeEvent(element);
          understood++;
        } catch (error) {
          expect(error).toBeInstanceOf(StanzaError);
          refused++;
        }
      }),
      { numRuns: 3000, seed: 7 },
    );
    expect(Math.min(understood, refused)).toBeGreaterThan(10);
  });
});
