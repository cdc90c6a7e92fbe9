import { dirname } from 'node:path';
import { Gateway } from '@thingward/gateway';
import { Command } from 'commander';
import { loadGatewayConfig } from '../gateway-config.ts';
import { createLogger } from '../logging.ts';
import { say } from '../output.ts';
import { untilStopped } from '../shutdown.ts';

export function gatewayCommand(): Command {
  return new Command('gateway')
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
      await gateway.start();
      gateway.ready().then(
        () => say(`gateway ready: ${config.things.length} Things at ${config.server.domain}`),
        // It goes on trying, and polls and keeps readings meanwhile.
        (error: Error) => say(`gateway: not everything is online yet: ${error.message}`),
      );
      await untilStopped();
      await gateway.stop();
    });
}
