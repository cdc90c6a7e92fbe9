import { GUARD_COMMANDS } from '@thingward/server';
import type { Command } from 'commander';
import { Administration } from '../administration.ts';
import { type OutputOptions, printJson, printTable, say } from '../output.ts';

interface RoleOptions extends OutputOptions {
  readonly profile?: string;
}

/** Roles of accounts, which are groups of policies: of a running server, for its administrators. */
export function addRoleCommands(user: Command): void {
  const role = user.command('role').description('roles of accounts: groups of policies (docs/guard.md)');
  for (const [verb, node, description, said] of [
    ['add', 'add-role', 'give an account a role', 'has the role'],
    ['rm', 'remove-role', 'take a role from an account', 'has no more the role'],
  ] as const) {
    role
      .command(`${verb} <name> <role>`)
      .description(description)
      .option('--profile <file>', 'which administrator signs in where')
      .addHelpText('after', `\nExamples:\n  thingward user role ${verb} ana operators`)
      .action((name: string, roleName: string, { profile }: RoleOptions) =>
        Administration.use(profile, async (administration) => {
          const jid = administration.account(name);
          await administration.run(`${GUARD_COMMANDS}#${node}`, { jid, role: roleName });
          say(`${jid} ${said} ${roleName}`);
        }),
      );
  }
  role
    .command('list [name]')
    .description('roles of all accounts, or of one, and who says so')
    .option('--profile <file>', 'which administrator signs in where')
    .option('--json', 'one JSON object per role')
    .addHelpText('after', '\nExamples:\n  thingward user role list\n  thingward user role list ana --json')
    .action((name: string | undefined, { profile, json }: RoleOptions) =>
      Administration.use(profile, async (administration) => {
        const { form } = await administration.run(`${GUARD_COMMANDS}#list-roles`);
        const rows = (form?.items ?? []).map((fields) => {
          const value = (wanted: string) => fields.find((field) => field.var === wanted)?.values?.[0] ?? '';
          return { jid: value('jid'), role: value('role'), source: value('source') };
        });
        const wanted = name === undefined ? rows : rows.filter(({ jid }) => jid === administration.account(name));
        if (json) for (const row of wanted) printJson(row);
        else
          printTable(
            ['account', 'role', 'source'],
            wanted.map(({ jid, role: held, source }) => [jid, held, source]),
          );
      }),
    );
}
