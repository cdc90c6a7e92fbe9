import { IoTDiscoError } from '@thingward/things';
import { Command, CommanderError } from 'commander';
import { demoCommand } from './commands/demo.ts';
import { doctorCommand } from './commands/doctor.ts';
import { gatewayCommand } from './commands/gateway.ts';
import { historyCommand } from './commands/history.ts';
import { readCommand } from './commands/read.ts';
import { serveCommand } from './commands/serve.ts';
import { setCommand } from './commands/set.ts';
import { thingsCommand } from './commands/things.ts';
import { userCommand } from './commands/user.ts';
import { watchCommand } from './commands/watch.ts';
import { UsageError } from './errors.ts';

const VERBS = [
  demoCommand,
  serveCommand,
  gatewayCommand,
  userCommand,
  thingsCommand,
  readCommand,
  setCommand,
  watchCommand,
  historyCommand,
  doctorCommand,
];

/** Runs a command line. @returns the exit code: 0 ok, 1 failed, 2 usage */
async function run(args: readonly string[]): Promise<number> {
  const program = new Command('thingward')
    .description('Secure sensor networks over XMPP.')
    .version('0.1.0')
    .showHelpAfterError('(thingward VERB --help shows how)')
    .showSuggestionAfterError();
  for (const verb of VERBS) program.addCommand(verb());
  exitInsteadOfEnding(program);
  try {
    await program.parseAsync(args, { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    process.stderr.write(`thingward: ${describe(error)}\n`);
    return error instanceof UsageError || error instanceof IoTDiscoError ? 2 : 1;
  }
}

function exitInsteadOfEnding(command: Command): void {
  command.exitOverride();
  for (const child of command.commands) exitInsteadOfEnding(child);
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // A bug shows where it is; what is thrown on purpose has a code and says what it needs to say.
  return 'code' in error ? error.message : (error.stack ?? error.message);
}

process.exitCode = await run(process.argv.slice(2));
