import {
  askSleeper,
  cancelCommand,
  controlDialectOf,
  FIELD_TYPES,
  type FieldType,
  listMailbox,
  type MailboxEntry,
  readoutDialectOf,
} from '@thingward/things';
import { Command } from 'commander';
import { ClientSession, parseThing } from '../client-session.ts';
import { type OutputOptions, printJson, printTable, say } from '../output.ts';
import { explainRefusal } from './read.ts';

interface MailboxOptions extends OutputOptions {
  readonly profile?: string;
  readonly cancel?: string;
}

export function mailboxCommand(): Command {
  return new Command('mailbox')
    .description('show what waits for a Thing that sleeps, and what became of it')
    .argument('<thing>', 'its address')
    .option('--cancel <id>', 'take a command or a read-out back')
    .option('--profile <file>', 'who signs in where')
    .option('--json', 'one JSON object per command')
    .addHelpText(
      'after',
      '\nExamples:\n  thingward mailbox sensor@example.org\n  thingward mailbox sensor@example.org --cancel 0mg2x',
    )
    .action(async (text: string, options: MailboxOptions) => {
      const { jid } = parseThing(text);
      await ClientSession.use(options.profile, async ({ client }) => {
        try {
          if (options.cancel !== undefined) {
            await cancelCommand(client, jid, options.cancel);
            if (options.json) printJson({ thing: jid.bare.toString(), id: options.cancel, state: 'cancelled' });
            else say(`${text}: ${options.cancel}: cancelled`);
            return;
          }
          const [{ isAsleep, next }, entries] = [await askSleeper(client, jid), await listMailbox(client, jid)];
          if (options.json) for (const entry of entries) printJson(entryJson(jid.bare.toString(), entry));
          else {
            say(`${text} ${isAsleep ? 'sleeps' : 'is awake'}${next ? `; it wakes next at ${next.toISOString()}` : ''}`);
            printTable(['id', 'state', 'from', 'received', 'until', 'what'], entries.map(cellsOf));
          }
        } catch (error) {
          throw explainRefusal(error, text);
        }
      });
    });
}

/** What a command sets, by name; undefined for a read-out. */
function settingsOf({ payload }: MailboxEntry): Record<string, string> | undefined {
  const dialect = controlDialectOf(payload.namespace);
  if (!dialect) return undefined;
  const { settings, form } = dialect.decodeRequest(payload);
  const submitted = (form?.fields ?? []).flatMap(({ var: name, type, values }) =>
    name === undefined || type === 'hidden' ? [] : [[name, values?.[0] ?? '']],
  );
  return Object.fromEntries([...settings.map(({ name, value }) => [name, String(value.value)]), ...submitted]);
}

/** The kinds of fields that a read-out is for; undefined for a command. */
function kindsOf({ payload }: MailboxEntry): readonly FieldType[] | undefined {
  return readoutDialectOf(payload.namespace)?.decodeRequest(payload).types;
}

function entryJson(thing: string, entry: MailboxEntry): object {
  const { id, state, sender, received, until, finished } = entry;
  return {
    thing,
    id,
    state,
    sender: sender.toString(),
    received: received.toISOString(),
    until: until.toISOString(),
    ...(finished && { finished: finished.toISOString() }),
    set: settingsOf(entry),
    read: kindsOf(entry),
  };
}

function cellsOf(entry: MailboxEntry): string[] {
  const { id, state, sender, received, until } = entry;
  const sets = Object.entries(settingsOf(entry) ?? {}).map(([name, value]) => `${name} = ${value}`);
  const kinds = kindsOf(entry);
  const what = kinds ? `read ${kinds.length === FIELD_TYPES.length ? 'all' : kinds.join(',')}` : sets.join(', ');
  return [id, state, sender.bare.toString(), received.toISOString(), until.toISOString(), what];
}
