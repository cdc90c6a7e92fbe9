import { type Element, encodeUtf8, xml } from '@thingward/xml';
import { DATA_FORM_NAMESPACE, type DataForm, DataFormError, decodeDataForm, formValues } from './data-form.ts';
import { encodeBase64 } from './sasl/base64.ts';

export const CAPS = 'http://jabber.org/protocol/caps';

/** Hash functions by their registered name, with that of Web Cryptography. @see XEP-0300 §4 */
const HASHES = { 'sha-1': 'SHA-1', 'sha-256': 'SHA-256', 'sha-512': 'SHA-512' } as const;
export type CapsHash = keyof typeof HASHES;

/** What a presence says of the capabilities of its sender. @see XEP-0115 §4 */
export interface Caps {
  readonly hash: CapsHash;
  /** The software. */
  readonly node: string;
  /** Verification string. */
  readonly ver: string;
}

/** The capabilities a presence tells; undefined when it tells none, or with a hash function that is not known. */
export function findCaps(presence: Element): Caps | undefined {
  const c = presence.child('c', CAPS);
  const hash = c?.attribute('hash');
  const node = c?.attribute('node');
  const ver = c?.attribute('ver');
  if (hash === undefined || node === undefined || !ver || !Object.hasOwn(HASHES, hash)) return undefined;
  return { hash: hash as CapsHash, node, ver };
}

export function encodeCaps({ hash, node, ver }: Caps): Element {
  return xml('c', { xmlns: CAPS, hash, node, ver });
}

/** The disco#info node to ask for what is behind the verification string. @see XEP-0115 §6.2 */
export function capsNode({ node, ver }: Caps): string {
  return `${node}#${ver}`;
}

/**
 * The verification string of an answer to disco#info.
 * @param query the `<query/>`
 * @returns undefined when the answer is ill-formed
 * @see XEP-0115 §5
 */
export async function capsVer(query: Element, hash: CapsHash): Promise<string | undefined> {
  const text = capsText(query);
  if (text === undefined) return undefined;
  return encodeBase64(new Uint8Array(await crypto.subtle.digest(HASHES[hash], encodeUtf8(text))));
}

/** What is hashed: the string S of the specification; undefined when the answer is ill-formed. @see XEP-0115 §5.1 */
export function capsText(query: Element): string | undefined {
  const identities = query.childrenNamed('identity').map((identity) => {
    const parts = ['category', 'type', 'xml:lang', 'name'].map((name) => identity.attribute(name) ?? '');
    return parts.join('/');
  });
  const features = query.childrenNamed('feature').map((feature) => feature.attribute('var') ?? '');
  const forms = formTexts(query);
  if (hasTwice(identities) || hasTwice(features) || forms === undefined) return undefined;
  const parts = [...identities.sort(byOctets), ...features.sort(byOctets), ...forms.flat()];
  // A separator inside a part would let other capabilities have the same string (§5.1, the note on trivial attacks).
  if (parts.some((part) => part.includes('<'))) return undefined;
  return parts.map((part) => `${part}<`).join('');
}

/** The forms that have a hidden FORM_TYPE, in its order; undefined when two have the same or one has several. */
function formTexts(query: Element): readonly (readonly string[])[] | undefined {
  const texts = new Map<string, readonly string[]>();
  for (const x of query.childrenNamed('x', DATA_FORM_NAMESPACE)) {
    let form: DataForm;
    try {
      form = decodeDataForm(x);
    } catch (error) {
      if (error instanceof DataFormError) return undefined;
      throw error;
    }
    const types = new Set(formValues(form, 'FORM_TYPE'));
    const isHidden = form.fields.some(({ var: name, type }) => name === 'FORM_TYPE' && type === 'hidden');
    const [formType] = types;
    if (!isHidden || formType === undefined) continue;
    if (types.size > 1 || texts.has(formType)) return undefined;
    const fields = form.fields
      .filter(({ var: name }) => name !== undefined && name !== 'FORM_TYPE')
      .sort((a, b) => byOctets(a.var as string, b.var as string));
    const parts = fields.flatMap(({ var: name, values = [] }) => [name as string, ...[...values].sort(byOctets)]);
    texts.set(formType, [formType, ...parts]);
  }
  return [...texts].sort(([a], [b]) => byOctets(a, b)).map(([, parts]) => parts);
}

function hasTwice(texts: readonly string[]): boolean {
  return new Set(texts).size < texts.length;
}

/** The collation i;octet: by code points, which is another order than that of UTF-16. @see RFC 4790 §9.3 */
function byOctets(a: string, b: string): number {
  if (a === b) return 0;
  const [x, y] = [[...a], [...b]];
  for (let i = 0; i < Math.min(x.length, y.length); i++) {
    const difference = ((x[i] as string).codePointAt(0) as number) - ((y[i] as string).codePointAt(0) as number);
    if (difference !== 0) return difference;
  }
  return x.length - y.length;
}
