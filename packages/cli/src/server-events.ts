import type { ServiceDefinition } from '@thingward/server';
import { EventLogger } from '@thingward/things';
import { Jid, type Logger } from '@thingward/xmpp';
import { createEventLog, EVENT_LOG_NAME, SERVICES } from './services.ts';

/**
 * A server's logger that tells the log of events in the same process, and the services with that log among them. Where the log runs
 * elsewhere, as a component, the server's own events are in its log file alone.
 */
export function serverEvents(
  log: Logger,
  domain: string,
): { readonly log: EventLogger; readonly services: readonly ServiceDefinition[] } {
  const events = new EventLogger({ log, facility: 'server' });
  const server = Jid.parse(domain);
  const services = SERVICES.map((definition): ServiceDefinition => {
    if (definition.name !== EVENT_LOG_NAME) return definition;
    return {
      ...definition,
      // What it says of itself does not go through it: it would go round and round.
      create: (peer, database, _log, settings) => {
        const service = createEventLog(peer, database, log, settings);
        events.connect((batch) => {
          try {
            service.record(server, batch);
          } catch (error) {
            log.debug({ err: error }, 'events of the server were not logged');
          }
        });
        return service;
      },
    };
  });
  return { log: events, services };
}
