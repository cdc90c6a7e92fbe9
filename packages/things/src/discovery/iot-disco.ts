import { checkedTag, checkedTags, MetaTagError, parseTagNumber } from './meta-data.ts';
import type { MetaTag } from './meta-tag.ts';

const PREFIX = 'IoTDisco';

/** A string that is no IoTDisco string. `position` is the index (in UTF-16 units) of what is wrong. */
export class IoTDiscoError extends Error {
  override readonly name = 'IoTDiscoError';
  readonly code: 'bad-prefix' | 'bad-tag' | 'bad-escape' | 'bad-number' | 'incomplete';
  readonly position: number;

  constructor(code: IoTDiscoError['code'], message: string, position: number, options?: ErrorOptions) {
    super(`${message} (at character ${position + 1})`, options);
    this.code = code;
    this.position = position;
  }
}

/**
 * The string for the QR code of a Thing, such as `IoTDisco;SN:394872348732948723;#V:1.2;KEY:4857402340298342`: all tags in the
 * order given, with semicolons and backslashes of values escaped by a backslash.
 * @throws MetaTagError
 * @see XEP-0347 §3.9
 */
export function formatIoTDisco(tags: readonly MetaTag[]): string {
  let text = PREFIX;
  for (const tag of checkedTags(tags)) {
    text += tag.type === 'num' ? `;#${tag.name}:${tag.value}` : `;${tag.name}:${tag.value.replace(/[;\\]/g, '\\$&')}`;
  }
  return text;
}

/**
 * The tags of a QR code's string, in its order, names in upper case.
 * @throws IoTDiscoError
 * @see XEP-0347 §3.9
 */
export function parseIoTDisco(text: string): MetaTag[] {
  if (!text.startsWith(PREFIX)) throw new IoTDiscoError('bad-prefix', `expected "${PREFIX}"`, 0);
  const tags: MetaTag[] = [];
  const names = new Set<string>();
  let at = PREFIX.length;
  while (at < text.length) {
    if (text[at] !== ';') throw new IoTDiscoError('bad-prefix', 'expected ";" before a tag', at);
    const start = at + 1;
    const isNumber = text[start] === '#';
    const nameStart = isNumber ? start + 1 : start;
    const colon = text.indexOf(':', nameStart);
    if (colon === -1) throw new IoTDiscoError('incomplete', 'expected ":" after the tag name', text.length);
    const { value, end } = readValue(text, colon + 1);
    const tag = tagOf(text.slice(nameStart, colon), value, isNumber, nameStart, colon + 1);
    if (names.has(tag.name)) throw new IoTDiscoError('bad-tag', `tag ${tag.name} occurs twice`, nameStart);
    names.add(tag.name);
    tags.push(tag);
    at = end;
  }
  return tags;
}

/** Reads up to the next semicolon that is not escaped. */
function readValue(text: string, start: number): { value: string; end: number } {
  let value = '';
  let at = start;
  while (at < text.length && text[at] !== ';') {
    if (text[at] === '\\') {
      at++;
      const escaped = text[at];
      if (escaped === undefined) throw new IoTDiscoError('incomplete', 'expected ";" or "\\" after "\\"', at);
      if (escaped !== ';' && escaped !== '\\') {
        throw new IoTDiscoError('bad-escape', `"\\${escaped}" is no escape: only "\\;" and "\\\\" are`, at - 1);
      }
    }
    value += text[at];
    at++;
  }
  return { value, end: at };
}

function tagOf(name: string, value: string, isNumber: boolean, nameStart: number, valueStart: number): MetaTag {
  const number = isNumber ? parseTagNumber(value) : undefined;
  if (isNumber && number === undefined) throw new IoTDiscoError('bad-number', 'expected a number', valueStart);
  try {
    return checkedTag(number === undefined ? { name, type: 'str', value } : { name, type: 'num', value: number });
  } catch (error) {
    if (!(error instanceof MetaTagError)) throw error;
    const position = error.code === 'bad-tag-name' ? nameStart : valueStart;
    throw new IoTDiscoError('bad-tag', error.message, position, { cause: error });
  }
}
