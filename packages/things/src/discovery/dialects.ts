import { Element } from '@thingward/xml';
import type { DialectName } from '../thing/dialect-names.ts';
import { DISCOVERY } from './codec.ts';

/** One way to speak with a Thing Registry. */
export interface DiscoveryDialect {
  readonly name: DialectName;
  /** Of all its payloads: a registry that speaks it says so by this feature. */
  readonly namespace: string;
}

/** All that are spoken here, best first. */
export const DISCOVERY_DIALECTS: readonly DiscoveryDialect[] = [
  { name: 'xep', namespace: DISCOVERY },
  { name: 'nf', namespace: 'urn:nf:iot:disco:1.0' },
  { name: 'ieee', namespace: 'urn:ieee:iot:disco:1.0' },
];

/** What a node is named by: in XEP-0347, and in what the IEEE and the Neuro-Foundation made of it. */
const NODE_ATTRIBUTES = [
  ['nodeId', 'id'],
  ['sourceId', 'src'],
  ['cacheType', 'pt'],
] as const;

const TO_XEP: ReadonlyMap<string, string> = new Map(NODE_ATTRIBUTES.map(([xep, short]) => [short, xep]));
const FROM_XEP: ReadonlyMap<string, string> = new Map(NODE_ATTRIBUTES);

export function dialectOfDiscovery(element: Element): DiscoveryDialect | undefined {
  return DISCOVERY_DIALECTS.find(({ namespace }) => namespace === element.namespace);
}

/** A payload of any dialect as XEP-0347 writes it: the codec knows that one alone. Others come back as they are. */
export function asXepDiscovery(element: Element): Element {
  const dialect = dialectOfDiscovery(element);
  if (dialect === undefined || dialect.name === 'xep') return element;
  const written = translated(element, dialect.namespace, DISCOVERY, TO_XEP);
  // Without a word a claimed Thing is private there.
  const isUnsaid = written.name === 'claimed' && written.attribute('public') === undefined;
  return isUnsaid ? written.with({ public: false }) : written;
}

/** A payload of XEP-0347 in another dialect. */
export function inDiscoveryDialect(element: Element, { name, namespace }: DiscoveryDialect): Element {
  if (name === 'xep') return element;
  const written = translated(element, DISCOVERY, namespace, FROM_XEP);
  const isUnsaid = written.name === 'claimed' && written.attribute('public') === undefined;
  return isUnsaid ? written.with({ public: true }) : written;
}

function translated(element: Element, from: string, to: string, names: ReadonlyMap<string, string>): Element {
  if (element.namespace !== from) return element;
  const attributes = Object.entries(element.attributes).map(([name, value]) => [names.get(name) ?? name, value]);
  const children = element.children.map((child) =>
    typeof child === 'string' ? child : translated(child, from, to, names),
  );
  return new Element(element.name, to, Object.fromEntries(attributes), children);
}
