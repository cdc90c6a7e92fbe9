import { dirname, resolve } from 'node:path';
import { type ServerConfig, serverConfigSchema, ThingwardServer } from '@thingward/server';
import type { Logger } from '@thingward/xmpp';
import { Command } from 'commander';
import { findFile, loadConfigFile } from '../config-file.ts';
import { createLogger } from '../logging.ts';
import { say } from '../output.ts';
import { CANDIDATES, consoleDirectory } from '../paths.ts';
import { SERVICES } from '../services.ts';
import { untilStopped } from '../shutdown.ts';

export function serveCommand(): Command {
  return new Command('serve')
    .description('run the XMPP server with its services and the web console')
    .option('-c, --config <file>', 'configuration file (thingward.yaml)')
    .option('--log-level <level>', 'debug, info, warn or error', 'info')
    .addHelpText('after', '\nExamples:\n  thingward serve --config /etc/thingward/thingward.yaml')
    .action(async ({ config, logLevel }: { config?: string; logLevel: string }) => {
      const log = createLogger(logLevel);
      const stopped = untilStopped();
      while ((await serve(config, log, stopped)) === 'restart');
    });
}

/** Runs the server until it is told to end, by a signal or by an administrator. @returns whether it is to start again */
async function serve(
  config: string | undefined,
  log: Logger,
  stopped: Promise<void>,
): Promise<'restart' | 'shutdown' | 'stopped'> {
  const loaded = loadServerConfig(config);
  let perform: (what: 'restart' | 'shutdown') => void = () => undefined;
  const requested = new Promise<'restart' | 'shutdown'>((resolve) => {
    perform = resolve;
  });
  const server = await ThingwardServer.start(loaded, {
    log,
    services: SERVICES,
    consoleDirectory: consoleDirectory(),
    serviceControl: {
      // What is wrong with the configuration now would keep it from starting again.
      prepare: (what) => {
        if (what === 'restart') loadServerConfig(config);
      },
      perform,
    },
  });
  say(`thingward ready ${server.url ?? loaded.domain}`);
  if (server.tls.isSelfSigned) say(`certificate: self-signed, ${server.tls.fingerprint}`);
  const reason = await Promise.race([requested, stopped.then(() => 'stopped' as const)]);
  await server.stop();
  return reason;
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
