import { XML_NAMESPACE } from '@thingward/xml';
import type { Budget } from './budget.ts';
import { INSTANCE_NAMESPACE, SCHEMA_NAMESPACE } from './names.ts';
import type { SchemaNode } from './node.ts';
import { readDocument } from './read.ts';
import { type SchemaDocument, SchemaSource } from './source.ts';
import { choiceValue, tokenValue } from './values.ts';
import { XML_NAMESPACE_SCHEMA } from './xml-namespace.ts';

/**
 * Supplies a document that another one imports or includes. Nothing is ever fetched: a server that compiles what strangers upload
 * answers from what it has.
 * @param location the `schemaLocation` as written; undefined when an import has none
 * @param namespace what is imported; of an include the including document's
 * @param base the location of the document that wants it
 * @returns undefined when there is none
 */
export type ResolveSchema = (
  location: string | undefined,
  namespace: string,
  base: string,
) => SchemaDocument | undefined;

/** Reads documents and those they import and include, each once. */
export class DocumentSet {
  /** Root elements, in the order they were reached. */
  readonly roots: SchemaNode[] = [];
  readonly #budget: Budget;
  readonly #resolve: ResolveSchema;
  /** Documents given from the start, by location. */
  readonly #given = new Map<string, SchemaDocument>();
  readonly #givenNamespaces = new Set<string>();
  /** What has been reached: location and namespace, since a chameleon is another one in each namespace. */
  readonly #reached = new Set<string>();
  readonly #waiting: SchemaNode[] = [];
  #lacksXmlNamespace = false;

  /** @throws SchemaError */
  constructor(documents: readonly SchemaDocument[], resolve: ResolveSchema, budget: Budget) {
    this.#budget = budget;
    this.#resolve = resolve;
    const roots: SchemaNode[] = [];
    for (const document of documents) {
      const source = new SchemaSource(document);
      if (this.#given.has(document.location)) {
        throw source.error('duplicate-component', `two documents are at ${document.location}`, 0);
      }
      this.#given.set(document.location, document);
      const root = this.#read(source);
      const namespace = tokenValue(root, 'targetNamespace');
      if (namespace !== undefined) this.#givenNamespaces.add(namespace);
      roots.push(root);
    }
    const hasNamespace = (root: SchemaNode) => root.attribute('targetNamespace') !== undefined;
    for (const root of roots.filter(hasNamespace)) this.#enter(root, root.attribute('targetNamespace') as string);
    this.#follow();
    this.#supplyXmlNamespace();
    // One without a namespace that others have included is a part of those, and nothing by itself.
    for (const root of roots) {
      if (!hasNamespace(root) && !this.#wasIncluded(root.source.location)) this.#enter(root, '');
    }
    this.#follow();
    this.#supplyXmlNamespace();
  }

  /** Once it is known that nobody else does. */
  #supplyXmlNamespace(): void {
    if (!this.#lacksXmlNamespace) return;
    this.#lacksXmlNamespace = false;
    if (this.roots.some((root) => root.context.targetNamespace === XML_NAMESPACE)) return;
    this.#enter(this.#read(new SchemaSource({ location: XML_NAMESPACE, text: XML_NAMESPACE_SCHEMA })), XML_NAMESPACE);
  }

  #wasIncluded(location: string): boolean {
    return [...this.#reached].some((key) => key.startsWith(`${location}\n`));
  }

  #read(source: SchemaSource): SchemaNode {
    this.#budget.document(source);
    return readDocument(source, this.#budget);
  }

  #enter(root: SchemaNode, namespace: string): void {
    const key = `${root.source.location}\n${namespace}`;
    if (this.#reached.has(key)) return;
    this.#reached.add(key);
    const own = tokenValue(root, 'targetNamespace');
    if (own === '') throw root.error('bad-value', 'targetNamespace is empty: leave it out', 'targetNamespace');
    const [declaration] = own === INSTANCE_NAMESPACE ? root.childrenNamed('attribute') : [];
    if (declaration) {
      throw declaration.error('bad-value', 'no attribute can be declared in the namespace of XML Schema instances');
    }
    root.context = {
      source: root.source,
      targetNamespace: namespace,
      isChameleon: own === undefined && namespace !== '',
      elementFormDefault: choiceValue(root, 'elementFormDefault', ['unqualified', 'qualified']),
      attributeFormDefault: choiceValue(root, 'attributeFormDefault', ['unqualified', 'qualified']),
      blockDefault: tokenValue(root, 'blockDefault') ?? '',
      finalDefault: tokenValue(root, 'finalDefault') ?? '',
      visibleNamespaces: new Set([namespace, SCHEMA_NAMESPACE]),
    };
    this.roots.push(root);
    this.#waiting.push(root);
  }

  #follow(): void {
    for (let root = this.#waiting.pop(); root; root = this.#waiting.pop()) {
      for (const node of root.children) {
        if (node.name === 'include') this.#include(node);
        else if (node.name === 'import') this.#import(node);
      }
    }
  }

