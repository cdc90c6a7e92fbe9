import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Jid, JidError } from './jid.ts';

describe('Jid', () => {
  it.each([
    ['Juliet@Example.COM/Balcony', 'juliet@example.com/Balcony'],
    ['juliet@example.com/foo bar', 'juliet@example.com/foo bar'],
    ['juliet@example.com/foo@bar', 'juliet@example.com/foo@bar'],
    ['foo\\20bar@example.com', 'foo\\20bar@example.com'],
    ['fussball@example.com', 'fussball@example.com'],
    ['fußball@example.com', 'fußball@example.com'],
    ['Σ@example.com/foo', 'σ@example.com/foo'],
    ['king@example.com/♚', 'king@example.com/♚'],
    ['example.com/a/b/c', 'example.com/a/b/c'],
    ['localhost', 'localhost'],
    ['a@127.0.0.1', 'a@127.0.0.1'],
    ['a@[::1]', 'a@[::1]'],
    ['ａｂ@example.com', 'ab@example.com'],
    ['example.com.', 'example.com'],
    ['a@b/\u00a0c', 'a@b/ c'],
  ])('%s is %s', (text, normal) => {
    expect(Jid.parse(text).toString()).toBe(normal);
  });

  // Most of these are the counter-examples of RFC 7622 §3.5.
  it.each([
    ['"juliet"@example.com', 'localpart'],
    ['foo bar@example.com', 'localpart'],
    ['@example.com/', 'localpart'],
    ['juliet@example.com/', 'resourcepart'],
    ['a@b@c', 'domainpart'],
    ['', 'domainpart'],
    ['a@', 'domainpart'],
    ['a@-b', 'domainpart'],
    ['a@b..c', 'domainpart'],
    ['a@b/\u0000', 'resourcepart'],
    [`${'a'.repeat(1024)}@b`, 'localpart'],
    [`a@b/${'é'.repeat(512)}`, 'resourcepart'],
    ['a@b/\ud800', 'resourcepart'],
  ])('%j has a wrong %s', (text, part) => {
    expect(() => Jid.parse(text)).toThrowError(expect.objectContaining({ name: 'JidError', part }));
    expect(Jid.tryParse(text)).toBeUndefined();
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
