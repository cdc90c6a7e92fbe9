import type { NcapResource, ThingResource, ThingService } from '@thingward/ieee1451/mcap';

/** What a row of the tree stands for. */
export type RowKind = 'ncap' | 'tim' | 'sensor' | 'actuator' | 'event-sensor' | 'group' | 'thing';

/** A row that is to be seen. */
export interface TreeRow {
  /** Where it is: ids from the NCAP down. */
  readonly path: readonly string[];
  readonly key: string;
  readonly kind: RowKind;
  /** From 1. */
  readonly level: number;
  /** Among its siblings, from 1, and how many these are. */
  readonly place: number;
  readonly siblings: number;
  readonly name: string;
  /** What it is, in a word or two. */
  readonly detail: string;
  /** Undefined for what can't come and go by itself. */
  readonly presence: { readonly isPresent: boolean; readonly since: Date | undefined } | undefined;
  /** Is it away, by itself or with what it is in? */
  readonly isAway: boolean;
  /** Undefined: there is nothing below it. */
  readonly isExpanded: boolean | undefined;
}

/** The types of service of the standard besides that of TIMs. @see P21451-1-4 */
export const SERVICE_TITLES: Readonly<Record<ThingService, string>> = {
  'direct-io': 'Direct I/O',
  'legacy-adapter': 'Legacy adapters',
  'server-to-server': 'Server to server',
};

/** In a path, before the place of a Thing in the list of its NCAP. */
export const THING_STEP = 'thing';
/** In a path, before a type of service. */
export const SERVICE_STEP = 'service';

interface Node extends Pick<TreeRow, 'path' | 'kind' | 'name' | 'detail' | 'presence' | 'isAway'> {
  readonly children: readonly Node[];
}

export interface TreeWishes {
  /** Rows that the user has opened (true) or closed (false); others are open down to the TIMs. */
  readonly opened: ReadonlyMap<string, boolean>;
  /** Only what has all of these words, with what it is in; '' for everything. */
  readonly filter: string;
}

/** The rows to be seen, from above. Where something is searched for, all that was found is open. */
export function treeRows(ncaps: readonly NcapResource[], { opened, filter }: TreeWishes): readonly TreeRow[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  const found = ncaps.map(ncapNode).flatMap((node) => matching(node, words, ''));
  return rowsOf(found, 1, { opened, isSearch: words.length > 0 });
}

export function rowKey(path: readonly string[]): string {
  return path.map(encodeURIComponent).join('/');
}

function ncapNode(ncap: NcapResource): Node {
  const { id, name, isPresent, since, jid, protocol } = ncap;
  const path = [id];
  return {
    path,
    kind: 'ncap',
    name,
    detail: ['NCAP', protocol, jid].filter((part) => part !== undefined).join(' · '),
    presence: { isPresent, since },
    isAway: !isPresent,
    children: [...ncap.tims.map((tim) => timNode(path, tim, isPresent)), ...serviceNodes(path, ncap)],
  };
}

function timNode(above: readonly string[], tim: NcapResource['tims'][number], isNcapPresent: boolean): Node {
  const path = [...above, tim.id];
  const isAway = !isNcapPresent || !tim.isPresent;
  return {
    path,
    kind: 'tim',
    name: tim.name,
    detail: tim.channels.length === 1 ? 'TIM · 1 channel' : `TIM · ${tim.channels.length} channels`,
    presence: { isPresent: tim.isPresent, since: tim.since },
    isAway,
    children: tim.channels.map(({ number, name, kind }) => ({
      path: [...path, String(number)],
      kind,
      name,
      detail: `${number} · ${kind.replace('-', ' ')}`,
      presence: undefined,
      isAway,
      children: [],
    })),
  };
}

function serviceNodes(above: readonly string[], { things, isPresent, name }: NcapResource): Node[] {
  const services = Object.keys(SERVICE_TITLES) as ThingService[];
  return services.flatMap((service) => {
    const own = things.flatMap((thing, i) => (thing.service === service ? [{ thing, i }] : []));
    if (own.length === 0) return [];
    return {
      path: [...above, SERVICE_STEP, service],
      kind: 'group' as const,
      name: SERVICE_TITLES[service],
      detail: own.length === 1 ? '1 Thing' : `${own.length} Things`,
      presence: undefined,
      isAway: !isPresent,
      children: own.map(({ thing, i }) => ({
        path: [...above, THING_STEP, thingStep(thing, i)],
        kind: 'thing' as const,
        name: thingName(thing) ?? name,
        detail: thing.protocol ?? SERVICE_TITLES[service],
        presence: undefined,
        isAway: !isPresent,
        children: [],
      })),
    };
  });
}

/** What names a Thing among those of its NCAP: its node, or else its place. */
export function thingStep({ node }: ThingResource, place: number): string {
  return node
    ? [node.nodeId, node.sourceId, node.cacheType].filter((part) => part !== undefined).join(' ')
    : `${place}`;
}

export function thingName({ name, node }: ThingResource): string | undefined {
  return name ?? node?.nodeId;
}

/** The node with those below it that have the words; nothing where there are none. @param above what it is in has of text */
function matching(node: Node, words: readonly string[], above: string): Node[] {
  if (words.length === 0) return [node];
  const text = `${above} ${node.name} ${node.detail}`.toLowerCase();
  // What is below something that was found is found with it.
  if (words.every((word) => text.includes(word))) return [node];
  const children = node.children.flatMap((child) => matching(child, words, text));
  return children.length === 0 ? [] : [{ ...node, children }];
}

function rowsOf(
  nodes: readonly Node[],
  level: number,
  view: { readonly opened: ReadonlyMap<string, boolean>; readonly isSearch: boolean },
): TreeRow[] {
  return nodes.flatMap(({ children, ...node }, i) => {
    const key = rowKey(node.path);
    const isOpen = view.opened.get(key) ?? (view.isSearch || level === 1);
    const isExpanded = children.length === 0 ? undefined : isOpen;
    const row = { ...node, key, level, place: i + 1, siblings: nodes.length, isExpanded };
    return [row, ...(isExpanded ? rowsOf(children, level + 1, view) : [])];
  });
}
