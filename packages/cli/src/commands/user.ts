import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Accounts, openServerDatabase, type ServerConfig } from '@thingward/server';
import { Command } from 'commander';
import { leaveAct } from '../audited-act.ts';
import { CommandError, UsageError } from '../errors.ts';
import { type OutputOptions, printJson, printTable, say } from '../output.ts';
import { SERVICES } from '../services.ts';
import { writeProfile } from '../written-profile.ts';
import { loadServerConfig } from './serve.ts';
import { addUserAdministration } from './user-administration.ts';
import { addRoleCommands } from './user-role.ts';

interface UserOptions extends OutputOptions {
  readonly config?: string;
  readonly passwordStdin?: boolean;
  readonly generate?: boolean;
  readonly profile?: string;
}

export function userCommand(): Command {
  const command = new Command('user').description('accounts of the server: people, gateways and devices');
  const verb = (usage: string, description: string) =>
    command.command(usage).description(description).option('-c, --config <file>', 'configuration file of the server');
  const withPassword = (made: Command) =>
    made
      .option('--password-stdin', 'read the password from standard input')
      .option('--generate', 'make a random password and print it');

  withPassword(verb('add <name>', 'make an account'))
    .option('--profile <file>', 'write a profile with which this account signs in, its password included')
    .addHelpText(
      'after',
      '\nExamples:\n  thingward user add alice\n  thingward user add pump1 --generate\n  thingward user add alice --generate --profile alice.yaml',
    )
    .action((name: string, options: UserOptions) =>
      withAccounts(options, async (accounts, audit, config) => {
        const password = await newPassword(options);
        if (options.profile !== undefined && existsSync(options.profile)) {
          throw new CommandError(`${options.profile} is there already: no account was made`);
        }
        await accounts.add(name, password);
        audit('user add', name);
        if (options.profile !== undefined) {
          const jid = `${accounts.localpart(name)}@${config.domain}`;
          await writeProfile(options.profile, jid, password, config);
        }
        say(`${name}: account made`);
        if (options.profile !== undefined) say(`${options.profile}: who signs in where; keep it to yourself`);
        if (options.generate) process.stdout.write(`${password}\n`);
      }),
    );
  withPassword(verb('passwd <name>', 'give an account a new password')).action((name: string, options: UserOptions) =>
    withAccounts(options, async (accounts, audit) => {
      const password = await newPassword(options);
      await accounts.setPassword(name, password);
      audit('user passwd', name);
      say(`${name}: password changed`);
      if (options.generate) process.stdout.write(`${password}\n`);
    }),
  );
  verb('list', 'list accounts')
    .option('--json', 'as JSON')
    .action((options: UserOptions) =>
      withAccounts(options, async (accounts) => {
        const list = await accounts.list();
        if (options.json) printJson(list);
        else
          printTable(
            ['account', 'made', 'last login', 'state'],
            list.map(({ jid, createdAt, lastLoginAt, disabledAt }) => [
              jid,
              createdAt.toISOString(),
              lastLoginAt?.toISOString() ?? '',
              disabledAt ? 'disabled' : '',
            ]),
          );
      }),
    );
  verb('rm <name>', 'remove an account with all it has; a running server ends its sessions').action(
    (name: string, options: UserOptions) =>
      withAccounts(options, async (accounts, audit) => {
        await accounts.remove(name);
        audit('user rm', name);
        say(`${name}: account removed`);
      }),
  );
  addUserAdministration(command);
  addRoleCommands(command);
  return command;
}

/** Works on the accounts of a server, whether it runs or not. */
async function withAccounts(
  { config }: UserOptions,
  work: (accounts: Accounts, audit: (act: string, name: string) => void, config: ServerConfig) => Promise<void>,
): Promise<void> {
  const loaded = loadServerConfig(config);
  const database = await openServerDatabase(loaded, SERVICES);
  try {
    const accounts = new Accounts(database.query, loaded.domain);
    const audit = (act: string, name: string) =>
      leaveAct(loaded, act, [`${accounts.localpart(name) ?? name}@${loaded.domain}`]);
    await work(accounts, audit, loaded);
  } finally {
    await database.close();
  }
}

async function newPassword({ generate, passwordStdin }: UserOptions): Promise<string> {
  if (generate) return randomBytes(15).toString('base64url');
  if (passwordStdin) return (await readLine(process.stdin)).trimEnd();
  if (!process.stdin.isTTY)
    throw new UsageError('no terminal to ask for a password: use --password-stdin or --generate');
  const first = await askHidden('Password: ');
  if (first !== (await askHidden('Again: '))) throw new UsageError('the two passwords differ');
  return first;
}

async function readLine(input: NodeJS.ReadableStream): Promise<string> {
  const lines = createInterface({ input });
  for await (const line of lines) {
    lines.close();
    return line;
  }
  throw new UsageError('no password came on standard input');
}

/** Asks on the terminal without showing what is typed. */
function askHidden(question: string): Promise<string> {
  process.stderr.write(question);
  return new Promise((resolve, reject) => {
    const { stdin } = process;
    let typed = '';
    const end = (outcome: () => void) => {
      stdin.setRawMode(false);
      stdin.pause();
      stdin.off('data', take);
      process.stderr.write('\n');
      outcome();
    };
    const take = (data: Buffer) => {
      for (const character of data.toString('utf8')) {
        if (character === '\r' || character === '\n') return end(() => resolve(typed));
        if (character === '\u0003') return end(() => reject(new UsageError('no password was given')));
        if (character === '\u007f' || character === '\b') typed = [...typed].slice(0, -1).join('');
        else typed += character;
      }
    };
    stdin.setRawMode(true);
    stdin.resume();
    stdin.on('data', take);
  });
}
