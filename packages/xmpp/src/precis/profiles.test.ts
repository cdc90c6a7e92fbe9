import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PrecisError } from './error.ts';
import { opaqueString, usernameCaseMapped } from './profiles.ts';

const accepts = (text: string) => {
  try {
    opaqueString(text);
    return true;
  } catch {
    return false;
  }
};

describe('UsernameCaseMapped', () => {
  // Table 1 of RFC 8265 §3.5, and some more.
  it.each([
    ['juliet@example.com', 'juliet@example.com'],
    ['fussball', 'fussball'],
    ['fu\u00dfball', 'fu\u00dfball'],
    ['\u03c0', '\u03c0'],
    ['\u03a3', '\u03c3'],
    ['\u03c3', '\u03c3'],
    ['\u03c2', '\u03c2'],
    ['ΟΔΟΣ', 'οδοσ'],
    ['\u212b', '\u00e5'],
    ['A\u030a', '\u00e5'],
    ['ＡＢ', 'ab'],
    ['\u0410', '\u0430'],
    ['\u03b0', '\u03b0'],
    ['!~', '!~'],
    ['\u0627\u0628\u0661', '\u0627\u0628\u0661'],
    ['\u05e9\u05b0', '\u05e9\u05b0'],
    ['가', '가'],
  ])('%j becomes %j', (text, expected) => {
    expect(usernameCaseMapped(text)).toBe(expected);
  });

  // Table 2 of RFC 8265 §3.5, and some more.
  it.each([
    ['foo bar', 'disallowed'],
    ['', 'empty'],
    ['henry\u2163', 'disallowed'],
    ['\u221e', 'disallowed'],
    ['\u265a', 'disallowed'],
    ['\u00b2', 'disallowed'],
    ['\t', 'disallowed'],
    ['\u1680', 'disallowed'],
    ['\u3000', 'disallowed'],
    ['\ufb00', 'disallowed'],
    ['\u01c5', 'disallowed'],
    ['\u0488', 'disallowed'],
    ['\u00ad', 'disallowed'],
    ['\u0640', 'disallowed'],
    ['\u302e', 'disallowed'],
    ['\u1100', 'disallowed'],
    ['\uffa1\uffc2', 'disallowed'],
    ['\ue000', 'disallowed'],
    ['\ud800', 'disallowed'],
    ['\ufdd0', 'disallowed'],
    ['a\u00b7a', 'context'],
    ['\u05e9c', 'bidi'],
    ['c\u05e9', 'bidi'],
    ['1\u05e9', 'bidi'],
    ['\u05e9!', 'bidi'],
    ['\u0627\u06f1\u0661', 'context'],
    ['\u06271\u0661', 'bidi'],
  ])('%j is refused: %s', (text, code) => {
    expect(() => usernameCaseMapped(text)).toThrowError(expect.objectContaining({ name: 'PrecisError', code }));
  });
});

describe('OpaqueString', () => {
  // Table 3 of RFC 8265 §4.3, and some more.
  it.each([
    ['correct horse battery staple', 'correct horse battery staple'],
    ['Correct Horse Battery Staple', 'Correct Horse Battery Staple'],
    ['\u03c0\u00df\u00e5', '\u03c0\u00df\u00e5'],
    ['Jack of \u2666s', 'Jack of \u2666s'],
    ['foo\u1680bar', 'foo bar'],
    ['a\u00a0a\u2003a\u202fa\u3000a', 'a a a a a'],
    ['  Swan  of   Avon   ', '  Swan  of   Avon   '],
    ['Richard \u2163', 'Richard \u2163'],
    ['\u212b', '\u00c5'],
    ['e\u0301\u031f', '\u00e9\u031f'],
    ['\u05e9a', '\u05e9a'],
  ])('%j becomes %j', (text, expected) => {
    expect(opaqueString(text)).toBe(expected);
  });

  // Table 4 of RFC 8265 §4.3, and some more.
  it.each([
    ['', 'empty'],
    ['my cat is a \u0009by', 'disallowed'],
    ['a\u0000', 'disallowed'],
    ['a\u200e', 'disallowed'],
    ['\udc00', 'disallowed'],
    ['\u{10ffff}', 'disallowed'],
  ])('%j is refused: %s', (text, code) => {
    expect(() => opaqueString(text)).toThrowError(expect.objectContaining({ name: 'PrecisError', code }));
  });
});

describe('rules of context', () => {
  it.each([
    // A.1: a zero width non-joiner after a virama, or between letters that would join.
    ['\u200c', false],
    ['a\u200c', false],
    ['\u200c\u0627', false],
    ['\u062c\u200c', false],
    ['\u0610\u200c\u0610\u0627', false],
    ['\u062c\u0610\u200c\u0610', false],
    ['\u062c\u200c\u0627', true],
    ['\u062c\u0610\u0610\u200c\u0610\u0610\u0627', true],
    ['\ua872\u200c\u062c', true],
    ['\u0a4d\u200c', true],
    ['\ua872\u0a4d\u0610\u200c', false],
    ['\ua872\u200c\u0acd\u062c', true],
    // A.2: a zero width joiner after a virama.
    ['\u200d', false],
    ['a\u200d', false],
    ['\ua872\u0a4d\u200d', true],
    ['\u0a4da\u200d', false],
    ['\u05b0\u200d', false],
    ['\u3099\u200d', false],
    // A.3
    ['·', false],
    ['l·', false],
    ['l·a', false],
    ['al·la', true],
    // A.4
    ['͵', false],
    ['͵a', false],
    ['α͵', false],
    ['͵α', true],
    ['α͵͵α', true],
    // A.5, A.6
    ['׳', false],
    ['׳ה', false],
    ['a״b', false],
    ['ש׳׳׳', true],
    ['aש״״״', true],
    // A.7
    ['・', false],
    ['abc・def', false],
    ['aヅc・def', true],
    ['abc・dぶf', true],
    ['⺐bc・def', true],
    // A.8, A.9
    ['١٢٣٤٥۶', false],
    ['۱۲۳۴۵٦', false],
    ['١٢٣٤٥', true],
    ['۱۲۳۴۵', true],
  ])('%j: %s', (text, expected) => {
    expect(accepts(text)).toBe(expected);
  });
});

describe('both profiles', () => {
  it.each([
    ['UsernameCaseMapped', usernameCaseMapped],
    ['OpaqueString', opaqueString],
  ])('%s is idempotent and throws PrecisError alone', (_, profile) => {
    // Letters and marks from everywhere, so that much is accepted.
    const character = fc.oneof(
      fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
      fc.integer({ min: 0x80, max: 0x1fff }).map((codePoint) => String.fromCodePoint(codePoint)),
      fc.constantFrom('\u200c', '\u0628', '\u0a4d', '\u00b7', 'l', 'İ', 'Σ', 'ﾞ', 'ｶ', '\u0345', 'K'),
    );
    fc.assert(
      fc.property(fc.array(character, { maxLength: 6 }), (characters) => {
        try {
          const once = profile(characters.join(''));
          expect(profile(once)).toBe(once);
        } catch (error) {
          expect(error).toBeInstanceOf(PrecisError);
        }
      }),
      { numRuns: 3000 },
    );
  });
});
