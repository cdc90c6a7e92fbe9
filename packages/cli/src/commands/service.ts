import { join } from 'node:path';
import { openDatabase } from '@thingward/server';
import { EventLogger, tellEventLog } from '@thingward/things';
import { Jid, type Logger, type XmppClient, type XmppComponent } from '@thingward/xmpp';
import { Command } from 'commander';
import type { Kysely } from 'kysely';
import { UsageError } from '../errors.ts';
import { createLogger } from '../logging.ts';
import { say } from '../output.ts';
import { loadServiceConfig, type ServiceConfig } from '../service-config.ts';
import { servicePeer } from '../service-peer.ts';
import { EVENT_LOG_NAME, PROVISIONING_NAME, SERVICES } from '../services.ts';
import { untilStopped } from '../shutdown.ts';

export function serviceCommand(): Command {
  const names = SERVICES.map(({ name }) => name);
  return new Command('service')
    .description(
      'run one service as an external component of any XMPP server (XEP-0114); provisioning as a client, too',
    )
    .argument('<name>', names.join(' or '))
    .option('-c, --config <file>', 'configuration file (service.yaml)')
    .option('--log-level <level>', 'debug, info, warn or error', 'info')
    .addHelpText(
      'after',
      '\nExamples:\n  thingward service registry --config registry.yaml\n  thingward service provisioning --config provisioning.yaml',
    )
    .action(async (name: string, options: { config?: string; logLevel: string }) => {
      const definition = SERVICES.find((service) => service.name === name);
      if (!definition) throw new UsageError(`there is no service "${name}"; there are ${names.join(', ')}`);
      const log = createLogger(options.logLevel);
      const config = loadServiceConfig(options.config);
      if (config.account && name !== PROVISIONING_NAME) {
        throw new UsageError(`${name} can’t run as a client: give it a domain and a secret in place of account`);
      }
      const database = await openDatabase<Record<string, never>>(
        join(config.dataDir, `${name}.db`),
        definition.migrations,
      );
      const peer = servicePeer(config, log);
      const events = serviceEvents(peer, name, log, config);
      const service = definition.create(peer, database.query as unknown as Kysely<never>, events.log, config);
      await service.start();
      peer.onState((state, error) => {
        if (state === 'online') say(`${name} ready at ${peer.jid.bare}`);
        else if (error) say(`${name}: ${error.message}`);
      });
      peer.start();
      await Promise.race([untilStopped(), refused(peer)]);
      events.stop();
      await peer.stop();
      await service.stop();
      await database.close();
    });
}

/** The service's logger, which tells the log of events, too, unless it is that log itself. */
function serviceEvents(
  peer: XmppComponent | XmppClient,
  name: string,
  local: Logger,
  { eventLogAt }: ServiceConfig,
): { readonly log: Logger; readonly stop: () => void } {
  const { domain, local: account } = peer.jid;
  const above = account === undefined ? domain.slice(domain.indexOf('.') + 1) : domain;
  const collector = eventLogAt ?? `${EVENT_LOG_NAME}.${above}`;
  if (collector === 'none' || name === EVENT_LOG_NAME) return { log: local, stop: () => undefined };
  const log = new EventLogger({ log: local, facility: 'service', module: name });
  return { log, stop: tellEventLog(peer, Jid.parse(collector), log, { local }) };
}

/** Rejects when the server refuses it for good. */
function refused(peer: XmppComponent | XmppClient): Promise<never> {
  return new Promise((_, reject) => {
    peer.onState((state, error) => {
      if (state === 'failed') reject(error);
    });
  });
}
