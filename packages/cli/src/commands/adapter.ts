import { dirname } from 'node:path';
import {
  Adapter,
  type AdapterAccountStatus,
  adapterConfigSchema,
  DeviceConnections,
  Gateway,
} from '@thingward/gateway';
import { Command } from 'commander';
import { findFile, loadConfigFile } from '../config-file.ts';
import { loadGatewayConfig } from '../gateway-config.ts';
import { createLogger } from '../logging.ts';
import { printJson, say } from '../output.ts';
import { CANDIDATES } from '../paths.ts';
import { untilStopped } from '../shutdown.ts';

interface AdapterCommandOptions {
  readonly config?: string;
  readonly gateway?: string;
  readonly logLevel: string;
  readonly json?: boolean;
}

export function adapterCommand(): Command {
  return new Command('adapter')
    .description(
      'carry packets of legacy masters to their devices over XMPP: ingress where a master is, egress where devices are',
    )
    .option('-c, --config <file>', 'configuration file (adapter.yaml)')
    .option('--gateway <file>', 'also host the Things of a gateway.yaml, on the same lines to the devices')
    .option('--log-level <level>', 'debug, info, warn or error', 'info')
    .option('--json', 'say what is there as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  thingward adapter --config adapter.yaml\n  thingward adapter --config adapter.yaml --gateway gateway.yaml   # the devices are Things, too',
    )
    .action(run);
}

async function run(options: AdapterCommandOptions): Promise<void> {
  const log = createLogger(options.logLevel);
  const file = findFile('config', options.config, CANDIDATES.adapter);
  const config = loadConfigFile(file, adapterConfigSchema);
  const connections = new DeviceConnections();
  const gateway =
    options.gateway === undefined ? undefined : startGateway(options.gateway, connections, options.logLevel);
  const adapter = new Adapter(config, { log, baseDirectory: dirname(file), connections });
  await gateway?.start();
  await adapter.start();
  if (!options.json) for (const account of adapter.status()) describe(account);
  adapter.ready().then(
    () => {
      if (options.json) printJson(adapter.status());
      say(`adapter ready: ${config.ingress.length} ingress, ${config.egress.length} egress at ${config.server.domain}`);
    },
    // It goes on trying; masters are answered with exceptions meanwhile.
    (error: Error) => say(`adapter: not everything is online yet: ${error.message}`),
  );
  await untilStopped();
  await adapter.stop();
  await gateway?.stop();
}

function startGateway(given: string, connections: DeviceConnections, logLevel: string): Gateway {
  const { file, config } = loadGatewayConfig(given);
  return new Gateway(config, { log: createLogger(logLevel), baseDirectory: dirname(file), connections });
}

function describe({ jid, ingress, egress }: AdapterAccountStatus): void {
  for (const { at, routes } of ingress)
    say(`${jid}: masters connect at ${at}, to reach ${Object.keys(routes).join(', ')}`);
  if (egress) say(`${jid}: devices at ${egress.lines.map(({ name }) => name).join(', ')}`);
}
