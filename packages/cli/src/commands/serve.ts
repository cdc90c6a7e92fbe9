import { dirname, resolve } from 'node:path';
import { type ServerConfig, serverConfigSchema, ThingwardServer } from '@thingward/server';
import { Command } from 'commander';
import { findFile, loadConfigFile } from '../config-file.ts';
import { createLogger } from '../logging.ts';
import { say } from '../output.ts';
import { CANDIDATES, consoleDirectory } from '../paths.ts';
import { serverEvents } from '../server-events.ts';
import { untilStopped } from '../shutdown.ts';

export function serveCommand(): Command {
  return new Command('serve')
    .description('run the XMPP server with its services and the web console')
    .option('-c, --config <file>', 'configuration file (thingward.yaml)')
    .option('--log-level <level>', 'debug, info, warn or error', 'info')
    .addHelpText('after', '\nExamples:\n  thingward serve --config /etc/thingward/thingward.yaml')
    .action(async ({ config, logLevel }: { config?: string; logLevel: string }) => {
      const loaded = loadServerConfig(config);
      const { log, services } = serverEvents(createLogger(logLevel), loaded.domain);
      const server = await ThingwardServer.start(loaded, {
        log,
        services,
        consoleDirectory: consoleDirectory(),
      });
      say(`thingward ready ${server.url ?? loaded.domain}`);
      if (server.tls.isSelfSigned) say(`certificate: self-signed, ${server.tls.fingerprint}`);
      await untilStopped();
      await server.stop();
    });
}

/** The server's configuration, with paths made absolute. @throws ConfigFileError, UsageError */
export function loadServerConfig(given: string | undefined): ServerConfig {
  const file = findFile('config', given, CANDIDATES.config);
  const config = loadConfigFile(file, serverConfigSchema);
  const absolute = (path: string) => resolve(dirname(file), path);
  return {
    ...config,
    dataDir: absolute(config.dataDir),
    auth: {
      ...config.auth,
      clientCertificates: config.auth.clientCertificates && {
        ...config.auth.clientCertificates,
        ca: absolute(config.auth.clientCertificates.ca),
      },
    },
    ...(config.tls ? { tls: { cert: absolute(config.tls.cert), key: absolute(config.tls.key) } } : {}),
  };
}
