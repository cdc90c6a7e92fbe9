import { IEEE1451_NAMESPACE, parseNumber, type Sample, tedsToJson } from '@thingward/ieee1451';
import {
  type AddressedReading,
  type ChannelAddress,
  decodeEvent,
  decodeTreeChange,
  encodeFollow,
  type NcapResource,
  type TransducerAddress,
  type TransducerInterface,
} from '@thingward/ieee1451/mcap';
import { describeTransducer, discoverNcaps, isOutcomeUnknown, readChannel, writeChannel } from '@thingward/services';
import type { Element } from '@thingward/xml';
import { type Jid, presence } from '@thingward/xmpp';
import { Command, Option } from 'commander';
import { ClientSession } from '../client-session.ts';
import { CommandError, UsageError } from '../errors.ts';
import { type OutputOptions, printJson, say } from '../output.ts';
import { addressOf, findResource, type ResourcePlace } from '../resource-path.ts';
import { filteredTree, KINDS, type TreeFilter, treeText } from '../resource-tree.ts';
import { untilStopped } from '../shutdown.ts';
import { tedsText } from '../teds-text.ts';
import { explainRefusal } from './read.ts';

interface BrowseOptions extends OutputOptions, TreeFilter {
  readonly teds?: boolean;
  readonly read?: boolean;
  readonly write?: readonly string[];
  readonly follow?: boolean;
  readonly profile?: string;
}

export function browseCommand(): Command {
  return new Command('browse')
    .description('show the tree of NCAPs, TIMs, channels and Things that the MCAP knows; read and set channels')
    .argument('[path]', 'one of it: NCAP, NCAP/TIM or NCAP/TIM/CHANNEL, by names, UUIDs and numbers')
    .addOption(new Option('--kind <kind>', 'only channels or Things of this kind').choices(KINDS))
    .option('--present', 'only what is there now')
    .option('--teds', 'the electronic data sheets of the TIM or channel')
    .option('--read', 'read the channel')
    .option('--write <samples...>', 'set the channel: numbers, or octets as 0x00ff')
    .option('--follow', 'go on with what joins and leaves, and with events, until Ctrl-C')
    .option('--profile <file>', 'who signs in where')
    .option('--json', 'one JSON object for each NCAP, reading, interface or change')
    .addHelpText(
      'after',
      '\nExamples:\n  thingward browse\n  thingward browse --kind actuator --present\n  thingward browse "Boiler room/Boiler/1" --teds\n  thingward browse "Boiler room/Boiler/1" --read\n  thingward browse "Boiler room/Boiler/3" --write 0.5\n  thingward browse --follow --json',
    )
    .action(async (path: string | undefined, options: BrowseOptions) => {
      checkOptions(path, options);
      const samples = options.write?.map(parseSample);
      await ClientSession.use(options.profile, async (session) => {
        const mcap = await session.mcap();
        // Whoever follows hears of everything after what is shown now.
        if (options.follow) await follow(session, mcap, options);
        const ncaps: NcapResource[] = [];
        try {
          for await (const page of discoverNcaps(session.client, mcap)) ncaps.push(...page);
          if (path === undefined) showTree(ncaps, options);
          else await showOne(session, mcap, findResource(ncaps, path), { ...options, samples });
        } catch (error) {
          throw explainRefusal(error, path ?? mcap.toString());
        }
        if (options.follow) await untilStopped();
      });
    });
}

/** @throws UsageError */
function checkOptions(path: string | undefined, { teds, read, write, follow }: BrowseOptions): void {
  const asked = [teds && '--teds', read && '--read', write && '--write'].filter(Boolean);
  if (path === undefined && asked.length > 0) {
    throw new UsageError(
      `${asked[0]} needs a channel, as in "Boiler room/Boiler/1"; thingward browse shows what there is`,
    );
  }
  if (write && (read || teds)) throw new UsageError('--write goes without --read and --teds');
  if (follow && path !== undefined) throw new UsageError('--follow is for the whole tree: it goes without a path');
}

/** @throws UsageError */
export function parseSample(text: string): Sample {
  const octets = /^0x((?:[0-9a-f]{2})+)$/i.exec(text)?.[1];
  if (octets !== undefined) return octets.toLowerCase();
  const value = parseNumber(text.trim());
  if (value === undefined) throw new UsageError(`--write needs numbers, or octets such as 0x00ff, got "${text}"`);
  return value;
}

function showTree(ncaps: readonly NcapResource[], options: BrowseOptions): void {
  const shown = filteredTree(ncaps, options);
  if (options.json) for (const ncap of shown) printJson(ncap);
  else if (shown.length > 0) process.stdout.write(treeText(shown));
  else say(ncaps.length > 0 ? 'nothing in the tree is of that kind' : 'there is nothing that you may read');
}

