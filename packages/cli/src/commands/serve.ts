import { dirname, resolve } from 'node:path';
import { type ServerConfig, serverConfigSchema, ThingwardServer } from '@thingward/server';
import type { Logger } from '@thingward/xmpp';
import { Command } from 'commander';
import { findFile, loadConfigFile } from '../config-file.ts';
import { createLogger, type LevelLogger } from '../logging.ts';
import { say } from '../output.ts';
import { CANDIDATES, consoleDirectory } from '../paths.ts';
import { serverEvents } from '../server-events.ts';
import { untilStopped } from '../shutdown.ts';

export function serveCommand(): Command {
  return new Command('serve')
    .description('run the XMPP server with its services and the web console')
    .option('-c, --config <file>', 'configuration file (thingward.yaml)')
    .option('--log-level <level>', 'debug, info, warn or error, whatever the configuration says')
    .addHelpText(
      'after',
      '\nThe configuration is read again on SIGHUP; streams go on.\n\nExamples:\n  thingward serve --config /etc/thingward/thingward.yaml\n  kill -HUP PID',
    )
    .action(async ({ config, logLevel }: { config?: string; logLevel?: string }) => {
      const file = findFile('config', config, CANDIDATES.config);
      const log = createLogger(logLevel ?? readServerConfig(file).log.level);
      const stopped = untilStopped();
      while ((await serve(file, log, stopped, logLevel)) === 'restart');
    });
}

/** Reads the configuration again. What is wrong with it is logged, and nothing changes then. */
async function reload(
  server: ThingwardServer,
  file: string,
  { log, events, logLevel }: { log: LevelLogger; events: Logger; logLevel: string | undefined },
): Promise<void> {
  try {
    const config = readServerConfig(file);
    const { applied, needsRestart } = await server.reload(config);
    log.level = logLevel ?? config.log.level;
    events.info({ file, applied }, 'the configuration was read again');
    if (needsRestart.length > 0) events.warn({ needsRestart }, 'these keys count after a new start only');
  } catch (error) {
    events.error({ file, reason: (error as Error).message }, 'the configuration can’t be used: nothing has changed');
  }
}

const ignore = () => undefined;

/** Runs the server until it is told to end, by a signal or by an administrator. @returns whether it is to start again */
async function serve(
  file: string,
  log: LevelLogger,
  stopped: Promise<void>,
  logLevel: string | undefined,
): Promise<'restart' | 'shutdown' | 'stopped'> {
  const loaded = readServerConfig(file);
  let perform: (what: 'restart' | 'shutdown') => void = () => undefined;
  const requested = new Promise<'restart' | 'shutdown'>((resolve) => {
    perform = resolve;
  });
  const events = serverEvents(log, loaded);
  const server = await ThingwardServer.start(loaded, {
    log: events.log,
    services: events.services,
    consoleDirectory: consoleDirectory(),
    serviceControl: {
      // What is wrong with the configuration now would keep it from starting again.
      prepare: (what) => {
        if (what === 'restart') readServerConfig(file);
      },
      perform,
    },
  });
  const stopTelling = events.tell(server);
  const onReload = () => void reload(server, file, { log, events: events.log, logLevel });
  process.on('SIGHUP', onReload);
  process.off('SIGHUP', ignore);
  say(`thingward ready ${server.url ?? loaded.domain}`);
  if (server.tls.isSelfSigned) say(`certificate: self-signed, ${server.tls.fingerprint}`);
  const reason = await Promise.race([requested, stopped.then(() => 'stopped' as const)]);
  stopTelling();
  await server.stop();
  // Until the next one listens to it, the signal would end the process.
  process.on('SIGHUP', ignore);
  process.off('SIGHUP', onReload);
  return reason;
}

/** The server's configuration, with paths made absolute. @throws ConfigFileError, UsageError */
export function loadServerConfig(given: string | undefined): ServerConfig {
  return readServerConfig(findFile('config', given, CANDIDATES.config));
}

function readServerConfig(file: string): ServerConfig {
  const config = loadConfigFile(file, serverConfigSchema);
  const absolute = (path: string) => resolve(dirname(file), path);
  return {
    ...config,
    dataDir: absolute(config.dataDir),
    audit: { ...config.audit, folder: config.audit.folder && absolute(config.audit.folder) },
    ...(config.policies === undefined ? {} : { policies: absolute(config.policies) }),
    exi: { ...config.exi, configurations: config.exi.configurations && absolute(config.exi.configurations) },
    s2s: { ...config.s2s, trust: config.s2s.trust && { ca: absolute(config.s2s.trust.ca) } },
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
