import { ADMIN, CREATE_ACCOUNT } from '@thingward/server';
import { formValues } from '@thingward/xmpp';
import type { Command } from 'commander';
import { Administration } from '../administration.ts';
import { CommandError, UsageError } from '../errors.ts';
import { type OutputOptions, printJson, say } from '../output.ts';

const MAX_INVITATIONS = 100;

interface ProfileOptions {
  readonly profile?: string;
}

interface InviteOptions extends OutputOptions, ProfileOptions {
  readonly count: string;
  readonly expires: string;
  readonly contact?: boolean;
}

/** What is done with accounts through the running server, by one of its administrators. */
export function addUserAdministration(command: Command): void {
  command
    .command('invite [name]')
    .description('make invitations to register, each for one account; of a running server, for its administrators')
    .option('--count <number>', 'how many', '1')
    .option('--expires <time>', 'how long they are valid: 12h, 7d', '7d')
    .option('--contact', 'who registers becomes your contact')
    .option('--profile <file>', 'which administrator signs in where')
    .option('--json', 'one JSON object per invitation')
    .addHelpText(
      'after',
      '\nExamples:\n  thingward user invite\n  thingward user invite alice --expires 2d\n  thingward user invite --count 10 --json',
    )
    .action((name: string | undefined, options: InviteOptions) => {
      const count = /^\d{1,3}$/.test(options.count) ? Number(options.count) : 0;
      if (count < 1 || count > MAX_INVITATIONS)
        throw new UsageError(`--count is a number from 1 to ${MAX_INVITATIONS}`);
      if (name !== undefined && count > 1) throw new UsageError('a name is for one: --count goes without it');
      const values = {
        username: name,
        'roster-subscription': options.contact ?? false,
        hours: String(hoursOf(options.expires)),
      };
      return Administration.use(options.profile, async (administration) => {
        for (let i = 0; i < count; i++) {
          const { form } = await administration.run(CREATE_ACCOUNT, values, 'auth.registration: invite');
          const [uri] = (form && formValues(form, 'uri')) ?? [];
          const [expires] = (form && formValues(form, 'expire')) ?? [];
          if (uri === undefined) throw new CommandError(`${administration.domain} gave no invitation`);
          if (options.json) printJson({ uri, expires });
          else process.stdout.write(`${uri}\n`);
          if (!options.json && i === count - 1) say(`valid until ${expires}, ${count === 1 ? 'once' : 'each once'}`);
        }
      });
    });
  for (const [verb, node, said] of [
    ['disable', 'disable-user', 'disabled; its sessions were ended, its data stay'],
    ['enable', 'reenable-user', 'enabled'],
  ] as const) {
    command
      .command(`${verb} <names...>`)
      .description(
        verb === 'disable'
          ? 'let nobody sign in to accounts any more, and end their sessions; of a running server'
          : 'let accounts be signed in to again; of a running server',
      )
      .option('--profile <file>', 'which administrator signs in where')
      .addHelpText('after', `\nExamples:\n  thingward user ${verb} alice\n  thingward user ${verb} pump1 pump2`)
      .action((names: string[], options: ProfileOptions) =>
        Administration.use(options.profile, async (administration) => {
          const accountjids = names.map((name) => administration.account(name));
          await administration.run(`${ADMIN}#${node}`, { accountjids });
          for (const account of accountjids) say(`${account}: ${said}`);
        }),
      );
  }
}

/** @throws UsageError */
function hoursOf(text: string): number {
  const match = /^(\d{1,5})([hd])$/.exec(text);
  if (!match) throw new UsageError(`--expires needs hours or days such as 12h or 7d, got "${text}"`);
  return Number(match[1]) * (match[2] === 'd' ? 24 : 1);
}
