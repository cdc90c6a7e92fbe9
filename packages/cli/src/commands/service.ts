import { databaseOf, openDatabase } from '@thingward/server';
import { EventLogger, tellEventLog } from '@thingward/things';
import { COMPONENT, Jid, type Logger, XmppComponent } from '@thingward/xmpp';
import { tcpConnector } from '@thingward/xmpp/node';
import { Command } from 'commander';
import type { Kysely } from 'kysely';
import { UsageError } from '../errors.ts';
import { createLogger } from '../logging.ts';
import { say } from '../output.ts';
import { loadServiceConfig, type ServiceConfig } from '../service-config.ts';
import { EVENT_LOG_NAME, PROVISIONING_NAME, SERVICES } from '../services.ts';
import { untilStopped } from '../shutdown.ts';

export function serviceCommand(): Command {
  const components = SERVICES.filter(({ name }) => name !== PROVISIONING_NAME);
  const names = components.map(({ name }) => name);
  return new Command('service')
    .description('run one service as an external component of any XMPP server (XEP-0114)')
    .argument('<name>', names.join(' or '))
    .option('-c, --config <file>', 'configuration file (service.yaml)')
    .option('--log-level <level>', 'debug, info, warn or error', 'info')
    .addHelpText('after', '\nExamples:\n  thingward service registry --config registry.yaml')
    .action(async (name: string, options: { config?: string; logLevel: string }) => {
      const definition = components.find((service) => service.name === name);
      if (!definition) throw new UsageError(`there is no service "${name}"; there are ${names.join(', ')}`);
      const log = createLogger(options.logLevel);
      const config = loadServiceConfig(options.config);
      const { host, port } = config.server;
      const database = await openDatabase<Record<string, never>>(databaseOf(config, name), definition.migrations, log);
      const component = new XmppComponent({
        domain: config.domain,
        secret: config.secret,
        connect: tcpConnector({ domain: config.domain, host, port, tls: 'none', namespace: COMPONENT }),
        log,
      });
      const events = serviceEvents(component, name, log, config);
      const service = definition.create(component, database.query as unknown as Kysely<never>, events.log, config);
      await service.start();
      component.onState((state, error) => {
        if (state === 'online') say(`${name} ready at ${config.domain}`);
        else if (error) say(`${name}: ${error.message}`);
      });
      component.start();
      await Promise.race([untilStopped(), refused(component)]);
      events.stop();
      await component.stop();
      await service.stop();
      await database.close();
    });
}

/** The service's logger, which tells the log of events, too, unless it is that log itself. */
function serviceEvents(
  component: XmppComponent,
  name: string,
  local: Logger,
  { domain, eventLogAt }: ServiceConfig,
): { readonly log: Logger; readonly stop: () => void } {
  const collector = eventLogAt ?? `${EVENT_LOG_NAME}.${domain.slice(domain.indexOf('.') + 1)}`;
  if (collector === 'none' || name === EVENT_LOG_NAME) return { log: local, stop: () => undefined };
  const log = new EventLogger({ log: local, facility: 'service', module: name });
  return { log, stop: tellEventLog(component, Jid.parse(collector), log, { local }) };
}

/** Rejects when the server refuses the component for good. */
function refused(component: XmppComponent): Promise<never> {
  return new Promise((_, reject) => {
    component.onState((state, error) => {
      if (state === 'failed') reject(error);
    });
  });
}
