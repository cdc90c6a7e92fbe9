import { databaseOf, openDatabase } from '@thingward/server';
import { EventLogger, tellEventLog } from '@thingward/things';
import { Jid, type Logger } from '@thingward/xmpp';
import { Command } from 'commander';
import type { Kysely } from 'kysely';
import { CommandError, UsageError } from '../errors.ts';
import { createLogger } from '../logging.ts';
import { say } from '../output.ts';
import { loadServiceConfig, type ServiceConfig } from '../service-config.ts';
import { type ServicePeer, servicePeer } from '../service-peer.ts';
import { EVENT_LOG_NAME, PROVISIONING_NAME, REGISTRY_NAME, SERVICES } from '../services.ts';
import { untilStopped } from '../shutdown.ts';
import { MQTT_BRIDGE_NAME, runMqttBridge } from './mqtt-bridge.ts';

const HOSTED_AS_CLIENT: ReadonlySet<string> = new Set([REGISTRY_NAME, PROVISIONING_NAME]);

/** To PostgreSQL. */
const REGISTRY_CONNECTIONS = 10;

export function serviceCommand(): Command {
  const names = [...SERVICES.map(({ name }) => name), MQTT_BRIDGE_NAME];
  return new Command('service')
    .description(
      'run one service at any XMPP server: as an external component (XEP-0114) or, registry and provisioning, as a client',
    )
    .argument('<name>', names.join(' or '))
    .option('-c, --config <file>', 'configuration file (service.yaml)')
    .option('--log-level <level>', 'debug, info, warn or error', 'info')
    .addHelpText(
      'after',
      '\nWith the key "account" in their configuration, registry and provisioning are hosted as clients, with a JID (XEP-0347 §5.1).\n\nExamples:\n  thingward service registry --config registry.yaml\n  thingward service provisioning --config provisioning.yaml\n  thingward service mqtt-bridge --config mqtt.yaml',
    )
    .action(async (name: string, options: { config?: string; logLevel: string }) => {
      if (name === MQTT_BRIDGE_NAME) return runMqttBridge(options.config, options.logLevel);
      const definition = SERVICES.find((service) => service.name === name);
      if (!definition) throw new UsageError(`there is no service "${name}"; there are ${names.join(', ')}`);
      const log = createLogger(options.logLevel);
      const config = loadServiceConfig(options.config);
      if ('jid' in config.identity && !HOSTED_AS_CLIENT.has(name)) {
        throw new CommandError(
          `${name} can't be hosted as a client: give it "domain" and "secret" in place of "account"`,
        );
      }
      const database = await openDatabase<Record<string, never>>(databaseOf(config, name), definition.migrations, {
        log,
        // The registry locks what it depends on; of the others nobody has checked whether they do.
        connections: name === REGISTRY_NAME ? REGISTRY_CONNECTIONS : 1,
      });
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
  peer: ServicePeer,
  name: string,
  local: Logger,
  { identity, eventLogAt }: ServiceConfig,
): { readonly log: Logger; readonly stop: () => void } {
  const server = 'jid' in identity ? identity.jid.domain : identity.domain.slice(identity.domain.indexOf('.') + 1);
  const collector = eventLogAt ?? `${EVENT_LOG_NAME}.${server}`;
  if (collector === 'none' || name === EVENT_LOG_NAME) return { log: local, stop: () => undefined };
  const log = new EventLogger({ log: local, facility: 'service', module: name });
  return { log, stop: tellEventLog(peer, Jid.parse(collector), log, { local }) };
}

/** Rejects when the server refuses it for good. */
function refused(peer: ServicePeer): Promise<never> {
  return new Promise((_, reject) => {
    peer.onState((state, error) => {
      if (state === 'failed') reject(error);
    });
  });
}
