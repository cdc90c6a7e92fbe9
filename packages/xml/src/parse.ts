import { attributeRecord } from './attribute-record.ts';
import { type Attributes, Element } from './element.ts';
import { XmlError } from './error.ts';
import { NamespaceScope } from './namespaces.ts';
import { type ElementScanner, INCOMPLETE, type ScanHandler, SHARED_SCANNER } from './scanner.ts';
import { decodeText, decodeUtf8, encodeUtf8, normaliseLineEnds } from './text.ts';

interface OpenElement {
  readonly name: string;
  readonly namespace: string;
  readonly attributes: Attributes;
  readonly children: (Element | string)[];
}

/** Builds the tree of one element from a scan. */
export class TreeBuilder implements ScanHandler {
  #open: OpenElement[] = [];
  #root: Element | undefined;

  /** The finished element; of a start tag scanned alone, the element without content. */
  take(): Element {
    const unfinished = this.#open[0];
    const root =
      this.#root ?? (unfinished && new Element(unfinished.name, unfinished.namespace, unfinished.attributes, []));
    if (root === undefined) throw new XmlError('incomplete', 'no element was read', 0);
    this.#open = [];
    this.#root = undefined;
    return root;
  }

  open(scanner: ElementScanner): void {
    const attributes = attributeRecord();
    for (let i = 0; i < scanner.attributeCount; i++) {
      if (scanner.declaredPrefix(i) === undefined) attributes[scanner.attributeName(i)] = scanner.attributeValue(i);
    }
    this.#open.push({ name: scanner.localName(), namespace: scanner.namespace(), attributes, children: [] });
  }

  text(scanner: ElementScanner, start: number, end: number, plain: boolean): void {
    const raw = decodeUtf8(scanner.bytes, start, end);
    this.#append(plain ? raw : decodeText(raw, start));
  }

  cdata(scanner: ElementScanner, start: number, end: number): void {
    if (end > start) this.#append(normaliseLineEnds(decodeUtf8(scanner.bytes, start, end)));
  }

  /** Adjacent runs (text, CDATA) become one string, as in the infoset. */
  #append(text: string): void {
    const { children } = this.#open.at(-1) as OpenElement;
    const last = children.at(-1);
    if (typeof last === 'string') children[children.length - 1] = last + text;
    else children.push(text);
  }

  close(): void {
    const { name, namespace, attributes, children } = this.#open.pop() as OpenElement;
    const element = new Element(name, namespace, attributes, children);
    const parent = this.#open.at(-1);
    if (parent) parent.children.push(element);
    else this.#root = element;
  }
}

/** `<?xml version='1.0' encoding='UTF-8'?>`, the one thing allowed before an element (RFC 6120 §11.5, §11.6). */
const DECLARATION =
  /^<\?xml\s+version\s*=\s*(["'])1\.\d\1(?:\s+encoding\s*=\s*(["'])([A-Za-z][\w.-]*)\2)?(?:\s+standalone\s*=\s*(["'])(?:yes|no)\4)?\s*\?>/;

/**
 * Length in bytes of the XML declaration at `start`; 0 when there is none.
 * @throws XmlError when there is something else that begins with `<?`, or another encoding than UTF-8
 */
export function declarationLength(bytes: Uint8Array, start: number, end: number): number {
  if (bytes[start] !== 0x3c || bytes[start + 1] !== 0x3f) return 0;
  const text = String.fromCharCode(...bytes.subarray(start, Math.min(end, start + 128)));
  const match = DECLARATION.exec(text);
  if (!match) {
    const code = text.startsWith('<?xml ') ? 'not-well-formed' : 'restricted-xml';
    throw new XmlError(code, 'expected an XML declaration', start);
  }
  if (match[3] !== undefined && match[3].toUpperCase() !== 'UTF-8') {
    throw new XmlError('unsupported-encoding', `encoding ${match[3]}: only UTF-8 is accepted`, start);
  }
  return match[0].length;
}

/**
 * Parses text or bytes that hold exactly one element, with white space and an XML declaration around it at most.
 * @param bindings prefixes bound around it; '' is the default namespace
 * @throws XmlError
 */
export function parseElement(input: Uint8Array | string, bindings: Readonly<Record<string, string>> = {}): Element {
  const bytes = typeof input === 'string' ? encodeUtf8(input) : input;
  let start = declarationLength(bytes, 0, bytes.length);
  while (isSpace(bytes[start])) start++;
  if (start >= bytes.length) throw new XmlError('incomplete', 'no element', start);
  if (bytes[start] !== 0x3c) throw new XmlError('not-well-formed', 'expected <', start);
  const builder = new TreeBuilder();
  let end = SHARED_SCANNER.scan(bytes, start, bytes.length, builder, new NamespaceScope(bindings));
  if (end === INCOMPLETE) throw new XmlError('incomplete', 'the input ends inside an element', bytes.length);
  while (isSpace(bytes[end])) end++;
  if (end < bytes.length) throw new XmlError('not-well-formed', 'something follows the element', end);
  return builder.take();
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x09 || byte === 0x0d;
}
