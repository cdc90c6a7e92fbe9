import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';

/** What the server tells Prometheus, beside the process's own figures. */
export interface Metrics {
  readonly registry: Registry;
  readonly authentications: Counter<'outcome'>;
}

export function createMetrics(read: {
  sessions: () => number;
  connections: () => number;
  routed: () => number;
  switched: () => number;
}): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const gauge = (name: string, help: string, value: () => number) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(value());
      },
    });
  gauge('thingward_sessions', 'Bound client sessions', read.sessions);
  gauge('thingward_connections', 'Open client connections', read.connections);
  gauge('thingward_stanzas_routed_total', 'Stanzas taken in by the router since the start', read.routed);
  gauge(
    'thingward_data_switched_total',
    'Stanzas of these that went from worker to worker past the router',
    read.switched,
  );
  const authentications = new Counter({
    name: 'thingward_authentications_total',
    help: 'Attempts to authenticate',
    labelNames: ['outcome'],
    registers: [registry],
  });
  return { registry, authentications };
}
