import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { characterSet, codePoints, withoutCharacters, XML_CHARACTERS } from './character-set.ts';
import { charactersOf, PatternError } from './regular-expression.ts';

/** The characters of a pattern as a string; 'all' when it is not restricted. */
function characters(pattern: string): string {
  const set = charactersOf(pattern);
  return set ? String.fromCodePoint(...codePoints(set)) : 'all';
}

describe('the characters of a regular expression', () => {
  it.each([
    ['abc', 'abc'],
    ['[0-9]+', '0123456789'],
    ['', ''],
    ['a|b|', 'ab'],
    ['(ab(c|d)*){2,3}', 'abcd'],
    ['[a-f-[bd-e]]', 'acf'],
    ['[a-c\\-x]', '-abcx'],
    ['[-a]', '-a'],
    ['[a-]', '-a'],
    ['[\\^a]', '^a'],
    ['[a^]', '^a'],
    ['\\s', '\t\n\r '],
    ['\\n\\r\\t', '\t\n\r'],
    ['\\.\\\\\\?\\*\\+\\(\\)\\{\\}\\|\\[\\]\\-\\^', '()*+-.?[\\]^{|}'],
    ['^a$', '$^a'],
    ['a{0}b', 'ab'],
    ['\u{1f600}', '\u{1f600}'],
    ['[a-z-[^aeiou]]', 'aeiou'],
    ['.', 'all'],
    ['\\d', 'all'],
    ['[\\i-[:]][\\c-[:]]*', 'all'],
    ['a\\w', 'all'],
    ['[a\\S]', 'all'],
    ['\\p{Lu}', 'all'],
    ['a|[b\\P{IsBasicLatin}]', 'all'],
    ['[a-c-[\\d]]', 'all'],
  ])('of %j are %j', (pattern, expected) => {
    expect(characters(pattern)).toBe(expected);
  });

  it('of a negated class are those that XML allows and it does not name', () => {
    expect(charactersOf('[^a-y]')).toEqual(withoutCharacters(XML_CHARACTERS, [[0x61, 0x79]]));
  });

  it.each([
    ['a)', 'a ) without a (', 1],
    ['(a', 'expected )', 0],
    ['[a', 'expected ]', 0],
    ['[]', '] has to be escaped inside a class', 1],
    ['*a', '* has to be escaped where it stands for itself', 0],
    ['a**', '* has to be escaped where it stands for itself', 2],
    ['a{', 'expected a quantity such as {2}, {2,} or {2,3}', 1],
    ['a{3,2}', 'the quantity ends below its start', 1],
    ['[b-a]', 'the range ends below its start', 1],
    ['[a-\\s]', 'a range has to end with a character', 1],
    ['[a-c-e]', 'a - in the middle has to be escaped', 4],
    ['\\q', '\\q is not an escape', 0],
    ['a\\', 'it ends too early', 2],
    ['[a-', 'it ends too early', 3],
    ['\\p', 'expected {Category} after \\p', 0],
    ['\\p{Xy}', 'Xy is neither a category of Unicode nor a block such as IsBasicLatin', 0],
    ['[a-[b]c]', 'expected ] after a subtracted class', 6],
    ['('.repeat(100), 'it nests deeper than 64', 64],
  ])('are refused for %j', (pattern, message, index) => {
    const refusal = new PatternError(message, index);
    expect(() => charactersOf(pattern)).toThrow(refusal);
    expect(() => charactersOf(pattern)).toThrow(expect.objectContaining({ index }));
  });

  /** An expression together with the characters that were put into it. */
  interface Sample {
    readonly pattern: string;
    readonly set: string;
  }
  const META = /[\\|.?*+(){}\-[\]^]/;
  const escaped = (character: string) => (META.test(character) ? `\\${character}` : character);
  const character = fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 1 });
  const inRange = (set: string, low: string, high: string) => set + span(low, high);
  const span = (low: string, high: string) =>
    Array.from({ length: high.charCodeAt(0) - low.charCodeAt(0) + 1 }, (_, i) =>
      String.fromCharCode(low.charCodeAt(0) + i),
    ).join('');
  const range = fc.tuple(character, character).map(([a, b]): Sample => {
    const [low, high] = a < b ? [a, b] : [b, a];
    return { pattern: `${escaped(low)}-${escaped(high)}`, set: inRange('', low, high) };
  });
  const member = fc.oneof(
    character.map((c): Sample => ({ pattern: escaped(c), set: c })),
    range,
  );
  const classes = fc
    .tuple(
      fc.array(member, { minLength: 1, maxLength: 4 }),
      fc.option(fc.array(member, { minLength: 1, maxLength: 3 })),
    )
    .map(([members, subtracted]): Sample => {
      const set = members.map((each) => each.set).join('');
      const pattern = members.map((each) => each.pattern).join('');
      if (!subtracted) return { pattern: `[${pattern}]`, set };
      const without = subtracted.map((each) => each.set).join('');
      return {
        pattern: `[${pattern}-[${subtracted.map((each) => each.pattern).join('')}]]`,
        set: [...set].filter((each) => !without.includes(each)).join(''),
      };
    });
  const { expression } = fc.letrec<{ expression: Sample; atom: Sample }>((tie) => ({
    atom: fc.oneof(
      { depthSize: 'small' },
      character.map((c): Sample => ({ pattern: escaped(c), set: c })),
      classes,
      tie('expression').map(({ pattern, set }): Sample => ({ pattern: `(${pattern})`, set })),
    ),
    expression: fc
      .array(fc.tuple(tie('atom'), fc.constantFrom('', '?', '*', '+', '{2}', '{0,}', '{1,3}', '|')), { maxLength: 4 })
      .map(
        (pieces): Sample => ({
          pattern: pieces.map(([{ pattern }, suffix]) => pattern + suffix).join(''),
          set: pieces.map(([{ set }]) => set).join(''),
        }),
      ),
  }));

  it('are those it was made of', () => {
    fc.assert(
      fc.property(expression, ({ pattern, set }) => {
        const expected = characterSet([...set].map((c) => [c.charCodeAt(0), c.charCodeAt(0)] as const));
        expect(charactersOf(pattern)).toEqual(expected);
      }),
      { numRuns: 500 },
    );
  });

  it('are refused with a typed error, whatever the text', () => {
    const text = fc
      .array(fc.constantFrom(...'ab-[]^\\(){}|*+?.,0sdpP1'), { maxLength: 20 })
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(text, (pattern) => {
        try {
          charactersOf(pattern);
        } catch (error) {
          expect(error).toBeInstanceOf(PatternError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('sets of characters', () => {
  const ranges = fc.array(
    fc.tuple(fc.nat(60), fc.nat(10)).map(([first, length]) => [first, first + length] as const),
    { maxLength: 8 },
  );
  const members = (set: readonly (readonly [number, number])[]) => new Set(codePoints(set));

  it('are the union of ranges in order and apart', () => {
    fc.assert(
      fc.property(ranges, (list) => {
        const set = characterSet(list);
        expect(members(set)).toEqual(members(list));
        for (let i = 1; i < set.length; i++) expect(set[i]?.[0]).toBeGreaterThan((set[i - 1]?.[1] ?? 0) + 1);
      }),
    );
  });

  it('can be taken from each other', () => {
    fc.assert(
      fc.property(ranges, ranges, (a, b) => {
        const [all, taken] = [members(a), members(b)];
        const left = withoutCharacters(characterSet(a), characterSet(b));
        expect(members(left)).toEqual(new Set([...all].filter((each) => !taken.has(each))));
      }),
    );
  });
});
