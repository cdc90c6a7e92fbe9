import type { Element } from './element.ts';
import { XmlError } from './error.ts';
import { NamespaceScope } from './namespaces.ts';
import { TreeBuilder } from './parse.ts';
import { type ElementScanner, INCOMPLETE, type ScanHandler, SHARED_SCANNER } from './scanner.ts';

/** What routing needs of a top-level element, read in the validating pass. */
export interface FrameHead {
  readonly name: string;
  readonly namespace: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** Name and namespace of the first child element. */
  readonly payload: { readonly name: string; readonly namespace: string } | undefined;
  /** Offset just behind the element's name in its bytes: where attributes can be added. */
  readonly nameEnd: number;
  /** Does its start tag declare the default namespace? If not, it takes that of the stream. */
  readonly declaresNamespace: boolean;
}

/** One complete, valid top-level element of a stream: its bytes, its head, and its tree when somebody asks for it. */
export class Frame {
  /** Exactly the element's bytes: they stay valid for good. */
  readonly bytes: Uint8Array;
  readonly head: FrameHead;
  /** True when the bytes mean the same in any stream of the same default namespace: no prefix is taken from the stream header. */
  readonly selfContained: boolean;
  readonly #bindings: Readonly<Record<string, string>>;
  #element: Element | undefined;

  constructor(bytes: Uint8Array, head: FrameHead, selfContained: boolean, bindings: Readonly<Record<string, string>>) {
    this.bytes = bytes;
    this.head = head;
    this.selfContained = selfContained;
    this.#bindings = bindings;
  }

  /**
   * Reads bytes that hold exactly one element with nothing around it, such as a WebSocket message (RFC 7395 §3.3).
   * @throws XmlError
   */
  static parse(bytes: Uint8Array): Frame {
    if (bytes[0] !== 0x3c) throw new XmlError('not-well-formed', 'expected <', 0);
    const head = new HeadReader();
    const end = SHARED_SCANNER.scan(bytes, 0, bytes.length, head, new NamespaceScope());
    if (end !== bytes.length) {
      throw new XmlError('not-well-formed', 'expected exactly one element', end === INCOMPLETE ? bytes.length : end);
    }
    return new Frame(bytes, head.take(), true, {});
  }

  /** The element's tree, built on first use. */
  get element(): Element {
    if (this.#element === undefined) {
      const builder = new TreeBuilder();
      SHARED_SCANNER.scan(this.bytes, 0, this.bytes.length, builder, new NamespaceScope(this.#bindings));
      this.#element = builder.take();
    }
    return this.#element;
  }
}

/** Reads the head of an element, ignoring the rest. */
export class HeadReader implements ScanHandler {
  #name = '';
  #namespace = '';
  #attributes: Record<string, string> = {};
  #payload: { name: string; namespace: string } | undefined;
  #nameEnd = 0;
  #declaresNamespace = false;

  open(scanner: ElementScanner, depth: number): void {
    if (depth === 0) {
      this.#name = scanner.localName();
      this.#namespace = scanner.namespace();
      this.#attributes = {};
      this.#payload = undefined;
      this.#nameEnd = scanner.nameEnd;
      this.#declaresNamespace = false;
      for (let i = 0; i < scanner.attributeCount; i++) {
        const prefix = scanner.declaredPrefix(i);
        if (prefix === '') this.#declaresNamespace = true;
        if (prefix === undefined) this.#attributes[scanner.attributeName(i)] = scanner.attributeValue(i);
      }
    } else if (depth === 1 && this.#payload === undefined) {
      this.#payload = { name: scanner.localName(), namespace: scanner.namespace() };
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
      nameEnd: this.#nameEnd,
      declaresNamespace: this.#declaresNamespace,
    };
  }
}
