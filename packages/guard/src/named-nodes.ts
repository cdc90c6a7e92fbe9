import type { Element } from '@thingward/xml';
import type { ResourceReference } from './operation.ts';

/** A node that a payload names. */
export interface NamedNode {
  readonly resource: ResourceReference;
  readonly sourceId?: string;
  readonly cacheType?: string;
}

/** How a dialect names nodes: whoever speaks it looks at these and at no others. */
interface Spelling {
  readonly element: string;
  readonly nodeId: string;
  readonly sourceId: string;
  readonly cacheType: string;
}

const LONG: Spelling = { element: 'node', nodeId: 'nodeId', sourceId: 'sourceId', cacheType: 'cacheType' };
/** @see Neuro-Foundation, Sensor Data */
const SHORT: Spelling = { element: 'nd', nodeId: 'id', sourceId: 'src', cacheType: 'pt' };

function spellingOf(namespace: string): Spelling {
  return namespace.startsWith('urn:nf:') || namespace.startsWith('urn:ieee:') ? SHORT : LONG;
}

/** The node that the attributes of an element name; the JID itself where they name none. */
export function namedNode(element: Element, jid: string): NamedNode {
  const spelling = spellingOf(element.namespace);
  const node = element.attribute(spelling.nodeId);
  const sourceId = element.attribute(spelling.sourceId);
  const cacheType = element.attribute(spelling.cacheType);
  return {
    resource: { kind: 'thing', jid, ...(node ? { node } : {}) },
    ...(sourceId ? { sourceId } : {}),
    ...(cacheType ? { cacheType } : {}),
  };
}

/** The nodes that children name; the JID itself where there are none. */
export function namedNodes(parent: Element, jid: string): readonly NamedNode[] {
  const nodes = parent.elements.filter((child) => isNode(child, parent)).map((element) => namedNode(element, jid));
  return nodes.length === 0 ? [{ resource: { kind: 'thing', jid } }] : nodes;
}

/** Does a child of a payload name a node, in the dialect of the payload? */
export function isNode({ name, namespace }: Element, parent: Element): boolean {
  return namespace === parent.namespace && name === spellingOf(namespace).element;
}

/** The first of these attributes that is there. */
export function attributeOf(element: Element, names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = element.attribute(name);
    if (value !== undefined) return value;
  }
  return undefined;
}

/** Is an attribute written as true? @see XML Schema Part 2 §3.2.2 */
export function isTrue(text: string | undefined): boolean {
  const trimmed = text?.trim();
  return trimmed === 'true' || trimmed === '1';
}
