import {
  declarationLength,
  ElementScanner,
  INCOMPLETE,
  NamespaceScope,
  type ScanHandler,
  XmlError,
} from '@thingward/xml';
import type { Budget } from './budget.ts';
import { blankMarkup } from './markup.ts';
import { SCHEMA_NAMESPACE } from './names.ts';
import { type Bindings, listOf, type NodeAttribute, SchemaNode } from './node.ts';
import type { SchemaSource } from './source.ts';
import { vocabularyEntry } from './vocabulary.ts';

const MAX_ATTRIBUTES = 64;

/**
 * Reads a schema document into its elements, annotations left out, and checks that each may be where it is.
 * @throws SchemaError
 */
export function readDocument(source: SchemaSource, budget: Budget): SchemaNode {
  const bytes = blankMarkup(source);
  try {
    // A byte order mark is blank by now.
    let start = bytes[0] === 0x20 && bytes[3] === 0x3c ? 3 : 0;
    start += declarationLength(bytes, start, bytes.length);
    while (isSpace(bytes[start])) start++;
    if (bytes[start] !== 0x3c) throw source.error('not-well-formed', 'expected the element xs:schema', start);
    const scanner = new ElementScanner({ maxDepth: budget.limits.maxNesting, maxAttributes: MAX_ATTRIBUTES });
    const reader = new NodeReader(source, budget);
    let end = scanner.scan(bytes, start, bytes.length, reader, new NamespaceScope());
    if (end === INCOMPLETE) throw source.error('not-well-formed', 'the document ends inside an element', bytes.length);
    while (isSpace(bytes[end])) end++;
    if (end < bytes.length) throw source.error('not-well-formed', 'something follows the element xs:schema', end);
    return reader.root as SchemaNode;
  } catch (error) {
    if (!(error instanceof XmlError)) throw error;
    const code = error.code.startsWith('too-') ? 'limit-exceeded' : 'not-well-formed';
    const message = error.message.replace(/ \(at byte \d+\)$/, '');
    throw source.error(code, message, error.offset, { cause: error });
  }
}

class NodeReader implements ScanHandler {
  root: SchemaNode | undefined;
  readonly #source: SchemaSource;
  readonly #budget: Budget;
  readonly #open: SchemaNode[] = [];
  /** Depth of the annotation being skipped. */
  #skipped = Number.POSITIVE_INFINITY;

  constructor(source: SchemaSource, budget: Budget) {
    this.#source = source;
    this.#budget = budget;
  }

  open(scanner: ElementScanner, depth: number): void {
    if (depth > this.#skipped) return;
    const offset = scanner.tagStart;
    const parent = this.#open.at(-1);
    const name = scanner.localName();
    if (scanner.namespace() !== SCHEMA_NAMESPACE) {
      const where = parent ? `in xs:${parent.name}` : 'as the root';
      throw this.#source.error('bad-structure', `${name} ${where} is not an element of XML Schema`, offset);
    }
    if (!parent && name !== 'schema') {
      throw this.#source.error('bad-structure', `expected the element xs:schema, found xs:${name}`, offset);
    }
    const allowed = parent && vocabularyEntry(parent.parent?.name, parent.name)?.children;
    if (allowed && !allowed.includes(name)) {
      const expected = allowed.length > 1 ? listOf(allowed) : 'nothing but an annotation';
      throw this.#source.error('bad-structure', `xs:${name} in xs:${parent.name}: expected ${expected}`, offset);
    }
    if (parent) this.#checkOrder(parent, name, offset);
    if (name === 'redefine') {
      const message = 'xs:redefine is not taken: include the document and derive new types';
      throw this.#source.error('unsupported', message, offset);
    }
    if (name === 'annotation') {
      this.#skipped = depth;
      return;
    }
    this.#budget.component(this.#source, offset);
    const node = new SchemaNode(
      name,
      offset,
      this.#source,
      this.#bindings(scanner, parent?.bindings),
      this.#attributes(scanner, parent, name),
      parent,
    );
    if (parent) parent.children.push(node);
    else this.root = node;
    this.#open.push(node);
  }

  #checkOrder(parent: SchemaNode, name: string, offset: number): void {
    const ranks = vocabularyEntry(parent.parent?.name, parent.name)?.ranks;
    const last = parent.children.at(-1);
    // An annotation comes first; only among the declarations of a schema it may be anywhere.
    const isEarlier =
      name === 'annotation'
        ? parent.parent !== undefined
        : (ranks?.get(name) ?? 0) < (ranks?.get(last?.name ?? '') ?? 0);
    if (last && isEarlier) {
      throw this.#source.error('bad-structure', `xs:${name} has to come before xs:${last.name}`, offset);
    }
  }

  #bindings(scanner: ElementScanner, outer: Bindings | undefined): Bindings | undefined {
    let own: Map<string, string> | undefined;
    for (let i = 0; i < scanner.attributeCount; i++) {
      const prefix = scanner.declaredPrefix(i);
      if (prefix === undefined) continue;
      own ??= new Map();
      own.set(prefix, scanner.attributeValue(i));
    }
    return own ? { own, outer } : outer;
  }

  #attributes(scanner: ElementScanner, parent: SchemaNode | undefined, element: string): Map<string, NodeAttribute> {
    const attributes = new Map<string, NodeAttribute>();
    const allowed = vocabularyEntry(parent?.name, element)?.attributes ?? [];
    for (let i = 0; i < scanner.attributeCount; i++) {
      if (scanner.declaredPrefix(i) !== undefined) continue;
      const name = scanner.attributeName(i);
      // Attributes of other namespaces are for other tools, xml:lang for annotations.
      if (name.startsWith('{') || name.startsWith('xml:')) continue;
      const offset = scanner.attributeNameStart[i] as number;
      if (!allowed.includes(name)) {
        const where = parent?.name === 'schema' ? `a global xs:${element}` : `xs:${element}`;
        throw this.#source.error(
          'bad-structure',
          `${where} has no attribute ${name} here: expected ${allowed.join(', ')}`,
          offset,
        );
      }
      attributes.set(name, { value: scanner.attributeValue(i), offset });
    }
    return attributes;
  }

  text(scanner: ElementScanner, start: number, end: number): void {
    if (this.#skipped !== Number.POSITIVE_INFINITY) return;
    for (let at = start; at < end; at++) if (!isSpace(scanner.bytes[at])) throw this.#stray(at);
  }

  cdata(_scanner: ElementScanner, start: number, end: number): void {
    if (this.#skipped === Number.POSITIVE_INFINITY && end > start) throw this.#stray(start);
  }

  #stray(offset: number) {
    const name = this.#open.at(-1)?.name;
    return this.#source.error('bad-structure', `xs:${name} holds elements, not text`, offset);
  }

  close(_scanner: ElementScanner, depth: number): void {
    if (depth < this.#skipped) this.#open.pop();
    else if (depth === this.#skipped) this.#skipped = Number.POSITIVE_INFINITY;
  }
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x09 || byte === 0x0d;
}
