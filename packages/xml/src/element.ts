import { attributeRecord } from './attribute-record.ts';
import { escapeAttribute, escapeText } from './text.ts';

/** Attributes by name; a namespaced one is named `{namespace}name`, those of the XML namespace `xml:lang` and the like. */
export type Attributes = Readonly<Record<string, string>>;

/** What a builder accepts as attribute values: numbers and booleans as XSD writes them; undefined leaves the attribute out. */
export type AttributeInput = Readonly<Record<string, string | number | boolean | undefined>>;

/** What a builder accepts as content: undefined and null leave it out, arrays are spread. */
export type Content = Element | string | undefined | null | readonly Content[];

/**
 * One XML element by expanded name. Prefixes are not kept: only namespaces mean something.
 * Elements are values: nothing changes after they were built.
 */
export class Element {
  /** Local name. */
  readonly name: string;
  readonly attributes: Attributes;
  readonly children: readonly (Element | string)[];
  #namespace: string | undefined;

  constructor(
    name: string,
    namespace: string | undefined,
    attributes: Attributes,
    children: readonly (Element | string)[],
  ) {
    this.name = name;
    this.#namespace = namespace;
    this.attributes = attributes;
    this.children = children;
    if (namespace !== undefined) this.#adopt();
  }

  /** Namespace name; '' when there is none. An element built without one takes that of the parent it is put into. */
  get namespace(): string {
    return this.#namespace ?? '';
  }

  #adopt(): void {
    for (const child of this.children) {
      if (typeof child === 'string' || child.#namespace !== undefined) continue;
      child.#namespace = this.#namespace;
      child.#adopt();
    }
  }

  /** The attribute's value; undefined when it is not there. */
  attribute(name: string): string | undefined {
    return Object.hasOwn(this.attributes, name) ? this.attributes[name] : undefined;
  }

  /** Is it the element of this name, and namespace where one is given? */
  is(name: string, namespace?: string): boolean {
    return this.name === name && (namespace === undefined || this.namespace === namespace);
  }

  /** The child elements. */
  get elements(): readonly Element[] {
    return this.children.filter((child) => typeof child !== 'string');
  }

  /** The first child element of this name; without a namespace given, in the element's own. */
  child(name: string, namespace: string = this.namespace): Element | undefined {
    return this.elements.find((child) => child.is(name, namespace));
  }

  /** The child elements of this name; without a namespace given, in the element's own. */
  childrenNamed(name: string, namespace: string = this.namespace): readonly Element[] {
    return this.elements.filter((child) => child.is(name, namespace));
  }

  /** The first child element in this namespace, whatever its name. */
  childIn(namespace: string): Element | undefined {
    return this.elements.find((child) => child.namespace === namespace);
  }

  /** Its own character data, without that of child elements. */
  get text(): string {
    return this.children.filter((child) => typeof child === 'string').join('');
  }

  /** A copy with some attributes changed (undefined removes one). */
  with(changes: AttributeInput): Element {
    return new Element(this.name, this.#namespace, attributesOf({ ...this.attributes, ...changes }), this.children);
  }

  /** A copy with more content at its end. */
  append(...content: Content[]): Element {
    const children = [...this.children];
    append(children, content);
    return new Element(this.name, this.#namespace, this.attributes, children);
  }

  /** As XML text. @param parentNamespace the default namespace in force around it, left undeclared when it is the same */
  toString(parentNamespace = ''): string {
    return serialize(this, parentNamespace);
  }
}

/**
 * Builds an element: `xml('iq', { xmlns: 'jabber:client', type: 'get' }, xml('ping', { xmlns: 'urn:xmpp:ping' }))`.
 * The attribute `xmlns` gives the namespace; without it the element takes that of the parent it is put into.
 */
export function xml(name: string, attributes: AttributeInput = {}, ...content: Content[]): Element {
  const { xmlns, ...others } = attributes;
  const children: (Element | string)[] = [];
  append(children, content);
  return new Element(name, xmlns === undefined ? undefined : String(xmlns), attributesOf(others), children);
}

function append(children: (Element | string)[], content: readonly Content[]): void {
  for (const item of content) {
    if (item === undefined || item === null || item === '') continue;
    if (typeof item === 'string' || item instanceof Element) children.push(item);
    else append(children, item);
  }
}

function attributesOf(input: AttributeInput): Attributes {
  const attributes = attributeRecord();
  for (const [name, value] of Object.entries(input)) {
    if (value !== undefined) attributes[name] = String(value);
  }
  return attributes;
}

function serialize(element: Element, inherited: string): string {
  const { namespace } = element;
  let text = `<${element.name}`;
  if (namespace !== inherited) text += ` xmlns='${escapeAttribute(namespace)}'`;
  let prefixes = 0;
  for (const [name, value] of Object.entries(element.attributes)) {
    if (name.startsWith('{')) {
      // A namespace may hold a brace, a name may not.
      const close = name.lastIndexOf('}');
      const prefix = `ns${++prefixes}`;
      text += ` xmlns:${prefix}='${escapeAttribute(name.slice(1, close))}' ${prefix}:${name.slice(close + 1)}`;
    } else {
      text += ` ${name}`;
    }
    text += `='${escapeAttribute(value)}'`;
  }
  if (element.children.length === 0) return `${text}/>`;
  text += '>';
  for (const child of element.children) {
    text += typeof child === 'string' ? escapeText(child) : serialize(child, namespace);
  }
  return `${text}</${element.name}>`;
}
