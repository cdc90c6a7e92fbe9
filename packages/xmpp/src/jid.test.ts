import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Jid, JidError } from './jid.ts';

describe('Jid', () => {
  // Table 1 of RFC 7622 §3.5.
  it.each([
    ['juliet@example.com', 'juliet@example.com'],
    ['juliet@example.com/foo', 'juliet@example.com/foo'],
    ['juliet@example.com/foo bar', 'juliet@example.com/foo bar'],
    ['juliet@example.com/foo@bar', 'juliet@example.com/foo@bar'],
    ['foo\\20bar@example.com', 'foo\\20bar@example.com'],
    ['fussball@example.com', 'fussball@example.com'],
    ['fu\u00dfball@example.com', 'fu\u00dfball@example.com'],
    ['\u03c0@example.com', '\u03c0@example.com'],
    ['\u03a3@example.com/foo', '\u03c3@example.com/foo'],
    ['\u03c3@example.com/foo', '\u03c3@example.com/foo'],
    ['\u03c2@example.com/foo', '\u03c2@example.com/foo'],
    ['king@example.com/\u265a', 'king@example.com/\u265a'],
    ['example.com', 'example.com'],
    ['example.com/foobar', 'example.com/foobar'],
    ['a.example.com/b@example.net', 'a.example.com/b@example.net'],
    // Number 18 of Table 2 is allowed after all: erratum 4560.
    ['juliet@example.com/ foo', 'juliet@example.com/ foo'],
  ])('%s is %s', (text, normal) => {
    expect(Jid.parse(text).toString()).toBe(normal);
  });

  // Table 2 of RFC 7622 §3.5.
  it.each([
    ['"juliet"@example.com', 'localpart'],
    ['foo bar@example.com', 'localpart'],
    ['@example.com/', 'localpart'],
    ['henry\u2163@example.com', 'localpart'],
    ['\u265a@example.com', 'localpart'],
    ['juliet@', 'domainpart'],
    ['/foobar', 'domainpart'],
  ])('%j has a wrong %s', (text, part) => {
    expect(() => Jid.parse(text)).toThrowError(expect.objectContaining({ name: 'JidError', part }));
  });

  it.each([
    ['Juliet@Example.COM/Balcony', 'juliet@example.com/Balcony'],
    ['example.com/a/b/c', 'example.com/a/b/c'],
    ['localhost', 'localhost'],
    ['a@127.0.0.1', 'a@127.0.0.1'],
    ['a@[0:0::1]', 'a@[::1]'],
    ['ａｂ@example.com', 'ab@example.com'],
    ['example.com.', 'example.com'],
    ['a@b/\u00a0c', 'a@b/ c'],
    ['a@xn--fuball-cta.example', 'a@fußball.example'],
    [`${'a'.repeat(1023)}@b/${'é'.repeat(511)}`, `${'a'.repeat(1023)}@b/${'é'.repeat(511)}`],
  ])('%s is %s', (text, normal) => {
    expect(Jid.parse(text).toString()).toBe(normal);
  });

  it.each([
    ['juliet@example.com/', 'resourcepart'],
    ['a@b@c', 'domainpart'],
    ['', 'domainpart'],
    ['a@-b', 'domainpart'],
    ['a@b..c', 'domainpart'],
    ['a@b/\u0000', 'resourcepart'],
    [`${'a'.repeat(1024)}@b`, 'localpart'],
    [`${'A'.repeat(1024)}@b`, 'localpart'],
    [`a@b/${'é'.repeat(512)}`, 'resourcepart'],
    [`a@b/${'a'.repeat(100_000)}`, 'resourcepart'],
    ['a@b/\ud800', 'resourcepart'],
    ['a＠b@c', 'localpart'],
  ])('%j has a wrong %s', (text, part) => {
    expect(() => Jid.parse(text)).toThrowError(expect.objectContaining({ name: 'JidError', part }));
    expect(Jid.tryParse(text)).toBeUndefined();
  });

  it.each([...'"&\'/:<>@'])('a localpart does not have %s', (character) => {
    expect(() => Jid.of(`a${character}b`, 'c')).toThrowError(expect.objectContaining({ part: 'localpart' }));
  });

  it('normalising is idempotent and never throws anything but JidError', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 20 }), (text) => {
        try {
          const once = Jid.parse(text);
          expect(Jid.parse(once.toString()).equals(once)).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(JidError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
