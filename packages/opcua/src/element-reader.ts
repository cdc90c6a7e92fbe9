import type { Element } from '@thingward/xml';
import { OpcUaError } from './error.ts';
import { type AnyScalar, SCALARS } from './scalars.ts';
import { type OpcUaText, parseNullable } from './text.ts';

/** Where an element is in its packet, for errors. */
export type ElementPath = string;

export function malformedXml(path: ElementPath, problem: string): OpcUaError {
  return new OpcUaError('malformed-xml', `${path}: ${problem}`);
}

/**
 * What is in an element, each part taken once: what is left over in the end could mean something to others, and is refused.
 */
export class ElementReader {
  readonly path: ElementPath;
  readonly #element: Element;
  readonly #attributes: Set<string>;
  readonly #children: Element[];
  #hasText: boolean;

  constructor(element: Element, path: ElementPath) {
    this.path = path;
    this.#element = element;
    this.#attributes = new Set(Object.keys(element.attributes));
    this.#children = [...element.elements];
    this.#hasText = element.children.some((child) => typeof child === 'string' && child.trim() !== '');
  }

  /** The attribute as it is written; undefined when there is none. */
  text(name: string): string | undefined {
    this.#attributes.delete(name);
    return this.#element.attribute(name);
  }

  /** A value of a type; undefined when there is none. @throws OpcUaError `malformed-xml` */
  optional<Value>(name: string, type: string): Value | undefined {
    const text = this.text(name);
    return text === undefined
      ? undefined
      : (parseScalar(SCALARS.get(type) as AnyScalar, text, `${this.path}/@${name}`) as Value);
  }

  /** A value, or what is meant where there is none. @throws OpcUaError `malformed-xml` */
  scalar(name: string, scalar: AnyScalar): unknown {
    const text = this.text(name);
    if (text !== undefined) return parseScalar(scalar, text, `${this.path}/@${name}`);
    if (scalar.absent === undefined) throw malformedXml(`${this.path}/@${name}`, 'is missing');
    return scalar.absent;
  }

  /** A text that may be null where it is there. @throws OpcUaError `malformed-xml` */
  nullable(name: string): OpcUaText | null | undefined {
    const written = this.text(name);
    if (written === undefined) return undefined;
    const value = parseNullable(written);
    if (value === undefined) throw malformedXml(`${this.path}/@${name}`, 'backslashes are doubled, octets are \\xHH');
    return value;
  }

  /** The next child, which there must be. @throws OpcUaError `malformed-xml` */
  next(): Element {
    const child = this.#children.shift();
    if (!child) throw malformedXml(this.path, 'an element is missing');
    if (child.namespace !== this.#element.namespace)
      throw malformedXml(`${this.path}/${child.name}`, 'is of another namespace');
    return child;
  }

  /** The next child, if it has this name. */
  nextNamed(name: string): Element | undefined {
    return this.#children[0]?.name === name ? this.next() : undefined;
  }

  get hasMore(): boolean {
    return this.#children.length > 0;
  }

  /** The content as text. */
  content(): string {
    this.#hasText = false;
    return this.#element.children.filter((child) => typeof child === 'string').join('');
  }

  /** @throws OpcUaError `malformed-xml` for anything that was not taken */
  end(): void {
    const [attribute] = this.#attributes;
    if (attribute !== undefined) throw malformedXml(`${this.path}/@${attribute}`, 'no such attribute here');
    const [child] = this.#children;
    if (child) throw malformedXml(`${this.path}/${child.name}`, 'no such element here');
    if (this.#hasText) throw malformedXml(this.path, 'holds text');
  }
}

/** @throws OpcUaError `malformed-xml` */
export function parseScalar(scalar: AnyScalar, text: string, path: ElementPath): unknown {
  const value = scalar.parse(text);
  if (value === undefined) throw malformedXml(path, `${JSON.stringify(text.slice(0, 80))} is not ${scalar.expected}`);
  return value;
}
