import { ADMIN, SESSION_LIST_NODE } from '@thingward/server';
import { type CommandResponse, noteLines } from '@thingward/xmpp';
import { Command } from 'commander';
import { Administration } from '../administration.ts';
import { type OutputOptions, printJson, printTable, say } from '../output.ts';

interface SessionsOptions extends OutputOptions {
  readonly profile?: string;
}

export function sessionsCommand(): Command {
  const command = new Command('sessions').description('who is signed in to a running server; for its administrators');
  command
    .command('list')
    .description('list sessions')
    .option('--profile <file>', 'which administrator signs in where')
    .option('--json', 'one JSON object per session')
    .addHelpText(
      'after',
      '\nExamples:\n  thingward sessions list\n  thingward sessions list --profile admin.yaml --json',
    )
    .action((options: SessionsOptions) =>
      Administration.use(options.profile, async (administration) => {
        const response = await administration.run(SESSION_LIST_NODE);
        const sessions = sessionsOf(response);
        if (options.json) for (const session of sessions) printJson(session);
        else {
          printTable(
            ['session', 'from', 'since', 'state', '>stanzas', '>unacknowledged'],
            sessions.map((session) => [
              session.jid,
              session.encrypted ? session.remote : `${session.remote} (plain)`,
              session.since,
              session.priority === undefined ? 'no presence' : session.idle ? 'idle' : 'active',
              String(session.stanzas),
              String(session.unacknowledged),
            ]),
          );
        }
        for (const line of noteLines(response.notes)) say(line);
      }),
    );
  command
    .command('kick <jid>')
    .description('end a session, or all of an account; who was kicked may sign in again')
    .option('--profile <file>', 'which administrator signs in where')
    .addHelpText(
      'after',
      '\nExamples:\n  thingward sessions kick alice\n  thingward sessions kick alice@example.org/phone',
    )
    .action((jid: string, options: SessionsOptions) =>
      Administration.use(options.profile, async (administration) => {
        const accountjids = administration.account(jid);
        const { notes } = await administration.run(`${ADMIN}#end-user-session`, { accountjids });
        for (const line of noteLines(notes)) say(`${accountjids}: ${line}`);
      }),
    );
  return command;
}

interface SessionLine {
  readonly jid: string;
  readonly remote: string;
  readonly encrypted: boolean;
  readonly since: string;
  /** Undefined while it has sent no presence. */
  readonly priority?: number | undefined;
  readonly idle: boolean;
  readonly stanzas: number;
  readonly unacknowledged: number;
}

function sessionsOf({ form }: CommandResponse): readonly SessionLine[] {
  return (form?.items ?? []).map((fields) => {
    const value = (name: string) => fields.find((field) => field.var === name)?.values?.[0];
    const priority = value('priority');
    return {
      jid: value('jid') ?? '',
      remote: value('remote') || 'connection lost',
      encrypted: value('encrypted') === '1',
      since: value('since') ?? '',
      priority: priority === undefined ? undefined : Number(priority),
      idle: value('idle') === '1',
      stanzas: Number(value('stanzas') ?? 0),
      unacknowledged: Number(value('unacknowledged') ?? 0),
    };
  });
}
