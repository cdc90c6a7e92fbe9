import { nodeKey, ReadoutFailure, readSensorData } from '@thingward/things';
import { StanzaError } from '@thingward/xmpp';
import { Command } from 'commander';
import { ClientSession, parseThing } from '../client-session.ts';
import { UsageError } from '../errors.ts';
import { fieldJson, valueText } from '../field-text.ts';
import { type OutputOptions, printJson, say } from '../output.ts';
import { addNodeOptions, type NodeOptions, nodesOf, parseTypes, tokensOf } from '../readout-options.ts';
import { stopSignal } from '../shutdown.ts';

interface WatchOptions extends OutputOptions, NodeOptions {
  readonly profile?: string;
  readonly types: string;
  readonly interval: string;
  readonly count?: string;
}

export function watchCommand(): Command {
  const command = new Command('watch')
    .description('read a Thing again and again, and print what changed')
    .argument('<thing>', 'its address: jid, or jid#nodeId behind a concentrator')
    .argument('[fields...]', 'names of fields; all when not given');
  return addNodeOptions(command)
    .option('--interval <seconds>', 'time between read-outs', '1')
    .option('--count <n>', 'end after so many read-outs')
    .option('--types <list>', 'kinds of fields', 'momentary,status,computed')
    .option('--profile <file>', 'who signs in where')
    .option('--json', 'one JSON object per changed field')
    .addHelpText(
      'after',
      '\nExamples:\n  thingward watch plc@example.org Level\n  thingward watch host@example.org --interval 5 --json',
    )
    .action(async (thing: string, names: string[], options: WatchOptions) => {
      const address = parseThing(thing);
      const intervalMs = positive('--interval', options.interval) * 1000;
      const count = options.count === undefined ? Number.POSITIVE_INFINITY : positive('--count', options.count);
      const nodes = nodesOf(address, options);
      const wish = { types: parseTypes(options.types), names, nodes, tokens: tokensOf(options) };
      const signal = stopSignal();
      const shown = new Map<string, string>();
      await ClientSession.use(options.profile, async (session) => {
        for (let round = 0; round < count && !signal.aborted; round++) {
          const started = Date.now();
          try {
            const to = await session.locate(address, signal);
            for await (const batch of readSensorData(session.client, to, wish, { signal, timeoutMs: 10_000 })) {
              for (const field of batch) {
                const text = valueText(field);
                const key = `${nodeKey(field.node)} ${field.name}`;
                if (shown.get(key) === text) continue;
                shown.set(key, text);
                const of = nodes.length > 1 && field.node ? `${field.node.nodeId}  ` : '';
                if (options.json) printJson(fieldJson(to.bare.toString(), field));
                else process.stdout.write(`${field.timestamp.toISOString()}  ${of}${field.name}  ${text}\n`);
              }
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
      });
    });
}

function positive(option: string, text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new UsageError(`${option} needs a number greater than 0, got "${text}"`);
  return value;
}
