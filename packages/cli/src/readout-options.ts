import {
  FIELD_TYPES,
  type FieldType,
  HISTORICAL_FIELD_TYPES,
  isTimeZone,
  type NodeReference,
  type ReadoutOptions,
  type ReadoutWish,
  type Tokens,
} from '@thingward/things';
import type { Command } from 'commander';
import type { ThingAddress } from './client-session.ts';
import { UsageError } from './errors.ts';
import { parseTime } from './time-text.ts';

/** Options of verbs that are for nodes behind a Thing's address, and that show tokens of delegated trust. */
export interface NodeOptions {
  readonly node?: readonly string[];
  readonly serviceToken?: string;
  readonly deviceToken?: string;
  readonly userToken?: string;
}

/** Options of verbs that read. */
export interface ReadoutCommandOptions extends NodeOptions {
  readonly types?: string;
  readonly from?: string;
  readonly to?: string;
  readonly when?: string;
  readonly timeZone?: string;
}

export function addNodeOptions(command: Command): Command {
  return command
    .option(
      '--node <nodeId>',
      'a further node behind the same address, or nodeId,sourceId,cacheType; can be repeated',
      collect,
    )
    .option('--service-token <token>', 'of delegated trust (XEP-0324), passed on to the Thing')
    .option('--device-token <token>', 'the same')
    .option('--user-token <token>', 'the same');
}

function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

export function addReadoutOptions(command: Command): Command {
  return addNodeOptions(command)
    .option('--types <list>', 'kinds of fields: momentary, status, ..., historicalHour, ..., historical, all')
    .option('--from <time>', 'nothing older: an ISO date and time, or how long ago, like 15m or 7d')
    .option('--to <time>', 'nothing newer: the same')
    .option('--time-zone <offset>', 'where times without a zone are from, like +09:00; here when not given')
    .option('--when <time>', 'when to read: an ISO date and time, or how long from now, like +30s');
}

/** What a Thing is now; its past has to be asked for. */
const PRESENT_TYPES: readonly FieldType[] = FIELD_TYPES.filter((type) => !type.startsWith('historical'));

/** @throws UsageError */
export function readoutWish(
  address: ThingAddress,
  names: readonly string[],
  options: ReadoutCommandOptions,
): ReadoutWish {
  const { types, from, to, when } = options;
  const hasTimes = from !== undefined || to !== undefined;
  return {
    types: types === undefined ? (hasTimes ? FIELD_TYPES : PRESENT_TYPES) : parseTypes(types),
    names,
    nodes: nodesOf(address, options),
    from: from === undefined ? undefined : parseTime('--from', from),
    to: to === undefined ? undefined : parseTime('--to', to),
    when: when === undefined ? undefined : parseTime('--when', when),
    tokens: tokensOf(options),
  };
}

/** How to read. @throws UsageError */
export function readoutOptions({ timeZone }: ReadoutCommandOptions): ReadoutOptions {
  if (timeZone !== undefined && !isTimeZone(timeZone)) {
    throw new UsageError(`--time-zone needs an offset such as +09:00 or Z, got "${timeZone}"`);
  }
  return { timeZone };
}

/** The node of the address and those of the option. @throws UsageError */
export function nodesOf({ node }: ThingAddress, { node: others = [] }: NodeOptions): readonly NodeReference[] {
  return [...(node ? [node] : []), ...others.map(parseNode)];
}

export function tokensOf({ serviceToken, deviceToken, userToken }: NodeOptions): Tokens {
  return { serviceToken, deviceToken, userToken };
}

function parseNode(text: string): NodeReference {
  const [nodeId = '', sourceId, cacheType, ...others] = text.split(',');
  if (nodeId === '' || others.length > 0) {
    throw new UsageError(`--node needs nodeId, or nodeId,sourceId,cacheType, got "${text}"`);
  }
  return { nodeId, ...(sourceId ? { sourceId } : {}), ...(cacheType ? { cacheType } : {}) };
}

/** @throws UsageError */
export function parseTypes(text: string): readonly FieldType[] {
  return text.split(',').flatMap((part): readonly FieldType[] => {
    const name = part.trim();
    if (name === 'all') return FIELD_TYPES;
    if (name === 'historical') return HISTORICAL_FIELD_TYPES;
    if ((FIELD_TYPES as readonly string[]).includes(name)) return [name as FieldType];
    throw new UsageError(
      `"${name}" is no kind of field (there are: ${[...FIELD_TYPES, 'historical', 'all'].join(', ')})`,
    );
  });
}
