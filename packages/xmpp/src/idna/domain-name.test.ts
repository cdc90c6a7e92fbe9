import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { asciiDomain, normaliseDomain } from './domain-name.ts';
import { decodePunycode, encodePunycode } from './punycode.ts';

describe('Punycode', () => {
  // Of RFC 3492 §7.1: (A), (B), (F), (I), (L), (P), (R), (S).
  it.each([
    ['ليهمابتكلموشعربي؟', 'egbpdaj6bu4bxfgehfvwxn'],
    ['他们为什么不说中文', 'ihqwcrb4cv8a8dqg056pqjye'],
    ['למההםפשוטלאמדבריםעברית', '4dbcagdahymbxekheh6e0a7fei0b'],
    ['почемужеонинеговорятпорусски', 'b1abfaaepdrnnbgefbadotcwatmq2g4l'],
    ['3年b組金八先生', '3b-ww4c5e180e575a65lsy2b'],
    ['mañana', 'maana-pta'],
    ['パフィーdeルンバ', 'de-jg4avhby1noc0d'],
    ['そのスピードで', 'd9juau41awczczp'],
  ])('%s is %s', (text, encoded) => {
    expect(encodePunycode(text)).toBe(encoded);
    expect(decodePunycode(encoded)).toBe(text);
  });

  it.each(['é', 'a-é', '-!', 'a-0', '99999999', 'zzzzzzzzzzzzzz', 'a-'.padEnd(40, '9')])('%s is none', (text) => {
    expect(decodePunycode(text)).toBeUndefined();
  });

  it('comes back', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 12 });
    fc.assert(
      fc.property(text, (string) => {
        expect(decodePunycode(encodePunycode(string))).toBe(string);
      }),
    );
  });
});

describe('domain names', () => {
  it.each([
    ['example.com', 'example.com'],
    ['Example.COM.', 'example.com'],
    ['xn--fuball-cta.example', 'fußball.example'],
    ['XN--FUBALL-CTA.example', 'fußball.example'],
    ['FUẞBALL.example', 'fußball.example'],
    ['Ａ．example。org', 'a.example.org'],
    ['bu\u0308cher.example', 'bücher.example'],
    ['xn--4dbcagdahymbxekheh6e0a7fei0b.example', 'למההםפשוטלאמדבריםעברית.example'],
    ['ᏣᎳᎩ.example', 'ᏣᎳᎩ.example'],
    ['127.0.0.1', '127.0.0.1'],
    ['[2001:DB8:0:0::1]', '[2001:db8::1]'],
    ['[::1]', '[::1]'],
    ['a'.repeat(63), 'a'.repeat(63)],
  ])('%s is %s', (text, expected) => {
    expect(normaliseDomain(text)).toBe(expected);
    expect(normaliseDomain(expected)).toBe(expected);
    expect(normaliseDomain(asciiDomain(expected))).toBe(expected);
  });

  it.each([
    '',
    '.',
    'a..b',
    'a..',
    '-a',
    'a-',
    'ab--c',
    'a_b',
    'a b',
    'a'.repeat(64),
    `${'a.'.repeat(127)}a`,
    'xn--',
    'xn--a',
    'xn--a-',
    'xn--fussball-', // no letters beyond ASCII
    'xn--!',
    '\u0301a.example',
    '♚.example',
    'a\u20d0.example',
    '\u05e9c.example',
    '\u05e9.1a.example',
    'ü'.repeat(64),
    '[::1',
    '[::g]',
    '[1.2.3.4]',
    '[::1]x',
    '\ud800.example',
  ])('%j is none', (text) => {
    expect(normaliseDomain(text)).toBeUndefined();
  });

  it('are normalised once for all', () => {
    const label = fc.array(fc.oneof(fc.string({ unit: 'binary', maxLength: 1 }), fc.constantFrom('-', '.', 'x', 'n')));
    fc.assert(
      fc.property(label, (characters) => {
        const once = normaliseDomain(characters.join(''));
        if (once !== undefined) expect(normaliseDomain(once)).toBe(once);
      }),
      { numRuns: 2000 },
    );
  });
});
