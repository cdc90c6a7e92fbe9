import { encodeUtf8, NamespaceScope, XML_NAMESPACE, XMLNS_NAMESPACE, XmlError } from '@thingward/xml';
import type { ExiEvent } from '../events.ts';
import { isNcName, isXmlCharacter } from './characters.ts';

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', apos: "'", quot: '"' };
const MAX_DEPTH = 1024;

/**
 * The events of an XML document, with the comments, processing instructions and document type that XMPP does without. It reads no
 * external entity and expands no entity but the five predefined ones: others become events.
 * @throws XmlError
 * @see XML 1.0 §2; Namespaces in XML 1.0
 */
export function* xmlEvents(text: string): Generator<ExiEvent> {
  yield { kind: 'startDocument' };
  yield* new XmlEventReader(text).events();
  yield { kind: 'endDocument' };
}

interface ReadAttribute {
  readonly name: string;
  readonly value: string;
  readonly at: number;
}

class XmlEventReader {
  readonly #text: string;
  readonly #scope = new NamespaceScope();
  readonly #open: { readonly name: string; readonly mark: number }[] = [];
  #at = 0;
  #hasRoot = false;

  constructor(text: string) {
    this.#text = text.replace(/\r\n?/g, '\n');
  }

  *events(): Generator<ExiEvent> {
    if (this.#text.charCodeAt(0) === 0xfeff) this.#at = 1;
    if (/^<\?xml\s/.test(this.#text.slice(this.#at, this.#at + 6))) this.#at = this.#find('?>') + 2;
    while (this.#at < this.#text.length) {
      if (this.#text[this.#at] !== '<') yield* this.#characters();
      else if (this.#starts('<!--')) yield this.#comment();
      else if (this.#starts('<![CDATA[')) yield this.#cdata();
      else if (this.#starts('<!DOCTYPE')) yield this.#docType();
      else if (this.#starts('<?')) yield this.#processingInstruction();
      else if (this.#starts('</')) yield this.#endTag();
      else yield* this.#startTag();
    }
    if (this.#open.length > 0) throw this.#error(`<${this.#open.at(-1)?.name}> is not closed`);
    if (!this.#hasRoot) throw this.#error('no element');
  }

  *#characters(): Generator<ExiEvent> {
    const end = this.#text.indexOf('<', this.#at);
    const stop = end === -1 ? this.#text.length : end;
    const start = this.#at;
    const raw = this.#text.slice(start, stop);
    if (this.#open.length === 0) {
      if (!/^[ \t\n]*$/.test(raw)) throw this.#error('text outside of the root element');
      this.#at = stop;
      return;
    }
    if (raw.includes(']]>')) throw this.#error(']]> in character data');
    let text = '';
    for (const part of raw.split(/(&[^;]*;?)/)) {
      if (part.startsWith('&')) {
        const resolved = this.#reference(part);
        if (resolved !== undefined) text += resolved;
        else {
          if (text !== '') yield { kind: 'text', text };
          text = '';
          yield { kind: 'entityReference', name: part.slice(1, -1) };
        }
      } else {
        this.#check(part);
        text += part;
      }
      this.#at += part.length;
    }
    if (text !== '') yield { kind: 'text', text };
  }

  /** @returns undefined for an entity that is not predefined */
  #reference(reference: string): string | undefined {
    const match = /^&(?:#(\d{1,7})|#x([0-9a-fA-F]{1,6})|([^;#]+));$/.exec(reference);
    if (!match) throw this.#error('& does not begin a reference');
    const [, decimal, hex, name] = match;
    if (name !== undefined) {
      if (!isNcName(name)) throw this.#error('& does not begin a reference');
      return Object.hasOwn(ENTITIES, name) ? ENTITIES[name] : undefined;
    }
    const codePoint = decimal === undefined ? Number.parseInt(hex as string, 16) : Number(decimal);
    if (!isXmlCharacter(codePoint)) throw this.#error(`${reference} is not a character allowed in XML`);
    return String.fromCodePoint(codePoint);
  }

  #comment(): ExiEvent {
    const end = this.#find('--', this.#at + 4);
    if (this.#text[end + 2] !== '>') throw this.#error('-- inside a comment');
    const text = this.#text.slice(this.#at + 4, end);
    this.#check(text);
    this.#at = end + 3;
    return { kind: 'comment', text };
  }

  #cdata(): ExiEvent {
    if (this.#open.length === 0) throw this.#error('text outside of the root element');
    const end = this.#find(']]>');
    const text = this.#text.slice(this.#at + 9, end);
    this.#check(text);
    this.#at = end + 3;
    return { kind: 'text', text };
  }

  #processingInstruction(): ExiEvent {
    const end = this.#find('?>');
    const [target = '', data = ''] = splitOnce(this.#text.slice(this.#at + 2, end));
    if (!isNcName(target) || target.toLowerCase() === 'xml') throw this.#error('no name of a processing instruction');
    this.#check(data);
    this.#at = end + 2;
    return { kind: 'processingInstruction', target, data };
  }

  #docType(): ExiEvent {
    if (this.#hasRoot || this.#open.length > 0) throw this.#error('a document type behind the root element begins');
    const match =
      /^<!DOCTYPE\s+([^\s[>]+)\s*(?:SYSTEM\s+("[^"]*"|'[^']*')|PUBLIC\s+("[^"]*"|'[^']*')\s+("[^"]*"|'[^']*'))?\s*(?:\[((?:"[^"]*"|'[^']*'|<!--[\s\S]*?-->|[^\]"'])*)\])?\s*>/.exec(
        this.#text.slice(this.#at),
      );
    if (!match) throw this.#error('expected a document type declaration');
    const [whole, name = '', system, publicId = '""', publicSystem = '""', text = ''] = match;
    this.#at += whole.length;
    const unquoted = (quoted: string) => quoted.slice(1, -1);
    return {
      kind: 'docType',
      name,
      publicId: unquoted(publicId),
      systemId: unquoted(system ?? publicSystem),
      text,
    };
  }

  *#startTag(): Generator<ExiEvent> {
    const start = this.#at;
    if (this.#open.length === 0 && this.#hasRoot) throw this.#error('something follows the element');
    if (this.#open.length >= MAX_DEPTH) throw new XmlError('too-deep', `elements nest deeper than ${MAX_DEPTH}`, 0);
    this.#at++;
    const name = this.#name();
    const attributes: ReadAttribute[] = [];
    while (this.#match(/[ \t\n]+(?=[^ \t\n/>])/y) !== undefined) attributes.push(this.#attribute());
    const close = this.#match(/[ \t\n]*(\/?)>/y);
    if (close === undefined) throw this.#error('expected an attribute or >');
    this.#hasRoot = true;
    const mark = this.#scope.mark;
    const declarations = attributes.filter((attribute) => declaredPrefix(attribute.name) !== undefined);
    for (const { name: attribute, value, at } of declarations) {
      const prefix = declaredPrefix(attribute) as string;
      const isReserved =
        prefix === 'xmlns' || value === XMLNS_NAMESPACE || (prefix === 'xml') !== (value === XML_NAMESPACE);
      if (isReserved) throw this.#error('the prefixes xml and xmlns are reserved', at);
      if (prefix !== '' && value === '') throw this.#error(`prefix ${prefix} undeclared`, at);
      this.#scope.declare(prefix, value);
    }
    const { prefix, local, namespace } = this.#resolve(name, start, true);
    yield { kind: 'startElement', namespace, name: local, prefix };
    for (const { name: attribute, value } of declarations) {
      const declared = declaredPrefix(attribute) as string;
      yield { kind: 'namespace', prefix: declared, namespace: value, isElementPrefix: declared === prefix };
    }
    const seen = new Set<string>();
    for (const attribute of attributes) {
      if (declaredPrefix(attribute.name) !== undefined) continue;
      const resolved = this.#resolve(attribute.name, attribute.at, false);
      const key = `{${resolved.namespace}}${resolved.local}`;
      if (seen.has(key)) throw this.#error(`attribute ${attribute.name} appears twice`, attribute.at);
      seen.add(key);
      const { value } = attribute;
      yield { kind: 'attribute', namespace: resolved.namespace, name: resolved.local, prefix: resolved.prefix, value };
    }
    if (close.includes('/')) {
      this.#scope.release(mark);
      yield { kind: 'endElement' };
    } else {
      this.#open.push({ name, mark });
    }
  }

  #endTag(): ExiEvent {
    const open = this.#open.pop();
    const match = this.#match(/<\/([^ \t\n>]+)[ \t\n]*>/y);
    if (open === undefined || match === undefined || match.slice(2).replace(/[ \t\n]*>$/, '') !== open.name) {
      throw this.#error(open === undefined ? 'an end tag without a start tag' : `expected the end tag </${open.name}>`);
    }
    this.#scope.release(open.mark);
    return { kind: 'endElement' };
  }

  #attribute(): ReadAttribute {
    const at = this.#at;
    const name = this.#name();
    const quoted = this.#match(/[ \t\n]*=[ \t\n]*(?:"[^"<]*"|'[^'<]*')/y);
    if (quoted === undefined) throw this.#error('expected = and a quoted value after an attribute name');
    const raw = quoted.replace(/^[ \t\n]*=[ \t\n]*./, '').slice(0, -1);
    this.#check(raw);
    const value = raw.replace(/[\t\n]/g, ' ').replace(/&[^;]*;?/g, (reference) => {
      const resolved = this.#reference(reference);
      if (resolved === undefined) throw this.#error(`entity ${reference} in an attribute value`, at);
      return resolved;
    });
    return { name, value, at };
  }

  #resolve(name: string, at: number, isElement: boolean): { prefix: string; local: string; namespace: string } {
    const colon = name.indexOf(':');
    const prefix = colon === -1 ? '' : name.slice(0, colon);
    const local = name.slice(colon + 1);
    if (!isNcName(local) || (colon !== -1 && !isNcName(prefix))) throw this.#error(`${name} is no name`, at);
    const namespace = prefix === '' && !isElement ? '' : this.#scope.lookup(prefix);
    if (namespace === undefined) {
      throw new XmlError('bad-namespace-prefix', `prefix ${prefix} is not bound to a namespace`, this.#offset(at));
    }
    return { prefix, local, namespace };
  }

  #name(): string {
    const name = this.#match(/[^ \t\n/>=<"'&]+/y);
    if (name === undefined) throw this.#error('expected a name');
    return name;
  }

  #match(sticky: RegExp): string | undefined {
    sticky.lastIndex = this.#at;
    const match = sticky.exec(this.#text);
    if (match === null) return undefined;
    this.#at += match[0].length;
    return match[0];
  }

  #starts(what: string): boolean {
    return this.#text.startsWith(what, this.#at);
  }

  #find(what: string, from = this.#at): number {
    const found = this.#text.indexOf(what, from);
    if (found === -1) throw this.#error(`expected ${what}`);
    return found;
  }

  #check(text: string): void {
    for (const character of text) {
      if (!isXmlCharacter(character.codePointAt(0) as number)) throw this.#error('character not allowed in XML');
    }
  }

  #error(message: string, at = this.#at): XmlError {
    return new XmlError('not-well-formed', message, this.#offset(at));
  }

  /** In bytes, as far as line ends were not normalised. */
  #offset(at: number): number {
    return encodeUtf8(this.#text.slice(0, at)).length;
  }
}

function declaredPrefix(name: string): string | undefined {
  if (name === 'xmlns') return '';
  return name.startsWith('xmlns:') ? name.slice(6) : undefined;
}

/** At the first white space. */
function splitOnce(text: string): readonly string[] {
  const match = /^(\S*)\s*([\s\S]*)$/.exec(text);
  return [match?.[1] ?? '', match?.[2] ?? ''];
}
