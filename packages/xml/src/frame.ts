import { Element } from './element.ts';
import { XmlError } from './error.ts';
import { NamespaceScope } from './namespaces.ts';
import { TreeBuilder } from './parse.ts';
import { type ElementScanner, INCOMPLETE, type ScanHandler, SHARED_SCANNER } from './scanner.ts';
import { encodeUtf8 } from './text.ts';

/** What an element is called. */
export interface QName {
  readonly name: string;
  readonly namespace: string;
}

/** Children whose names are read; one with more is for those who build its tree. */
const MAX_CHILDREN_READ = 32;
const NONE: readonly QName[] = [];

/** What routing needs of a top-level element, read in the validating pass. */
export interface FrameHead {
  readonly name: string;
  readonly namespace: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** Name and namespace of the first child element. */
  readonly payload: QName | undefined;
  /** Names of the child elements after the first; undefined when there are too many to read. */
  readonly otherChildren: readonly QName[] | undefined;
  /** Offset just behind the element's name in its bytes: where attributes can be added. */
  readonly nameEnd: number;
  /** Where its start tag declares the default namespace (offsets of `xmlns='...'`); undefined when it takes that of the stream. */
  readonly declaration: { readonly start: number; readonly end: number } | undefined;
  /** Is its name written with a prefix? */
  readonly prefixed: boolean;
}

/** An element as it came in, where that was not as text. */
export interface CodedElement {
  /** What says how it is coded: forms are alike where this is the same object. */
  readonly coding: object;
  readonly bytes: Uint8Array;
}

/** One complete, valid top-level element of a stream: its bytes, its head, and its tree when somebody asks for it. */
export class Frame {
  /** Exactly the element's bytes: they stay valid for good. */
  readonly bytes: Uint8Array;
  /** True when the bytes mean the same in any stream of the same default namespace: no prefix is taken from the stream header. */
  readonly selfContained: boolean;
  /** Prefixes bound around it; '' is the default namespace. */
  readonly bindings: Readonly<Record<string, string>>;
  /** Undefined where it came as text, or its bytes were not kept. */
  readonly coded: CodedElement | undefined;
  #head: FrameHead | undefined;
  #element: Element | undefined;

  /**
   * @param head read again from the bytes when undefined
   * @param bindings prefixes bound around it; '' is the default namespace
   */
  constructor(
    bytes: Uint8Array,
    head: FrameHead | undefined,
    selfContained: boolean,
    bindings: Readonly<Record<string, string>>,
    coded?: CodedElement,
  ) {
    this.bytes = bytes;
    this.#head = head;
    this.selfContained = selfContained;
    this.bindings = bindings;
    this.coded = coded;
  }

  /**
   * Reads bytes that hold exactly one element with nothing around it, such as a WebSocket message (RFC 7395 §3.3).
   * @param bindings prefixes bound around it; '' is the default namespace
   * @throws XmlError
   */
  static parse(bytes: Uint8Array, bindings: Readonly<Record<string, string>> = {}): Frame {
    return new Frame(bytes, readHead(bytes, bindings), !SHARED_SCANNER.usesOuterPrefix, bindings);
  }

  /**
   * An element that another process has read and validated.
   * @param isSimple has it one child element at most? Then no more than its first two start tags are read
   */
  static validated(
    bytes: Uint8Array,
    bindings: Readonly<Record<string, string>>,
    selfContained: boolean,
    isSimple: boolean,
  ): Frame {
    return new Frame(bytes, isSimple ? readLead(bytes, bindings) : undefined, selfContained, bindings);
  }

  /**
   * An element that did not come as text, written down.
   * @param namespace the default one of the stream
   */
  static written(element: Element, namespace: string, coded?: CodedElement): Frame {
    const bytes = encodeUtf8(element.toString(namespace));
    const frame = new Frame(bytes, writtenHead(element, namespace), true, { '': namespace }, coded);
    frame.#element = element;
    return frame;
  }

  get head(): FrameHead {
    this.#head ??= readHead(this.bytes, this.bindings);
    return this.#head;
  }

  /** The element's tree, built on first use. */
  get element(): Element {
    this.#element ??= this.#tree();
    return this.#element;
  }

