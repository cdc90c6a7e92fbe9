import {
  EVENT_LEVELS,
  EVENT_TYPES,
  type EventLevel,
  type EventLogQuery,
  type EventType,
  pause,
  queryEventLog,
  type StoredEvent,
} from '@thingward/things';
import { Jid } from '@thingward/xmpp';
import { Command } from 'commander';
import { ClientSession } from '../client-session.ts';
import { UsageError } from '../errors.ts';
import { type OutputOptions, printJson } from '../output.ts';
import { stopSignal } from '../shutdown.ts';
import { parseTime } from '../time-text.ts';
import { addAuditLog } from './audit-log.ts';
import { explainRefusal } from './read.ts';

interface TailOptions extends OutputOptions {
  readonly profile?: string;
  readonly lines: string;
  readonly follow: boolean;
  readonly type?: string;
  readonly level?: string;
  readonly facility?: string;
  readonly object?: string;
  readonly subject?: string;
  readonly module?: string;
  readonly id?: string;
  readonly sender?: string;
  readonly from?: string;
}

const ROUND_MS = 1000;
const EVENTS_PER_PAGE = 100;

export function auditCommand(): Command {
  const command = new Command('audit').description(
    'what has happened on the network, and the log of what was decided and done',
  );
  command
    .command('tail')
    .description('print logged events as they come')
    .option('-n, --lines <count>', 'begin with so many that have happened', '20')
    .option('--no-follow', 'end with the last that has happened')
    .option('--type <type>', `as severe as this or more: ${EVENT_TYPES.join(', ')}`)
    .option('--level <level>', `as important as this or more: ${EVENT_LEVELS.join(', ')}`)
    .option('--facility <name>', 'told by this kind of program: server, service, gateway')
    .option('--module <name>', 'told by this part of it')
    .option('--object <name>', 'what it happened to')
    .option('--subject <name>', 'who or what caused it')
    .option('--id <id>', 'what kind of thing happened')
    .option('--sender <jid>', 'who told of it')
    .option('--from <time>', 'an ISO date and time, or how long ago: 90s, 15m, 2h, 7d')
    .option('--profile <file>', 'who signs in where')
    .option('--json', 'one JSON object per event')
    .addHelpText(
      'after',
      '\nExamples:\n  thingward audit tail --type warning\n  thingward audit tail --facility gateway --object tank --no-follow --json',
    )
    .action(async (options: TailOptions) => {
      const query = tailQuery(options);
      const lines = Number(options.lines);
      if (!(Number.isInteger(lines) && lines >= 0)) {
        throw new UsageError(`--lines needs a whole number, got "${options.lines}"`);
      }
      const show = options.json ? (stored: StoredEvent) => printJson(eventJson(stored)) : printEvent;
      const signal = stopSignal();
      await ClientSession.use(options.profile, async (session) => {
        try {
          await tail(session, query, { lines, follow: options.follow, show, signal });
        } catch (error) {
          if (!signal.aborted) throw explainRefusal(error, 'the log of events');
        }
      });
    });
  addAuditLog(command);
  return command;
}

/** @throws UsageError */
export function tailQuery(options: Omit<TailOptions, 'lines' | 'follow'>): EventLogQuery {
  const { facility, object, subject, module, id } = options;
  const sender = options.sender === undefined ? undefined : Jid.tryParse(options.sender);
  if (options.sender !== undefined && !sender)
    throw new UsageError(`--sender needs an address, got "${options.sender}"`);
  return {
    leastType: options.type === undefined ? undefined : oneOf<EventType>('--type', EVENT_TYPES, options.type),
    leastLevel: options.level === undefined ? undefined : oneOf<EventLevel>('--level', EVENT_LEVELS, options.level),
    sender,
    facility,
    object,
    subject,
    module,
    id,
    from: options.from === undefined ? undefined : parseTime('--from', options.from),
  };
}

async function tail(
  session: ClientSession,
  query: EventLogQuery,
  options: { lines: number; follow: boolean; show: (stored: StoredEvent) => void; signal: AbortSignal },
): Promise<void> {
  const { lines, follow, show, signal } = options;
  const log = await session.eventLog();
  const ask = (part: EventLogQuery['part']) => queryEventLog(session.client, log, { ...query, part }, { signal });
  const events = await lastEvents(lines, ask);
  for (const event of events) show(event);
  // Where nothing fits, the place is that of the last event of all.
  let place = events.at(-1)?.sequence ?? (await placeOfLast(session, log, signal));
  while (follow && !signal.aborted) {
    const next = await ask({ after: place, max: EVENTS_PER_PAGE });
    for (const event of next.events) show(event);
    place = next.events.at(-1)?.sequence ?? place;
    if (next.events.length === 0) await pause(ROUND_MS, signal);
  }
}

/** Backwards, page by page. */
async function lastEvents(
  count: number,
  ask: (part: EventLogQuery['part']) => Promise<{ readonly events: readonly StoredEvent[] }>,
): Promise<readonly StoredEvent[]> {
  let found: readonly StoredEvent[] = [];
  while (found.length < count) {
    const before = found[0]?.sequence ?? '';
    const { events } = await ask({ before, max: Math.min(EVENTS_PER_PAGE, count - found.length) });
    if (events.length === 0) break;
    found = [...events, ...found];
  }
  return found;
}

async function placeOfLast({ client }: ClientSession, log: Jid, signal: AbortSignal): Promise<string> {
  const { events } = await queryEventLog(client, log, { part: { before: '', max: 1 } }, { signal });
  return events[0]?.sequence ?? '0';
}

function printEvent({ sender, event }: StoredEvent): void {
  const { type, level, facility, module, object, subject, id, message, tags, stackTrace } = event;
  const source = [facility, module].filter((part) => part !== undefined).join('/');
  const about = [id, object && `about ${object}`, subject && `by ${subject}`].filter((part) => part).join(', ');
  const details = tags.map(({ name, value }) => `${name}=${value}`).join(' ');
  const parts = [
    event.timestamp.toISOString(),
    `${type}/${level}`,
    `${sender}${source && ` ${source}`}`,
    visible(message),
  ];
  const line = [...parts, about && `(${visible(about)})`, visible(details)].filter((part) => part).join('  ');
  process.stdout.write(`${line}\n`);
  for (const at of stackTrace?.split('\n') ?? []) process.stdout.write(`    ${visible(at)}\n`);
}

/** Others wrote it: it must not steer the terminal. */
function visible(text: string): string {
  return text.replace(/\n/g, ' | ').replace(/\p{Cc}/gu, '\ufffd');
}

function eventJson({ sequence, sender, received, event }: StoredEvent): object {
  const { timestamp, ...rest } = event;
  return {
    sequence,
    sender: sender.toString(),
    received: received.toISOString(),
    timestamp: timestamp.toISOString(),
    ...rest,
  };
}

function oneOf<T extends string>(option: string, members: readonly T[], text: string): T {
  const member = members.find((candidate) => candidate.toLowerCase() === text.toLowerCase());
  if (member !== undefined) return member;
  throw new UsageError(`${option} is one of ${members.join(', ')}, got "${text}"`);
}
