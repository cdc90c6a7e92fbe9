import { dirname, resolve } from 'node:path';
import { Gateway, openState, ServerPins } from '@thingward/gateway';
import { Command } from 'commander';
import { CommandError, UsageError } from '../errors.ts';
import { loadGatewayConfig } from '../gateway-config.ts';
import { createLogger } from '../logging.ts';
import { printJson, say } from '../output.ts';
import { untilStopped } from '../shutdown.ts';

interface PinOptions {
  readonly config?: string;
  readonly forget?: boolean;
  readonly json?: boolean;
}

export function gatewayCommand(): Command {
  const command = new Command('gateway')
    .alias('ncap')
    .description('host devices as Things on an XMPP network')
    .option('-c, --config <file>', 'configuration file (gateway.yaml)')
    .option('--log-level <level>', 'debug, info, warn or error', 'info')
    .addHelpText(
      'after',
      '\nExamples:\n  thingward gateway --config gateway.yaml\n  thingward things qr --gateway gateway.yaml   # the labels of its Things',
    )
    .action(async (options: { config?: string; logLevel: string }) => {
      const log = createLogger(options.logLevel);
      const { file, config } = loadGatewayConfig(options.config);
      const gateway = new Gateway(config, { log, baseDirectory: dirname(file) });
      const reload = () => {
        try {
          gateway.reloadPolicies();
        } catch (error) {
          log.error({ reason: (error as Error).message }, 'the policies can’t be used: nothing has changed');
        }
      };
      process.on('SIGHUP', reload);
      await gateway.start();
      gateway.ready().then(
        () => say(`gateway ready: ${config.things.length} Things at ${config.server.domain}`),
        // It goes on trying, and polls and keeps readings meanwhile.
        (error: Error) => say(`gateway: not everything is online yet: ${error.message}`),
      );
      await untilStopped();
      process.off('SIGHUP', reload);
      await gateway.stop();
    });
  command
    .command('pin [fingerprint]')
    .description('show, replace or forget the certificate of the server that was pinned at the first use')
    .option('-c, --config <file>', 'configuration file (gateway.yaml)')
    .option('--forget', 'trust the next server that knows the accounts')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  thingward gateway pin\n  thingward gateway pin sha256:AB:CD:...   # as the server has printed it at its start',
    )
    .action((fingerprint: string | undefined, options: PinOptions) =>
      // The option belongs to both; which of them has taken it depends on where it stands.
      pin(fingerprint, { ...command.opts<PinOptions>(), ...options }),
    );
  return command;
}

function pin(given: string | undefined, { config: named, forget, json }: PinOptions): void {
  if (given !== undefined && forget) throw new UsageError('either a fingerprint or --forget');
  const fingerprint = given
    ?.replace(/^sha-?256:/i, '')
    .replaceAll(':', '')
    .toLowerCase();
  if (fingerprint !== undefined && !/^[0-9a-f]{64}$/.test(fingerprint)) {
    throw new UsageError('a SHA-256 fingerprint has 32 octets in hexadecimal, such as sha256:AB:CD:...');
  }
  const { file, config } = loadGatewayConfig(named);
  if (!config.server.trustOnFirstUse) {
    throw new CommandError(`${file}: nothing is pinned without server.trustOnFirstUse: true`);
  }
  const domain = config.server.domain.toString();
  const state = openState(resolve(dirname(file), config.dataDir));
  try {
    const pins = new ServerPins(state);
    if (fingerprint !== undefined) pins.replace(domain, fingerprint);
    if (forget) pins.forget(domain);
    const pinned = pins.get(domain);
    if (json) printJson({ domain, ...pinned });
    else if (pinned) say(`${domain}: sha256:${pinned.fingerprint}, pinned ${pinned.pinnedAt.toISOString()}`);
    else say(`${domain}: none; the next server that knows the accounts is trusted`);
  } finally {
    state.close();
  }
}
