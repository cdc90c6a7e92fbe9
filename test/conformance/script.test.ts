import { describe, expect, it } from 'vitest';
import { parseScript } from './script.ts';
import { readScenes } from './scripts.ts';
import { Variables } from './variables.ts';

const SCENE = `# A remark.
== A title: with a colon
Cites: RFC 6121 §1
Needs: urn:a, urn:b
Cast: Romeo, Juliet/balcony (present at -1)
Juliet/balcony sends: <a/>
Romeo receives in any order:
    <a
      b='1'/>
    <b/>
Romeo's stream ends with not-authorized
`;

describe('a script', () => {
  it('is scenes with their cast and their steps', () => {
    expect(parseScript('s', SCENE)).toEqual([
      {
        script: 's',
        title: 'A title: with a colon',
        cites: 'RFC 6121 §1',
        needs: ['urn:a', 'urn:b'],
        line: 2,
        cast: [
          { actor: 'Romeo', entrance: 'away', priority: 0 },
          { actor: 'Juliet/balcony', entrance: 'present', priority: -1 },
        ],
        steps: [
          { actor: 'Juliet/balcony', verb: 'sends', body: '<a/>', line: 6 },
          { actor: 'Romeo', verb: 'receives in any order', body: "<a b='1'/><b/>", line: 7 },
          { actor: 'Romeo', verb: "'s stream ends with not-authorized", body: '', line: 11 },
        ],
      },
    ]);
  });

  it.each([
    ['Romeo sends: <a/>', 's:1: nothing belongs before the first scene (== TITLE)'],
    ['== T\nCast: Romeo\nRomeo sends: <a/>', 's:1: "T" does not say what it cites'],
    ['== T\nCites: x\nCast: Romeo', 's:1: nothing happens in "T"'],
    ['== T\nCites: x\nRomeo sends: <a/>', 's:3: Romeo is not in the cast'],
    ['== T\nCites: x\nCast: Romeo (asleep)', 's:3: "Romeo (asleep)" is no member of a cast'],
    ['== T\nCites: x\nnobody does anything', 's:3: "nobody does anything" is no step'],
  ])('%j is refused', (text, why) => expect(() => parseScript('s', text)).toThrow(why));

  it('has a title of its own for each scene', () => {
    const names = readScenes().map(({ script, title }) => `${script}: ${title}`);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });
});

describe('names in braces', () => {
  const variables = new Variables();
  variables.set('romeo', 'romeo@localhost');

  it.each([
    ['{romeo}/r', 'romeo@localhost/r'],
    ['{local {romeo}}', 'romeo'],
    ['{base64 \\0a}', 'AGE='],
    ['{either none|{romeo}}', '{either none|romeo@localhost}'],
    ['{any}{long 3}', '{any}xxx'],
  ])('%s stands for %s', (text, expanded) => expect(variables.expand(text)).toBe(expanded));

  it('stand for single bytes, and for nothing that is not known', () => {
    expect([...variables.bytes('a{byte ff}')]).toEqual([0x61, 0xff]);
    expect(() => variables.expand('{tybalt}')).toThrow('nothing is known of {tybalt}');
  });
});
