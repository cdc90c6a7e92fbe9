import { isXmlText } from '@thingward/xml';
import type { MetaTag } from './meta-tag.ts';

/** Most characters (code points) of a tag's name. @see XEP-0347 §5.2 */
export const MAX_TAG_NAME_LENGTH = 32;
/** Most characters (code points) of a string tag's value. @see XEP-0347 §5.2 */
export const MAX_TAG_VALUE_LENGTH = 128;

/** A meta tag that XEP-0347 does not allow. */
export class MetaTagError extends Error {
  override readonly name = 'MetaTagError';
  readonly code: 'bad-tag-name' | 'bad-tag-value' | 'duplicate-tag';

  constructor(code: MetaTagError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

/** The form of a tag's name that names are compared in: names are case-insensitive. @throws MetaTagError */
export function tagName(name: string): string {
  const upper = name.toUpperCase();
  if (upper === '' || /[:#\s]/.test(upper) || !isXmlText(upper)) {
    throw new MetaTagError('bad-tag-name', `"${name}" is not a tag name: it needs characters other than : # and space`);
  }
  if (codePoints(upper) > MAX_TAG_NAME_LENGTH) {
    throw new MetaTagError('bad-tag-name', `a tag name has at most ${MAX_TAG_NAME_LENGTH} characters`);
  }
  return upper;
}

/** The tag with its name in upper case. @throws MetaTagError when XEP-0347 §5.2 or XML does not allow it */
export function checkedTag(tag: MetaTag): MetaTag {
  const name = tagName(tag.name);
  if (tag.type === 'num') {
    if (!Number.isFinite(tag.value)) throw new MetaTagError('bad-tag-value', `tag ${name} needs a finite number`);
    return { name, type: 'num', value: tag.value };
  }
  if (!isXmlText(tag.value)) {
    throw new MetaTagError('bad-tag-value', `the value of tag ${name} has characters that XML does not allow`);
  }
  if (codePoints(tag.value) > MAX_TAG_VALUE_LENGTH) {
    throw new MetaTagError(
      'bad-tag-value',
      `the value of tag ${name} has more than the ${MAX_TAG_VALUE_LENGTH} characters allowed`,
    );
  }
  return { name, type: 'str', value: tag.value };
}

/** Like `checkedTag` for the tags of one Thing, in which each name occurs once. @throws MetaTagError */
export function checkedTags(tags: readonly MetaTag[]): readonly MetaTag[] {
  const seen = new Set<string>();
  return tags.map((tag) => {
    const checked = checkedTag(tag);
    if (seen.has(checked.name)) throw new MetaTagError('duplicate-tag', `tag ${checked.name} occurs twice`);
    seen.add(checked.name);
    return checked;
  });
}

/** A number in the lexical form of xs:double; undefined for what is none, and for INF and NaN, which no tag can be. */
export function parseTagNumber(text: string): number | undefined {
  if (!/^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/.test(text)) return undefined;
  const value = Number(text);
  return Number.isFinite(value) ? value : undefined;
}

function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}