  /** The element's tree with its own namespace read as another: how a stanza goes from one kind of stream to another (RFC 6120 §4.8.3). */
  elementIn(namespace: string): Element {
    const own = this.element.namespace;
    return own === namespace ? this.element : renamed(this.element, own, namespace);
  }

  #tree(): Element {
    const builder = new TreeBuilder();
    SHARED_SCANNER.scan(this.bytes, 0, this.bytes.length, builder, new NamespaceScope(this.bindings));
    return builder.take();
  }
}

/** @returns undefined where it has to be read from the bytes */
function writtenHead(element: Element, namespace: string): FrameHead | undefined {
  const { name, attributes, elements } = element;
  if (element.namespace !== namespace || elements.length > MAX_CHILDREN_READ) return undefined;
  const [payload, ...otherChildren] = elements.map((child) => ({ name: child.name, namespace: child.namespace }));
  return {
    name,
    namespace,
    attributes,
    payload,
    otherChildren,
    nameEnd: name.length + 1,
    declaration: undefined,
    prefixed: false,
  };
}

function renamed(element: Element, from: string, to: string): Element {
  const children = element.children.map((child) => (typeof child === 'string' ? child : renamed(child, from, to)));
  const namespace = element.namespace === from ? to : element.namespace;
  return new Element(element.name, namespace, element.attributes, children);
}

function readHead(bytes: Uint8Array, bindings: Readonly<Record<string, string>>): FrameHead {
  if (bytes[0] !== 0x3c) throw new XmlError('not-well-formed', 'expected <', 0);
  const head = new HeadReader();
  const end = SHARED_SCANNER.scan(bytes, 0, bytes.length, head, new NamespaceScope(bindings));
  if (end !== bytes.length) {
    throw new XmlError('not-well-formed', 'expected exactly one element', end === INCOMPLETE ? bytes.length : end);
  }
  return head.take();
}

/** The head of a valid element without reading more than it takes: its start tag and that of its only child. */
function readLead(bytes: Uint8Array, bindings: Readonly<Record<string, string>>): FrameHead {
  const head = new HeadReader();
  SHARED_SCANNER.scan(bytes, 0, bytes.length, head, new NamespaceScope(bindings), 2);
  return head.take();
}

/** Reads the head of an element, ignoring the rest. */
export class HeadReader implements ScanHandler {
  #name = '';
  #namespace = '';
  #attributes: Record<string, string> = {};
  #payload: QName | undefined;
  #otherChildren: readonly QName[] | undefined = NONE;
  #nameEnd = 0;
  #declaration: { start: number; end: number } | undefined;
  #prefixed = false;

  open(scanner: ElementScanner, depth: number): void {
    if (depth === 0) {
      this.#name = scanner.localName();
      this.#namespace = scanner.namespace();
      this.#attributes = {};
      this.#payload = undefined;
      this.#otherChildren = NONE;
      this.#nameEnd = scanner.nameEnd;
      this.#declaration = undefined;
      this.#prefixed = scanner.nameColon !== -1;
      for (let i = 0; i < scanner.attributeCount; i++) {
        const prefix = scanner.declaredPrefix(i);
        if (prefix === '') {
          const start = scanner.attributeNameStart[i] as number;
          this.#declaration = { start, end: (scanner.attributeValueEnd[i] as number) + 1 };
        }
        if (prefix === undefined) this.#attributes[scanner.attributeName(i)] = scanner.attributeValue(i);
      }
    } else if (depth === 1) {
      if (this.#payload === undefined) this.#payload = nameOf(scanner);
      else if (this.#otherChildren) this.#otherChildren = withOther(this.#otherChildren, scanner);
    }
  }

  text(): void {}
  cdata(): void {}
  close(): void {}

  /** The head of the element just scanned. */
  take(): FrameHead {
    return {
      name: this.#name,
      namespace: this.#namespace,
      attributes: this.#attributes,
      payload: this.#payload,
      otherChildren: this.#otherChildren,
      nameEnd: this.#nameEnd,
      declaration: this.#declaration,
      prefixed: this.#prefixed,
    };
  }
}

function nameOf(scanner: ElementScanner): QName {
  return { name: scanner.localName(), namespace: scanner.namespace() };
}

function withOther(others: readonly QName[], scanner: ElementScanner): readonly QName[] | undefined {
  return others.length < MAX_CHILDREN_READ ? [...others, nameOf(scanner)] : undefined;
}
