import { IoTDiscoError } from '@thingward/things';
import { Command, CommanderError } from 'commander';
import { UsageError } from './errors.ts';

/** Each verb is loaded when it is used, so that `read` does not wait for what only `serve` needs. */
const VERBS: Readonly<Record<string, () => Promise<() => Command>>> = {
  demo: async () => (await import('./commands/demo.ts')).demoCommand,
  serve: async () => (await import('./commands/serve.ts')).serveCommand,
  gateway: async () => (await import('./commands/gateway.ts')).gatewayCommand,
  adapter: async () => (await import('./commands/adapter.ts')).adapterCommand,
  service: async () => (await import('./commands/service.ts')).serviceCommand,
  user: async () => (await import('./commands/user.ts')).userCommand,
  device: async () => (await import('./commands/device.ts')).deviceCommand,
  sessions: async () => (await import('./commands/sessions.ts')).sessionsCommand,
  stats: async () => (await import('./commands/stats.ts')).statsCommand,
  things: async () => (await import('./commands/things.ts')).thingsCommand,
  read: async () => (await import('./commands/read.ts')).readCommand,
  set: async () => (await import('./commands/set.ts')).setCommand,
  mailbox: async () => (await import('./commands/mailbox.ts')).mailboxCommand,
  watch: async () => (await import('./commands/watch.ts')).watchCommand,
  browse: async () => (await import('./commands/browse.ts')).browseCommand,
  history: async () => (await import('./commands/history.ts')).historyCommand,
  exi: async () => (await import('./commands/exi.ts')).exiCommand,
  dnp3: async () => (await import('./commands/dnp3.ts')).dnp3Command,
  teds: async () => (await import('./commands/teds.ts')).tedsCommand,
  policy: async () => (await import('./commands/policy.ts')).policyCommand,
  audit: async () => (await import('./commands/audit.ts')).auditCommand,
  'find-server': async () => (await import('./commands/find-server.ts')).findServerCommand,
  doctor: async () => (await import('./commands/doctor.ts')).doctorCommand,
};
const ALIASES: Readonly<Record<string, string>> = { ncap: 'gateway' };

/** Runs a command line. @returns the exit code: 0 ok, 1 failed, 2 usage */
async function run(args: readonly string[]): Promise<number> {
  const program = new Command('thingward')
    .description('Secure sensor networks over XMPP.')
    .version('0.1.0')
    .showHelpAfterError('(thingward VERB --help shows how)')
    .showSuggestionAfterError();
  const [first = ''] = args;
  const name = Object.hasOwn(ALIASES, first) ? ALIASES[first] : first;
  const verb = name !== undefined && Object.hasOwn(VERBS, name) ? VERBS[name] : undefined;
  // For help and for suggestions all of them are needed.
  for (const load of verb ? [verb] : Object.values(VERBS)) program.addCommand((await load())());
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

// `thingward read ... | head` is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

process.exitCode = await run(process.argv.slice(2));