async function showOne(
  session: ClientSession,
  mcap: Jid,
  place: ResourcePlace,
  { samples, read, teds, ...options }: BrowseOptions & { readonly samples: readonly Sample[] | undefined },
): Promise<void> {
  const { client } = session;
  if (samples) return write(session, mcap, requireChannel(place), samples);
  if (read) {
    const reading = await readChannel(client, mcap, requireChannel(place));
    if (options.json) printJson(readingJson(reading));
    else process.stdout.write(`${readingText(reading)}\n`);
  }
  if (place.tim && (teds || !read)) {
    showInterface(await describeTransducer(client, mcap, addressOf(place)), { ...options, teds });
  } else if (!read) {
    if (teds) throw new UsageError('an NCAP has no TEDS of its own: name one of its TIMs or channels');
    showTree([place.ncap], options);
  }
}

async function write(session: ClientSession, mcap: Jid, address: ChannelAddress, samples: readonly Sample[]) {
  try {
    await writeChannel(session.client, mcap, address, samples);
  } catch (error) {
    if (!isOutcomeUnknown(error)) throw error;
    throw new CommandError('outcome unknown: the channel may have been set or not; read it before you try again', {
      cause: error,
    });
  }
}

function requireChannel(place: ResourcePlace): ChannelAddress {
  const address: TransducerAddress = addressOf(place);
  if (address.channel !== undefined) return { ...address, channel: address.channel };
  throw new UsageError(
    `"${place.tim?.name}" is a TIM: name one of its channels, as in "…/${place.tim?.channels[0]?.number ?? 1}"`,
  );
}

function showInterface(described: TransducerInterface, { json, teds }: BrowseOptions): void {
  if (json) {
    printJson({ ...described, teds: described.teds.map(tedsToJson) });
    return;
  }
  const { name, kind, unit, min, max, uncertainty, operations } = described;
  const of = unit === undefined ? '' : ` ${unit}`;
  const lines = [
    `${name ?? ''}  ${kind ?? 'TIM'}`,
    ...(unit === undefined ? [] : [`  unit         ${unit}`]),
    ...(min === undefined && max === undefined ? [] : [`  range        ${min ?? ''} to ${max ?? ''}${of}`]),
    ...(uncertainty === undefined ? [] : [`  uncertainty  ${uncertainty}${of}`]),
    ...(operations.length === 0 ? [] : [`  operations   ${operations.join(', ')}`]),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
  if (teds) for (const one of described.teds) process.stdout.write(`${tedsText(one)}`);
}

/** Prints what changes and what channels tell. Returns when it is told; after a lost connection it asks for it again. */
async function follow(session: ClientSession, mcap: Jid, { json }: BrowseOptions): Promise<void> {
  const { client } = session;
  client.onMessage({ namespace: IEEE1451_NAMESPACE }, ({ from, type }, payload) => {
    if (type === 'error' || !from.bare.equals(mcap)) return;
    if (json) printJson(toldJson(payload));
    else process.stdout.write(`${new Date().toISOString()}  ${toldText(payload)}\n`);
  });
  const ask = async () => {
    // The MCAP sees when this one goes: then nothing more is told.
    client.send(presence(undefined, { to: mcap }));
    await client.request('set', mcap, encodeFollow());
  };
  await ask();
  let isFirst = true;
  client.onOnline((isResumed) => {
    if (!isFirst && !isResumed) ask().catch((error: Error) => say(`changes are not told any more: ${error.message}`));
    isFirst = false;
  });
}

function toldText(payload: Element): string {
  if (payload.is('event')) {
    const reading = decodeEvent(payload);
    return `event  ${reading.tim}/${reading.channel}  ${readingText(reading)}`;
  }
  const { kind, ncap, reason } = decodeTreeChange(payload);
  return `${kind}${reason === undefined ? '' : ` (${reason})`}\n${treeText([ncap]).trimEnd()}`;
}

function toldJson(payload: Element): object {
  if (payload.is('event')) return { event: readingJson(decodeEvent(payload)) };
  const { kind, ncap, reason } = decodeTreeChange(payload);
  return { [kind]: ncap, ...(reason === undefined ? {} : { reason }) };
}

function readingText({ time, samples, unit }: AddressedReading): string {
  return `${samples.join(' ')}${unit === undefined ? '' : ` ${unit}`}  ${time.toISOString()}`;
}

function readingJson({ time, ...reading }: AddressedReading): object {
  return { ...reading, time: time.toISOString() };
}
