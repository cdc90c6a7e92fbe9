import type { ChannelResource, NcapResource, ThingNode, ThingResource, TimResource } from '@thingward/ieee1451/mcap';

/** Which resources are wanted. */
export interface TreeFilter {
  /** Only what is there now. */
  readonly present?: boolean | undefined;
  /** A kind of channels, or a service type of Things. */
  readonly kind?: string | undefined;
}

/** What can be filtered for. */
export const KINDS = ['sensor', 'actuator', 'event-sensor', 'direct-io', 'legacy-adapter', 'server-to-server'] as const;

/** The tree without what is not wanted, and without NCAPs and TIMs that have nothing left. */
export function filteredTree(ncaps: readonly NcapResource[], { present, kind }: TreeFilter): readonly NcapResource[] {
  return ncaps.flatMap((ncap): readonly NcapResource[] => {
    if (present && !ncap.isPresent) return [];
    const tims = ncap.tims.flatMap((tim): readonly TimResource[] => {
      if (present && !tim.isPresent) return [];
      const channels = tim.channels.filter((channel) => kind === undefined || channel.kind === kind);
      return channels.length > 0 || kind === undefined ? [{ ...tim, channels }] : [];
    });
    const things = ncap.things.filter(({ service }) => kind === undefined || service === kind);
    return kind === undefined || tims.length + things.length > 0 ? [{ ...ncap, tims, things }] : [];
  });
}

/** A tree for people: one line each, what belongs to something below it. */
export function treeText(ncaps: readonly NcapResource[]): string {
  return ncaps.map(ncapText).join('\n');
}

function ncapText(ncap: NcapResource): string {
  const { id, name, jid, protocol, tims, things } = ncap;
  const by = [jid, protocol === undefined ? undefined : `over ${protocol}`].filter(Boolean).join(' ');
  const lines = [
    `${name}  NCAP ${id}  ${by}${absence(ncap)}`,
    ...tims.flatMap((tim) => [
      `  ${tim.name}  TIM ${tim.id}${absence(tim)}`,
      ...columns(tim.channels.map(channelCells)),
    ]),
    ...columns(things.map(thingCells), '  '),
  ];
  return `${lines.map((line) => line.trimEnd()).join('\n')}\n`;
}

function absence({ isPresent, since }: { readonly isPresent: boolean; readonly since?: Date }): string {
  if (isPresent) return '';
  return since ? `  (gone since ${since.toISOString()})` : '  (gone)';
}

function channelCells({ number, name, kind, node }: ChannelResource): readonly string[] {
  return [String(number), name, kind, nodeText(node)];
}

function thingCells({ service, protocol, name = '', node }: ThingResource): readonly string[] {
  return [name, protocol === undefined ? service : `${service} (${protocol})`, nodeText(node)];
}

function nodeText(node: ThingNode | undefined): string {
  return node === undefined ? '' : `#${node.nodeId}`;
}

function columns(rows: readonly (readonly string[])[], indent = '    '): readonly string[] {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => (row[i] ?? '').length)));
  return rows.map((row) => indent + row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  '));
}
