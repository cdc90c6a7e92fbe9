import { type Element, parseElement } from '@thingward/xml';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PAYLOADS } from '../../test/payloads.ts';
import { PayloadError } from '../thing/payload.ts';
import { decodeDescriptions, encodeDescriptions } from './description-codec.ts';
import * as owner from './owner-codec.ts';
import { decodeOwnerQuestion, decodeRule, encodeOwnerQuestion, encodeRule, PROVISIONING_OWNER } from './rule-codec.ts';
import { decodeSeenServices, encodeSeenServices } from './seen-services-codec.ts';

const AGAIN: Readonly<Record<string, (element: Element) => Element>> = {
  questions: (e) => owner.encodeQuestions(owner.decodeQuestions(e)),
  question: (e) => encodeOwnerQuestion(decodeOwnerQuestion(e)),
  rules: (e) => owner.encodeList('rules', owner.decodeList(e)),
  rule: (e) => encodeRule(decodeRule(e)),
  answer: (e) => owner.encodeOwnerAnswer(owner.decodeOwnerAnswer(e)),
  edit: (e) => owner.encodeRuleEdit(owner.decodeRuleEdit(e)),
  decide: (e) => owner.encodeOwnerDecision(owner.decodeOwnerDecision(e)),
  withdraw: (e) => owner.encodeWithdraw(owner.decodeWithdraw(e)),
  dismiss: (e) => owner.encodeDismiss(owner.decodeDismiss(e)),
  services: (e) => encodeSeenServices(decodeSeenServices(e)),
  describe: (e) => encodeDescriptions(decodeDescriptions(e)),
};
const OURS = PAYLOADS.filter((text) => text.includes(PROVISIONING_OWNER));

/** With attributes in order and times as they are. */
function plain(element: Element): unknown {
  const attributes = Object.entries(element.attributes).filter(([name]) => name !== 'xmlns');
  return [
    element.name,
    element.namespace,
    attributes.sort(),
    element.children.map((c) => (typeof c === 'string' ? c : plain(c))),
  ];
}

describe('what owners say', () => {
  test.each(OURS)('%s comes back as it was', (text) => {
    const element = parseElement(text);
    const again = AGAIN[element.name]?.(element) as Element;
    const zoned = (value: unknown) => JSON.stringify(value).replaceAll(/T00:00:00(\.000)?Z/g, 'T0Z');
    expect(zoned(plain(parseElement(again.toString())))).toBe(zoned(plain(element)));
  });

  test.each([
    ["<rule id='0'/>", 'rule/@id'],
    ["<rule id='1' jid='a@b' kind='own' scope='anyone' result='true' made='2026-01-01T00:00:00Z'/>", 'rule/@kind'],
    ["<rule id='1' jid='a@b' kind='read' scope='domain' result='true' made='2026-01-01T00:00:00Z'/>", 'rule/@subject'],
    [
      "<rule id='1' jid='a@b' kind='read' scope='anyone' subject='x' result='1' made='2026-01-01T00:00:00Z'/>",
      'rule/@subject',
    ],
    ["<rule id='1' jid='a@b' kind='read' scope='anyone' result='1' made='yesterday'/>", 'rule/@made'],
    ["<rule id='1' jid='' kind='read' scope='anyone' result='1' made='2026-01-01T00:00:00Z'/>", 'rule/@jid'],
  ])('%s is refused at %s', (text, path) => {
    const element = parseElement(text.replace('<rule', `<rule xmlns='${PROVISIONING_OWNER}'`));
    expect(() => decodeRule(element)).toThrow(expect.objectContaining({ path }));
  });

  test('whatever stands in them, reading them gives a value or a PayloadError', () => {
    const texts = fc.constantFrom(...OURS);
    const mutated = fc.tuple(texts, fc.nat(), fc.string({ maxLength: 3 })).map(([text, at, piece]) => {
      const i = at % text.length;
      return text.slice(0, i) + piece + text.slice(i + 1);
    });
    fc.assert(
      fc.property(mutated, (text) => {
        let element: Element;
        try {
          element = parseElement(text);
        } catch {
          return;
        }
        try {
          AGAIN[element.name]?.(element);
        } catch (error) {
          expect(error).toBeInstanceOf(PayloadError);
        }
      }),
    );
  });
});