  #include(node: SchemaNode): void {
    const location = tokenValue(node, 'schemaLocation');
    if (location === undefined) throw node.error('bad-structure', 'xs:include needs the attribute schemaLocation');
    const { targetNamespace, source } = node.context;
    const document = this.#find(location, source.location) ?? this.#resolve(location, targetNamespace, source.location);
    if (!document) throw node.error('unresolved-document', `nobody supplied ${location}`, 'schemaLocation');
    if (this.#reached.has(`${document.location}\n${targetNamespace}`)) return;
    const root = this.#read(new SchemaSource(document));
    const own = tokenValue(root, 'targetNamespace');
    if (own !== undefined && own !== targetNamespace) {
      const wanted =
        targetNamespace === '' ? 'no target namespace' : `the target namespace ${targetNamespace}, or none`;
      throw node.error(
        'bad-structure',
        `${location} has the target namespace ${own}: expected ${wanted}`,
        'schemaLocation',
      );
    }
    this.#enter(root, targetNamespace);
  }

  #import(node: SchemaNode): void {
    const namespace = tokenValue(node, 'namespace') ?? '';
    const { targetNamespace, source, visibleNamespaces } = node.context;
    if (namespace === targetNamespace) {
      throw node.error(
        'bad-structure',
        'a document imports other namespaces than its own: expected xs:include',
        'namespace',
      );
    }
    visibleNamespaces.add(namespace);
    if (this.#givenNamespaces.has(namespace) || namespace === SCHEMA_NAMESPACE) return;
    const location = tokenValue(node, 'schemaLocation');
    const found = location === undefined ? undefined : this.#find(location, source.location);
    const document = found ?? this.#resolve(location, namespace, source.location);
    // An import without a document is no error: only a reference to what it should have declared is.
    if (!document) {
      if (namespace === XML_NAMESPACE) this.#lacksXmlNamespace = true;
      return;
    }
    if (this.#reached.has(`${document.location}\n${namespace}`)) return;
    const root = this.#read(new SchemaSource(document));
    const own = tokenValue(root, 'targetNamespace') ?? '';
    if (own !== namespace) {
      const described = own === '' ? 'no target namespace' : `the target namespace ${own}`;
      throw node.error('bad-structure', `${document.location} has ${described}: expected ${namespace || 'none'}`);
    }
    this.#enter(root, namespace);
  }

  /** A given document by its location, or by the location taken relative to the document that wants it. */
  #find(location: string, base: string): SchemaDocument | undefined {
    return this.#given.get(location) ?? this.#given.get(resolveLocation(location, base));
  }
}

/** A relative location as seen from another one. Locations are names here: nothing is opened. */
export function resolveLocation(location: string, base: string): string {
  if (/^(?:[a-zA-Z][a-zA-Z0-9+.-]*:|\/)/.test(location)) return location;
  const segments = base.split('/').slice(0, -1);
  for (const segment of location.split('/')) {
    if (segment === '..' && segments.length > 0 && segments.at(-1) !== '..') segments.pop();
    else if (segment !== '.') segments.push(segment);
  }
  return segments.join('/');
}
