import {
  type Field,
  fieldInUnit,
  type LastKnown,
  type Queued,
  ReadoutFailure,
  readSleeping,
  UNITS,
  unitNamed,
} from '@thingward/things';
import { Command } from 'commander';
import { ClientSession, parseThing } from '../client-session.ts';
import { CommandError, UsageError } from '../errors.ts';
import { fieldJson, valueText } from '../field-text.ts';
import { type OutputOptions, printJson, say, Table, thingText } from '../output.ts';
import { addReadoutOptions, type ReadoutCommandOptions, readoutOptions, readoutWish } from '../readout-options.ts';
import { stopSignal } from '../shutdown.ts';
import { parseDistance } from '../time-text.ts';
import { addIdentityOptions, type IdentityOptions, identityOf } from '../token-identity.ts';

interface ReadOptions extends OutputOptions, ReadoutCommandOptions, IdentityOptions {
  readonly profile?: string;
  readonly unit?: readonly string[];
  readonly wait?: string;
}

export function readCommand(): Command {
  const command = new Command('read')
    .description('read the fields of a Thing: what it is now, or what it was')
    .argument('<thing>', 'its address: jid, or jid#nodeId behind a concentrator')
    .argument('[fields...]', 'names of fields; all when not given');
  return addIdentityOptions(addReadoutOptions(command))
    .option('--unit <unit...>', 'show values in these units, where they measure the same: °F, kPa, ...')
    .option(
      '--wait <time>',
      'how long to wait for a Thing that sleeps, where only it knows: 0s, 15m, 2h; until it wakes when not given',
    )
    .option('--profile <file>', 'who signs in where')
    .option('--json', 'one JSON object per field')
    .addHelpText(
      'after',
      '\nExamples:\n  thingward read plc@example.org\n  thingward read plc@example.org Level "Inlet Flow" --json\n' +
        '  thingward read plc@example.org Level --types historicalHour --from 7d\n' +
        '  thingward read plc@example.org Temperature --unit °F\n' +
        '  thingward read plant@example.org --node tank --node pump --when +30s\n' +
        '  thingward read sensor@example.org --types historicalHour --from 7d --wait 1h',
    )
    .action(async (thing: string, names: string[], options: ReadOptions) => {
      const address = parseThing(thing);
      const wish = readoutWish(address, names, options);
      const units = parseUnits(options.unit);
      const reading = readoutOptions(options);
      const wakeTimeoutMs = options.wait === undefined ? undefined : parseDistance('--wait', options.wait, 0);
      const identity = identityOf(options);
      const asked = address.node?.nodeId;
      // What was asked for may have parts that nobody named: theirs are told apart.
      const nodeOf = ({ node }: Field) => (node === undefined || node.nodeId === asked ? '' : node.nodeId);
      const signal = stopSignal();
      await ClientSession.use(options.profile, async (session) => {
        const to = await session.locate(address, signal);
        const shown = { ...wish, tokens: await session.shownTokens(to, wish.tokens ?? {}, identity) };
        const seen = new Set<string>();
        const table = new Table(['?node', 'field', '>value', 'types', 'quality', 'time']);
        let known: LastKnown | undefined;
        const show = (read: Field) => {
          const field = units.reduce(fieldInUnit, read);
          seen.add(field.name);
          if (options.json) printJson({ ...fieldJson(to.bare.toString(), field), ...lastKnownJson(known) });
          else table.add([nodeOf(field), ...cellsOf(field)]);
        };
        const end = () => {
          if (options.json) return;
          if (known) say(lastKnownText(thing, known));
          table.end();
        };
        try {
          const onQueued = (queued: Queued) => {
            if (wakeTimeoutMs !== 0) say(queuedText(thing, queued));
          };
          const waiting = { ...reading, wakeTimeoutMs, onQueued, signal };
          for await (const { fields, lastKnown } of readSleeping(session.client, to, shown, waiting)) {
            known = lastKnown;
            fields.forEach(show);
          }
        } catch (error) {
          if (!(error instanceof ReadoutFailure)) throw explainRefusal(error, thing);
          if (seen.size > 0) end();
          throw new CommandError(`${thingText(to.bare.toString(), address.node)}: ${error.message}`);
        }
        end();
        const missing = names.filter((name) => !seen.has(name));
        if (missing.length > 0) {
          const quoted = missing.map((name) => `"${name}"`).join(', ');
          const isRestricted = [options.types, options.from, options.to].some((option) => option !== undefined);
          throw new CommandError(
            isRestricted
              ? `${thing} has no ${quoted} of these kinds and times`
              : `${thing} has no field named ${quoted}`,
          );
        }
      });
    });
}

/** Says of fields that they are what the Thing's server had of it. */
function lastKnownJson(known: LastKnown | undefined): object {
  if (!known) return {};
  return { lastKnown: { at: known.at.toISOString(), ...(known.next && { next: known.next.toISOString() }) } };
}

function lastKnownText(thing: string, { at, next }: LastKnown): string {
  const wakes = next ? `; it wakes next at ${next.toISOString()}` : '';
  return `${thing} sleeps: this is what it left behind at ${at.toISOString()}${wakes}`;
}

/** Says that it has to be waited for. */
function queuedText(thing: string, { next, until }: Queued): string {
  const wakes = next ? `wakes at ${next.toISOString()}` : 'wakes at a time that nobody knows';
  return `${thing} sleeps, and only it knows: this waits until it ${wakes}, or until ${until.toISOString()}. What was stored of it: thingward history`;
}

/** @throws UsageError */
export function parseUnits(names: readonly string[] = []): readonly string[] {
  return names.map((name) => {
    const unit = unitNamed(name);
    if (unit) return unit.name;
    throw new UsageError(`"${name}" is no unit that is known (there are: ${UNITS.map((one) => one.name).join(', ')})`);
  });
}

function cellsOf(field: Field): string[] {
  return [field.name, valueText(field), field.types.join(','), field.qos.join(','), field.timestamp.toISOString()];
}

/** Says of an error reply whose it is. */
export function explainRefusal(error: unknown, thing: string): unknown {
  if (!(error instanceof Error) || error.name !== 'StanzaError') return error;
  return new CommandError(`${thing}: ${error.message}`, { cause: error });
}
