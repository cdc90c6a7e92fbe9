import type { ServerConfig, ServiceDefinition, ThingwardServer } from '@thingward/server';
import { EventLogger, sendEvents } from '@thingward/things';
import { Jid, type Logger } from '@thingward/xmpp';
import { createEventLog, EVENT_LOG_NAME, SERVICES } from './services.ts';

/** How often events are offered to a log that was not there. */
const RETRY_MS = 5000;

/** A server's own events on their way to the log of events. */
export interface ServerEvents {
  /** The server's logger. */
  readonly log: EventLogger;
  /** The services, with the log of events among them. */
  readonly services: readonly ServiceDefinition[];
  /** From now on a log that runs elsewhere is told, where the server's own is not the one. @returns ends it; what waits is sent before */
  readonly tell: (server: Pick<ThingwardServer, 'send'>) => () => void;
}

/** A server's logger that tells a log of events, too: the one in the same process, or wherever the configuration says that it runs. */
export function serverEvents(
  log: Logger,
  { domain, eventLog: { at }, components }: Pick<ServerConfig, 'domain' | 'eventLog' | 'components'>,
): ServerEvents {
  const events = new EventLogger({ log, facility: 'server' });
  const server = Jid.parse(domain);
  const own = Jid.parse(`${EVENT_LOG_NAME}.${domain}`);
  const isOwn = at === undefined || (at !== 'none' && at.equals(own));
  const services = SERVICES.map((definition): ServiceDefinition => {
    if (definition.name !== EVENT_LOG_NAME) return definition;
    return {
      ...definition,
      // What it says of itself does not go through it: it would go round and round.
      create: (peer, database, _log, settings) => {
        const service = createEventLog(peer, database, log, settings);
        if (!isOwn) return service;
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
  const elsewhere = isOwn ? (own.domain in components ? own : undefined) : at;
  return {
    log: events,
    services,
    tell: (outlet) =>
      elsewhere === undefined || elsewhere === 'none' ? () => undefined : tell(events, elsewhere, outlet),
  };
}

function tell(events: EventLogger, collector: Jid, outlet: Pick<ThingwardServer, 'send'>): () => void {
  // After a failure what waits is kept until it is offered again.
  const connect = () => events.connect((batch) => sendEvents(outlet, collector, batch));
  connect();
  const timer = setInterval(connect, RETRY_MS).unref();
  return () => {
    clearInterval(timer);
    events.flush();
    events.disconnect();
  };
}
