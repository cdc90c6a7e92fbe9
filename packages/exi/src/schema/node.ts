import { XML_NAMESPACE } from '@thingward/xml';
import type { SchemaError, SchemaErrorCode } from './error.ts';
import type { SchemaSource } from './source.ts';

/** Prefixes bound at an element: its own declarations, then those around it. */
export interface Bindings {
  readonly own: ReadonlyMap<string, string>;
  readonly outer: Bindings | undefined;
}

export interface NodeAttribute {
  readonly value: string;
  readonly offset: number;
}

/** What the elements of a document have in common: its target namespace and its defaults. */
export interface DocumentContext {
  readonly source: SchemaSource;
  readonly targetNamespace: string;
  /** A document without target namespace that was included by one with: its unprefixed references mean the latter. */
  readonly isChameleon: boolean;
  readonly elementFormDefault: string;
  readonly attributeFormDefault: string;
  readonly blockDefault: string;
  readonly finalDefault: string;
  /** Namespaces that references may name. */
  readonly visibleNamespaces: Set<string>;
}

/** An element of XML Schema in a document. */
export class SchemaNode {
  readonly name: string;
  readonly offset: number;
  readonly source: SchemaSource;
  readonly bindings: Bindings | undefined;
  readonly attributes: ReadonlyMap<string, NodeAttribute>;
  /** Without annotations. */
  readonly children: SchemaNode[] = [];
  readonly parent: SchemaNode | undefined;
  #context: DocumentContext | undefined;

  constructor(
    name: string,
    offset: number,
    source: SchemaSource,
    bindings: Bindings | undefined,
    attributes: ReadonlyMap<string, NodeAttribute>,
    parent: SchemaNode | undefined,
  ) {
    this.name = name;
    this.offset = offset;
    this.source = source;
    this.bindings = bindings;
    this.attributes = attributes;
    this.parent = parent;
  }

  /** Of the root it is kept; the others ask their parent once. */
  get context(): DocumentContext {
    this.#context ??= this.parent?.context;
    return this.#context as DocumentContext;
  }

  set context(context: DocumentContext) {
    this.#context = context;
  }

  attribute(name: string): string | undefined {
    return this.attributes.get(name)?.value;
  }

  /** Child elements with one of these names. */
  childrenNamed(...names: string[]): readonly SchemaNode[] {
    return this.children.filter((child) => names.includes(child.name));
  }

  /** The one child element with one of these names. @throws SchemaError when there are more */
  childNamed(...names: string[]): SchemaNode | undefined {
    const [first, second] = this.childrenNamed(...names);
    if (second) throw second.error('bad-structure', `xs:${this.name} may have only one of ${listOf(names)}`);
    return first;
  }

  /** The namespace a prefix is bound to; '' is the default one. */
  lookup(prefix: string): string | undefined {
    for (let bindings = this.bindings; bindings; bindings = bindings.outer) {
      const uri = bindings.own.get(prefix);
      if (uri !== undefined) return uri;
    }
    return prefix === '' ? '' : prefix === 'xml' ? XML_NAMESPACE : undefined;
  }

  /** @param attribute the one to point at; without it, the element */
  error(code: SchemaErrorCode, message: string, attribute?: string): SchemaError {
    const offset = attribute === undefined ? undefined : this.attributes.get(attribute)?.offset;
    return this.source.error(code, message, offset ?? this.offset);
  }
}

/** `xs:a, xs:b or xs:c` */
export function listOf(names: readonly string[]): string {
  const all = names.map((name) => `xs:${name}`);
  const last = all.pop();
  return all.length === 0 ? `${last}` : `${all.join(', ')} or ${last}`;
}
