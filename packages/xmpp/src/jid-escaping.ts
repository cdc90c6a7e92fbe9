import { Jid, JidError } from './jid.ts';

/** Service discovery feature of those who translate between escaped addresses and others. @see XEP-0106 §6 */
export const JID_ESCAPING = 'jid\\20escaping';

/** What localparts can't have, and the backslash where it would be taken for an escape. @see XEP-0106 §3.2 */
const TO_ESCAPE = /[ "&'/:<>@]|\\(?=20|22|26|27|2f|3a|3c|3e|40|5c)/g;
const DISALLOWED = /[ "&'/:<>@]/;
const ESCAPED = /\\(20|22|26|27|2f|3a|3c|3e|40|5c)/g;

/**
 * The localpart for a name in which people use characters that localparts can't have.
 * @throws JidError for a space at its beginning or end
 * @see XEP-0106 §4.2
 */
export function escapeLocalpart(name: string): string {
  if (name.startsWith(' ') || name.endsWith(' ')) {
    throw new JidError('localpart', 'a name must not begin or end with a space');
  }
  return name.replace(TO_ESCAPE, (character) => `\\${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

/** The name as people write it: to be shown, never to be sent or compared. @see XEP-0106 §3.3, §4.1 */
export function unescapeLocalpart(localpart: string): string {
  return localpart.replace(ESCAPED, (sequence, hex: string, at: number) => {
    const isAtEdge = at === 0 || at + sequence.length === localpart.length;
    return hex === '20' && isAtEdge ? sequence : String.fromCharCode(Number.parseInt(hex, 16));
  });
}

/** The address as it is shown to people. */
export function displayedJid({ local, domain, resource }: Jid): string {
  const bare = local === undefined ? domain : `${unescapeLocalpart(local)}@${domain}`;
  return resource === undefined ? bare : `${bare}/${resource}`;
}

/**
 * A bare address as a person typed it: what is before the last `@` is the name, with any characters in it. A name with nothing to
 * be escaped is taken as the localpart that it is, escapes and all.
 * @throws JidError
 */
export function parseTypedJid(text: string): Jid {
  const at = text.lastIndexOf('@');
  if (at === -1) return Jid.of(undefined, text.trim());
  const name = text.slice(0, at).trimStart();
  return Jid.of(DISALLOWED.test(name) ? escapeLocalpart(name) : name, text.slice(at + 1).trimEnd());
}
