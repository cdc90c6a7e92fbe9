import { Element } from '@thingward/xml';
import { INSPECTORS } from './inspectors/index.ts';
import type { ActionName, FoundOperation } from './operation.ts';
import { CONTAINER_NAMESPACES, ORDINARY_NAMESPACES } from './ordinary-namespaces.ts';
import { type InspectedStanza, type PacketInspector, unknownOperation } from './packet-inspector.ts';

/** What is known of a namespace from its name. */
export type NamespaceClass = 'ordinary' | 'container' | 'inspected' | 'unknown';

/** Namespaces of Things and of control: an unknown element of them is unknown wherever it is found, also deep inside something else. */
const THING_NAMESPACES = ['urn:xmpp:iot:', 'urn:nf:iot:', 'urn:ieee:iot:', 'urn:thingward:'];
const MAX_OPERATIONS = 1000;
/** Deeper than the server lets anything be. */
const MAX_DEPTH = 256;

/** More than one stanza may ask for. */
export class InspectionError extends Error {
  override readonly name = 'InspectionError';
  readonly code = 'too-many-operations';
}

/** Turns stanzas into operations: every payload, at any depth, by the inspector of its namespace. */
export class Inspection {
  readonly #inspectors = new Map<string, PacketInspector>();

  constructor(inspectors: readonly PacketInspector[] = INSPECTORS) {
    for (const inspector of inspectors) {
      for (const namespace of inspector.namespaces) {
        if (this.#inspectors.has(namespace)) throw new Error(`two inspectors of ${namespace}`);
        this.#inspectors.set(namespace, inspector);
      }
    }
  }

  /** All that inspectors can give. */
  get actions(): readonly ActionName[] {
    return [...new Set([...this.#inspectors.values()].flatMap(({ actions }) => actions)), 'unknown'];
  }

  inspectorOf(namespace: string): PacketInspector | undefined {
    return this.#inspectors.get(namespace);
  }

  classOf(namespace: string): NamespaceClass {
    if (this.#inspectors.has(namespace)) return 'inspected';
    if (CONTAINER_NAMESPACES.has(namespace)) return 'container';
    return ORDINARY_NAMESPACES.has(namespace) ? 'ordinary' : 'unknown';
  }

  /**
   * All operations of a stanza; none where it does nothing.
   * @param stanza as a tree @param about where it comes from and goes to, as its server vouches for
   * @throws InspectionError where there are too many
   */
  operations(stanza: Element, about: Omit<InspectedStanza, 'isNested'>): readonly FoundOperation[] {
    const found: FoundOperation[] = [];
    const visit = (element: Element, parent: Element, depth: number): void => {
      if (depth > MAX_DEPTH) throw new InspectionError('the stanza is too deep');
      const { namespace } = element;
      const isNested = depth > 1;
      if (namespace !== parent.namespace || depth === 1) {
        const inspector = this.#inspectors.get(namespace);
        if (inspector) {
          for (const operation of inspector.inspect(element, { ...about, isNested })) {
            found.push(isNested ? nested(operation) : operation);
          }
          if (found.length > MAX_OPERATIONS) throw new InspectionError('the stanza asks for too much at once');
        } else if (this.classOf(namespace) === 'unknown' && (!isNested || isOfThings(namespace))) {
          const resource = { kind: 'thing', jid: about.to } as const;
          const operation = unknownOperation('unknown', resource, element, `nobody here understands ${namespace}`);
          found.push(isNested ? nested(operation) : operation);
        }
      }
      for (const child of element.children) if (child instanceof Element) visit(child, element, depth + 1);
    };
    for (const payload of stanza.children) if (payload instanceof Element) visit(payload, stanza, 1);
    return found;
  }
}

function nested(operation: FoundOperation): FoundOperation {
  return { ...operation, facts: { ...operation.facts, isNested: true } };
}

function isOfThings(namespace: string): boolean {
  return THING_NAMESPACES.some((beginning) => namespace.startsWith(beginning));
}
