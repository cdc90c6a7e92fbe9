import { type Element, encodeUtf8, xml } from '@thingward/xml';
import { DATA_FORM_NAMESPACE } from './data-form.ts';
import { DISCO_INFO } from './disco.ts';

export const CAPABILITY_HASHES = 'urn:xmpp:caps';
/** @see XEP-0300 */
export const HASHES = 'urn:xmpp:hashes:2';
const NODE_PREFIX = `${CAPABILITY_HASHES}#`;

/** One hash of what an entity answers to disco#info. @see XEP-0390 §3 */
export interface CapabilityHash {
  /** By its registered name, such as `sha-256`. */
  readonly algorithm: string;
  /** Base64. */
  readonly value: string;
}

/** The hashes as `<c/>`, for presence and stream features. @see XEP-0390 §5.2, §5.4 */
export function encodeCapabilityHashes(hashes: readonly CapabilityHash[]): Element {
  return xml(
    'c',
    { xmlns: CAPABILITY_HASHES },
    hashes.map(({ algorithm, value }) => xml('hash', { xmlns: HASHES, algo: algorithm }, value)),
  );
}

/** The hashes that a presence or stream features tell; none where there are none. Two of one algorithm: the first counts. */
export function findCapabilityHashes(parent: Element): readonly CapabilityHash[] {
  const found = new Map<string, CapabilityHash>();
  for (const hash of parent.child('c', CAPABILITY_HASHES)?.childrenNamed('hash', HASHES) ?? []) {
    const algorithm = hash.attribute('algo');
    const value = hash.text.trim();
    if (algorithm && value && !found.has(algorithm)) found.set(algorithm, { algorithm, value });
  }
  return [...found.values()];
}

/** The disco#info node to ask for what is behind a hash. @see XEP-0390 §4.3 */
export function capabilityHashNode({ algorithm, value }: CapabilityHash): string {
  return `${NODE_PREFIX}${algorithm}.${value}`;
}

/** The hash in the name of a node; undefined when it is another node. Algorithms may have a full stop in their name. @see XEP-0390 §4.3 */
export function parseCapabilityHashNode(node: string): CapabilityHash | undefined {
  if (!node.startsWith(NODE_PREFIX)) return undefined;
  const end = node.lastIndexOf('.');
  const algorithm = node.slice(NODE_PREFIX.length, Math.max(end, NODE_PREFIX.length));
  const value = node.slice(end + 1);
  return algorithm && value ? { algorithm, value } : undefined;
}

/**
 * What is hashed.
 * @param query the `<query/>` of an answer to disco#info
 * @param language that the answer has where the query says none: `xml:lang` of its stanza or stream
 * @returns undefined when the answer is one that has no hash
 * @see XEP-0390 §4.1
 */
export function capabilityHashInput(query: Element, language = ''): Uint8Array | undefined {
  const features: string[] = [];
  const identities: string[] = [];
  const forms: string[] = [];
  const inherited = query.attribute('xml:lang') ?? language;
  for (const child of query.elements) {
    if (child.is('feature', DISCO_INFO)) features.push(unit(child.attribute('var')));
    else if (child.is('identity', DISCO_INFO)) {
      const lang = child.attribute('xml:lang') ?? inherited;
      const parts = [child.attribute('category'), child.attribute('type'), lang, child.attribute('name')];
      identities.push(`${parts.map(unit).join('')}\x1e`);
    } else if (child.is('x', DATA_FORM_NAMESPACE)) {
      const form = formText(child);
      if (form === undefined) return undefined;
      forms.push(form);
    } else return undefined;
  }
  // The separators are characters that XML 1.0 does not allow, so that no name can have them.
  return encodeUtf8([features, identities, forms].map((texts) => `${sorted(texts)}\x1c`).join(''));
}

/** A form has a FORM_TYPE, and is no table. */
function formText(form: Element): string | undefined {
  if (form.child('reported') || form.child('item')) return undefined;
  const fields = form.childrenNamed('field');
  const type = fields.find((field) => field.attribute('var') === 'FORM_TYPE');
  if (type?.attribute('type') !== 'hidden' || type.childrenNamed('value').length !== 1) return undefined;
  const texts = fields.map((field) => {
    const values = field.childrenNamed('value').map((value) => unit(value.text));
    return `${unit(field.attribute('var'))}${sorted(values)}\x1e`;
  });
  return `${sorted(texts)}\x1d`;
}

function unit(text = ''): string {
  return `${text}\x1f`;
}

/** In the collation i;octet: by bytes of UTF-8, which is the order of code points. @see RFC 4790 §9.3 */
function sorted(texts: readonly string[]): string {
  return [...texts].sort(byCodePoints).join('');
}

function byCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (x === y) continue;
    // Halves of characters beyond U+FFFF come after all that need no halves.
    const isHigh = (unit16: number) => unit16 >= 0xd800 && unit16 <= 0xdfff;
    if (isHigh(x) !== isHigh(y)) return isHigh(x) ? 1 : -1;
    return x - y;
  }
  return a.length - b.length;
}
