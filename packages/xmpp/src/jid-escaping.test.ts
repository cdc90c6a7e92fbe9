import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Jid, JidError } from './jid.ts';
import { displayedJid, escapeLocalpart, parseTypedJid, unescapeLocalpart } from './jid-escaping.ts';

describe('XEP-0106', () => {
  // The table of §5.1, then the localparts of the examples of §5.2 to §5.7.
  it.each([
    ['space cadet', 'space\\20cadet'],
    ['call me "ishmael"', 'call\\20me\\20\\22ishmael\\22'],
    ['at&t guy', 'at\\26t\\20guy'],
    ["d'artagnan", 'd\\27artagnan'],
    ['/.fanboy', '\\2f.fanboy'],
    ['::foo::', '\\3a\\3afoo\\3a\\3a'],
    ['<foo>', '\\3cfoo\\3e'],
    ['user@host', 'user\\40host'],
    ['c:\\net', 'c\\3a\\net'],
    ['c:\\\\net', 'c\\3a\\\\net'],
    ['c:\\cool stuff', 'c\\3a\\cool\\20stuff'],
    ['c:\\5commas', 'c\\3a\\5c5commas'],
    ["here's_a_wild_&_/cr%zy/_address", 'here\\27s_a_wild_\\26_\\2fcr%zy\\2f_address'],
    [
      'here\'s_a_wild_&_/cr%zy/_address_for:<wv>("IMPS")',
      'here\\27s_a_wild_\\26_\\2fcr%zy\\2f_address_for\\3a\\3cwv\\3e(\\22IMPS\\22)',
    ],
    ['\\3and\\2is\\5cool', '\\5c3and\\2is\\5c5cool'],
    [
      "CN=D'Artagnan Saint-Andr\\E9,O=Example & Company, Inc.,DC=example,DC=com",
      'CN=D\\27Artagnan\\20Saint-Andr\\E9,O=Example\\20\\26\\20Company,\\20Inc.,DC=example,DC=com',
    ],
    ['somenick!user"&\'/:<>\\3address', 'somenick!user\\22\\26\\27\\2f\\3a\\3c\\3e\\5c3address'],
    ['tréville@musketeers.lit', 'tréville\\40musketeers.lit'],
    // §4.3: what is no escape stays as it is.
    ['\\2plus\\2is\\4', '\\2plus\\2is\\4'],
    ['foo\\bar', 'foo\\bar'],
    ['foob\\41r', 'foob\\41r'],
    ['a\\2F', 'a\\2F'],
  ])('%s is %s on the wire', (name, localpart) => {
    expect(escapeLocalpart(name)).toBe(localpart);
    expect(unescapeLocalpart(localpart)).toBe(name);
  });

  it('a space at an edge is neither escaped nor shown', () => {
    expect(() => escapeLocalpart(' a')).toThrow(JidError);
    expect(() => escapeLocalpart('a ')).toThrow(JidError);
    expect(unescapeLocalpart('\\20a\\20b\\20')).toBe('\\20a b\\20');
  });

  it('addresses are shown and typed without escapes', () => {
    const jid = Jid.parse('d\\27artagnan@musketeers.lit');
    expect(displayedJid(jid)).toBe("d'artagnan@musketeers.lit");
    expect(displayedJid(Jid.parse('a\\40b@c/d\\20e'))).toBe('a@b@c/d\\20e');
    expect(displayedJid(Jid.parse('musketeers.lit'))).toBe('musketeers.lit');
    expect(parseTypedJid(" d'artagnan@musketeers.lit ").equals(jid)).toBe(true);
    expect(parseTypedJid('d\\27artagnan@musketeers.lit').equals(jid)).toBe(true);
    expect(parseTypedJid('c:\\5commas@example.com').toString()).toBe('c\\3a\\5c5commas@example.com');
    expect(parseTypedJid('user@host@example.com').toString()).toBe('user\\40host@example.com');
    expect(parseTypedJid('example.com').toString()).toBe('example.com');
    expect(() => parseTypedJid('@example.com')).toThrow(JidError);
    expect(() => parseTypedJid('a@')).toThrow(JidError);
  });

  it('escaping has no disallowed characters left and comes back', () => {
    const parts = fc.array(
      fc.constantFrom('\\', '2', '0', '5', 'c', 'f', '@', '/', ':', '<', '>', '&', '"', "'", ' ', 'a'),
    );
    fc.assert(
      fc.property(parts, (characters) => {
        const name = characters.join('').trim();
        const localpart = escapeLocalpart(name);
        expect(localpart).not.toMatch(/[ "&'/:<>@]/);
        // Only a leading or trailing `\20` that was typed so does not come back as it was.
        if (!/^\\5c20|\\5c20$/.test(localpart)) expect(unescapeLocalpart(localpart)).toBe(name);
      }),
    );
  });
});
