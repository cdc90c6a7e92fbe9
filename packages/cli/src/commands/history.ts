import { queryHistory, type Series, sendTable, type Table } from '@thingward/things';
import { Command } from 'commander';
import { ClientSession, parseThing } from '../client-session.ts';
import { UsageError } from '../errors.ts';
import { type OutputOptions, printJson, printTable } from '../output.ts';
import { sentTable } from '../sent-table.ts';
import { parseTime } from '../time-text.ts';
import { explainRefusal } from './read.ts';

interface HistoryCommandOptions extends OutputOptions {
  readonly profile?: string;
  readonly from: string;
  readonly to?: string;
  readonly max: string;
  readonly send?: string;
}

export function historyCommand(): Command {
  return new Command('history')
    .description('show stored values of a Thing')
    .argument('<thing>', 'its address: jid, or jid#nodeId behind a concentrator')
    .argument('[fields...]', 'names of fields; all when not given')
    .option('--from <time>', 'an ISO date and time, or how long ago: 90s, 15m, 2h, 7d', '15m')
    .option('--to <time>', 'the same; now when not given')
    .option('--max <points>', 'points per field; more are averaged over equal times', '50')
    .option('--send <jid>', 'send it to somebody as a table in chat messages, in place of printing it')
    .option('--profile <file>', 'who signs in where')
    .option('--json', 'one JSON object per point')
    .addHelpText(
      'after',
      '\nExamples:\n  thingward history plc@example.org Level --from 1h\n  thingward history plc@example.org --from 2026-05-01T00:00:00Z --max 1000 --json\n  thingward history plc@example.org Level --send operator@example.org',
    )
    .action(async (text: string, names: string[], options: HistoryCommandOptions) => {
      const { jid, node } = parseThing(text);
      const from = parseTime('--from', options.from);
      const to = options.to === undefined ? undefined : parseTime('--to', options.to);
      const maxPoints = Number(options.max);
      if (!(Number.isInteger(maxPoints) && maxPoints > 0))
        throw new UsageError(`--max needs a whole number, got "${options.max}"`);
      const receiver = options.send === undefined ? undefined : parseThing(options.send).jid;
      await ClientSession.use(options.profile, async (session) => {
        try {
          const history = await session.history();
          const query = { thing: jid.bare, node, names, from, ...(to ? { to } : {}), maxPoints };
          const { series } = await queryHistory(session.client, history, query);
          if (receiver) sendTable(session.client, receiver, seriesTable(series));
          else if (options.json) printPoints(jid.bare.toString(), series);
          else showSeries(series);
        } catch (error) {
          throw explainRefusal(error, text);
        }
      });
    });
}

function printPoints(thing: string, series: readonly Series[]): void {
  for (const { name, unit, type, points } of series) {
    for (const { timestamp, ...point } of points) {
      printJson({ thing, name, type, unit, timestamp: timestamp.toISOString(), ...point });
    }
  }
}

const HEADINGS = ['field', 'time', '>value', '>min', '>max', '>count'];

function showSeries(series: readonly Series[]): void {
  printTable(HEADINGS, rowsOf(series));
}

function rowsOf(series: readonly Series[]): readonly (readonly string[])[] {
  return series.flatMap(({ name, unit = '', points }) =>
    points.map(({ timestamp, value, min, max, count }) => [
      name,
      timestamp.toISOString(),
      `${value} ${unit}`.trim(),
      min ?? '',
      max ?? '',
      count === undefined ? '' : String(count),
    ]),
  );
}

/** What is stored as a table for others. */
export function seriesTable(series: readonly Series[]): Table {
  return sentTable(HEADINGS, rowsOf(series));
}
