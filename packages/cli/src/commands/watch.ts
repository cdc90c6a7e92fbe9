import { EVENT_DIALECTS, type Field, nodeKey, ReadoutFailure, readSensorData, type Tokens } from '@thingward/things';
import { discoInfo, type Jid, StanzaError } from '@thingward/xmpp';
import { Command } from 'commander';
import { ClientSession, parseThing, type ThingAddress } from '../client-session.ts';
import { UsageError } from '../errors.ts';
import { fieldJson, valueText } from '../field-text.ts';
import { type OutputOptions, printJson, say } from '../output.ts';
import { addNodeOptions, type NodeOptions, nodesOf, parseTypes, tokensOf } from '../readout-options.ts';
import { stopSignal } from '../shutdown.ts';
import { type ChangeOptions, eventWish, watchEvents } from './watch-events.ts';
import { watchPublished } from './watch-published.ts';

interface WatchOptions extends OutputOptions, NodeOptions, ChangeOptions {
  readonly profile?: string;
  readonly types: string;
  readonly interval: string;
  readonly count?: string;
  readonly poll?: boolean;
  readonly published?: boolean;
}

export function watchCommand(): Command {
  const command = new Command('watch')
    .description('print what changes at a Thing: told by the Thing itself where it can, read again and again where not')
    .argument('<thing>', 'its address: jid, or jid#nodeId behind a concentrator')
    .argument('[fields...]', 'names of fields; all when not given');
  return addNodeOptions(command)
    .option('--interval <seconds>', 'time between read-outs, or between events at least', '1')
    .option('--count <n>', 'end after so many read-outs or events')
    .option('--types <list>', 'kinds of fields', 'momentary,status,computed')
    .option('--changed-by <amount>', 'only changes of the fields as large as this')
    .option('--changed-up <amount>', 'only rises as large as this')
    .option('--changed-down <amount>', 'only falls as large as this')
    .option('--min-interval <seconds>', 'no more events than one in this time; the interval when not given')
    .option('--max-interval <seconds>', 'after this time the values are told whether they changed or not')
    .option('--poll', 'read it even if it can tell its changes itself')
    .option('--published', 'what it publishes: what it did of late first, even while the Thing itself is away')
    .option('--profile <file>', 'who signs in where')
    .option('--json', 'one JSON object per changed field')
    .addHelpText(
      'after',
      '\nExamples:\n  thingward watch plc@example.org Level\n  thingward watch plc@example.org Level --changed-by 0.5 --max-interval 60\n  thingward watch host@example.org --interval 5 --json\n  thingward watch plc@example.org Level --published',
    )
    .action(async (thing: string, names: string[], options: WatchOptions) => {
      const address = parseThing(thing);
      const intervalMs = positive('--interval', options.interval) * 1000;
      const count = options.count === undefined ? Number.POSITIVE_INFINITY : positive('--count', options.count);
      const types = parseTypes(options.types);
      const nodes = nodesOf(address, options);
      const tokens = tokensOf(options);
      const wish = eventWish(options, { types, names, nodes, intervalMs });
      const signal = stopSignal();
      const show = printer(options, { isRepeating: wish.maxInterval !== undefined, namesNodes: nodes.length > 1 });
      if (options.published) requireAlone(options, tokens);
      await ClientSession.use(options.profile, async (session) => {
        if (options.published) {
          await watchPublished(session, address, { names, nodes, types, signal, count, show });
          return;
        }
        const to = options.poll ? undefined : await tellsEvents(session, address, signal);
        if (to && (await watchEvents(session, address, wish, { signal, count, show, to }))) return;
        if (signal.aborted) return;
        if (wish.needsEvents) say(`${thing} tells no events: it is read, and the conditions on changes do not count`);
        await poll(session, address, { types, names, nodes, tokens }, { signal, count, show, intervalMs });
      });
    });
}

/** Prints fields, but for those that have not changed. */
function printer({ json }: WatchOptions, { isRepeating, namesNodes }: { isRepeating: boolean; namesNodes: boolean }) {
  const shown = new Map<string, string>();
  return (thing: Jid, fields: readonly Field[]) => {
    for (const field of fields) {
      const text = valueText(field);
      const key = `${nodeKey(field.node)} ${field.name}`;
      if (!isRepeating && shown.get(key) === text) continue;
      shown.set(key, text);
      const of = namesNodes && field.node ? `${field.node.nodeId}  ` : '';
      if (json) printJson(fieldJson(thing.bare.toString(), field));
      else process.stdout.write(`${field.timestamp.toISOString()}  ${of}${field.name}  ${text}\n`);
    }
  };
}

/** Where the Thing is, when it is there and can tell events. */
async function tellsEvents(
  session: ClientSession,
  address: ThingAddress,
  signal: AbortSignal,
): Promise<Jid | undefined> {
  try {
    const to = await session.locate(address, signal);
    const { features } = await discoInfo(session.client, to, { timeoutMs: 10_000, signal });
    return EVENT_DIALECTS.some(({ namespace }) => features.includes(namespace)) ? to : undefined;
  } catch (error) {
    // Reading it says what is wrong with it, or waits until it is back.
    if (error instanceof StanzaError || signal.aborted) return undefined;
    throw error;
  }
}

async function poll(
  session: ClientSession,
  address: ThingAddress,
  wish: Parameters<typeof readSensorData>[2],
  options: {
    readonly signal: AbortSignal;
    readonly count: number;
    readonly intervalMs: number;
    readonly show: (thing: Jid, fields: readonly Field[]) => void;
  },
): Promise<void> {
  const { signal, count, intervalMs, show } = options;
  for (let round = 0; round < count && !signal.aborted; round++) {
    const started = Date.now();
    try {
      const to = await session.locate(address, signal);
      for await (const batch of readSensorData(session.client, to, wish, { signal, timeoutMs: 10_000 })) {
        show(to, batch);
      }
    } catch (error) {
      // Watching goes on through a Thing that is away, but not past a refusal.
      if (signal.aborted) return;
      const passing = error instanceof ReadoutFailure || (error instanceof StanzaError && error.type === 'wait');
      if (!passing) throw error;
      say(`${new Date().toISOString()}  ${error.message}`);
    }
    await new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.max(0, intervalMs - (Date.now() - started)));
      signal.addEventListener(
        'abort',
        () => {
          clearTimeout(timer);
          resolve(undefined);
        },
        { once: true },
      );
    });
  }
}

/** What is published is what the Thing has been configured to publish. @throws UsageError */
function requireAlone(
  { poll, changedBy, changedUp, changedDown, minInterval, maxInterval }: WatchOptions,
  tokens: Tokens,
) {
  const others = [poll, changedBy, changedUp, changedDown, minInterval, maxInterval, ...Object.values(tokens)];
  if (others.some((other) => other !== undefined)) {
    throw new UsageError('--published goes without --poll, tokens, and conditions on changes and intervals');
  }
}

/** @throws UsageError */
function positive(option: string, text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new UsageError(`${option} needs a number greater than 0, got "${text}"`);
  return value;
}
