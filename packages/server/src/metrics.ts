import type { SaslError } from '@thingward/xmpp';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { DatabaseTime } from './figures/database-time.ts';
import type { StanzaCounts, StanzaTraffic } from './figures/stanza-counts.ts';
import { STREAM_KINDS, type StreamCensus, type StreamFigures, type StreamKind } from './figures/stream-census.ts';
import type { GuardFigures } from './guard/guard-figures.ts';
import { VERSION } from './version.ts';

/** What the metrics are read from, when somebody asks for them. */
export interface MetricSources {
  readonly streams: StreamCensus;
  readonly stanzas: StanzaTraffic;
  readonly database: DatabaseTime;
  readonly sessions: () => number;
  /** Sessions whose connection is lost and that may still be resumed. */
  readonly detachedSessions: () => number;
  readonly connections: () => number;
  readonly routed: () => number;
  /** Data that went from worker to worker past the router. */
  readonly switched: () => number;
  /** What waits for clients. */
  readonly waiting: () => { readonly unsentBytes: number; readonly unacknowledgedStanzas: number };
  /** What waits for other servers; undefined when there is no traffic with them. */
  readonly federation: () => { readonly queuedStanzas: number; readonly queuedBytes: number } | undefined;
  readonly offlineMessages: () => Promise<number>;
  readonly guard: GuardFigures;
}

/** An attempt to authenticate. */
export interface AuthenticationOutcome {
  readonly mechanism: string;
  readonly error?: SaslError | undefined;
}

/** What the server tells Prometheus, beside the process's own figures. */
export interface Metrics {
  readonly registry: Registry;
  authenticated(outcome: AuthenticationOutcome): void;
  /** The guard has decided. */
  decided(milliseconds: number): void;
}

/** Names of kinds of streams in labels. */
const KIND_LABELS: Readonly<Record<StreamKind, string>> = {
  c2s: 'c2s',
  c2sTls: 'c2s_tls',
  exi: 'exi',
  websocket: 'websocket',
  bosh: 'bosh',
  s2sIn: 's2s_in',
  s2sOut: 's2s_out',
  component: 'component',
};

/** Whose stanzas are counted, and which way they go. */
const WAYS = {
  fromClients: { peer: 'client', direction: 'in' },
  toClients: { peer: 'client', direction: 'out' },
  fromRemote: { peer: 'remote', direction: 'in' },
  fromServices: { peer: 'service', direction: 'in' },
  toServers: { peer: 'server', direction: 'out' },
  toServices: { peer: 'service', direction: 'out' },
} as const satisfies Record<keyof StanzaTraffic, object>;

type Labels = Readonly<Record<string, string>>;
type Sample = readonly [value: number, labels?: Labels];

/** Counting rows of a table goes through all of them. */
const COUNT_EVERY_MS = 60_000;
/** From a decision that is remembered to one that waits for a slow database. */
const DECISION_SECONDS = [5e-6, 1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 1e-3, 1e-2, 0.1, 1];

/** Makes the metrics. Nothing is done for them while stanzas go through: all figures are read when they are asked for. */
export function createMetrics(sources: MetricSources): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const options = (name: string, help: string, labels: readonly string[]) => ({
    name: `thingward_${name}`,
    help,
    labelNames: [...labels],
    registers: [registry],
  });
  type Read = () => readonly Sample[] | Promise<readonly Sample[]>;
  const gauge = (name: string, help: string, labels: readonly string[], read: Read) =>
    new Gauge({
      ...options(name, help, labels),
      async collect() {
        this.reset();
        for (const [value, at = {}] of await read()) this.set(at, value);
      },
    });
  const counter = (name: string, help: string, labels: readonly string[], read: Read) =>
    new Counter({
      ...options(name, help, labels),
      async collect() {
        const samples = await read();
        this.reset();
        for (const [value, at = {}] of samples) this.inc(at, value);
      },
    });
  const ofStreams = (value: (figures: StreamFigures) => number) => (): readonly Sample[] =>
    STREAM_KINDS.map((kind) => [value(sources.streams.figures(kind)), { kind: KIND_LABELS[kind] }]);

  gauge('info', 'Version of the server', ['version'], () => [[1, { version: VERSION }]]);
  gauge('sessions', 'Bound client sessions', [], () => [[sources.sessions()]]);
  gauge('sessions_detached', 'Sessions that wait to be resumed', [], () => [[sources.detachedSessions()]]);
  gauge('connections', 'Open client connections', [], () => [[sources.connections()]]);
  gauge(
    'streams',
    'Open streams',
    ['kind'],
    ofStreams(({ open }) => open),
  );
  counter(
    'streams_opened_total',
    'Streams opened',
    ['kind'],
    ofStreams(({ opened }) => opened),
  );
  counter(
    'received_bytes_total',
    'Bytes received',
    ['kind'],
    ofStreams(({ received }) => received),
  );
  counter(
    'sent_bytes_total',
    'Bytes sent',
    ['kind'],
    ofStreams(({ sent }) => sent),
  );
  counter('refused_connections_total', 'Connections that were not taken', ['reason'], () =>
    (['connections', 'address', 'rate', 'workers'] as const).map((reason) => [
      sources.streams.refusals.get(reason) ?? 0,
      { reason },
    ]),
  );
  counter('stanzas_total', 'Stanzas', ['kind', 'direction', 'peer'], () =>
    Object.entries(WAYS).flatMap(([way, labels]) => {
      const counts: StanzaCounts = sources.stanzas[way as keyof StanzaTraffic];
      return (['iq', 'message', 'presence'] as const).map((kind): Sample => [counts[kind], { kind, ...labels }]);
    }),
  );
  counter('stanzas_routed_total', 'Stanzas taken in by the router', [], () => [[sources.routed()]]);
  counter('data_switched_total', 'Of these, data that went from worker to worker past the router', [], () => [
    [sources.switched()],
  ]);
  gauge('unsent_bytes', 'Bytes that wait for clients that read slowly', [], () => [[sources.waiting().unsentBytes]]);
  gauge('unacknowledged_stanzas', 'Stanzas that clients have not acknowledged', [], () => [
    [sources.waiting().unacknowledgedStanzas],
  ]);
  gauge('s2s_queued_stanzas', 'Stanzas that wait for other servers', [], () => [
    [sources.federation()?.queuedStanzas ?? 0],
  ]);
  gauge('s2s_queued_bytes', 'Bytes that wait for other servers', [], () => [[sources.federation()?.queuedBytes ?? 0]]);
  let offline: { readonly at: number; readonly count: number } | undefined;
  gauge('offline_messages', 'Messages that wait for accounts that are away', [], async () => {
    if (!offline || Date.now() - offline.at > COUNT_EVERY_MS) {
      offline = { at: Date.now(), count: await sources.offlineMessages() };
    }
    return [[offline.count]];
  });
  counter('database_queries_total', 'Queries of the database', [], () => [[sources.database.queries]]);
  counter('database_failed_queries_total', 'Queries of the database that failed', [], () => [
    [sources.database.failed],
  ]);
  counter('database_slow_queries_total', 'Queries that took 100 ms or longer', [], () => [[sources.database.slow]]);
  counter('database_seconds_total', 'Time spent in queries of the database', [], () => [
    [sources.database.milliseconds / 1000],
  ]);
  const { guard } = sources;
  counter('guard_decisions_total', 'Decisions of the guard', ['outcome', 'action'], () =>
    guard.decisions.map(({ outcome, action, count }) => [count, { outcome, action }]),
  );
  counter('guard_lookups_total', 'Questions to policies, by whether the answer was remembered', ['answer'], () =>
    (['remembered', 'evaluated'] as const).map((answer) => [guard.lookUps[answer], { answer }]),
  );
  counter('guard_shadow_differences_total', 'Decisions that policies on trial would have made otherwise', [], () => [
    [guard.shadowDifferences],
  ]);
  gauge('guard_approvals_waiting', 'Requests that wait for consent', [], () => [[guard.approvalsWaiting]]);
  gauge('guard_quarantined', 'Accounts in quarantine', [], () => [[guard.quarantined]]);
  gauge('guard_policies', 'Policies in use', ['slot'], () =>
    (['enforced', 'shadow'] as const).map((slot) => [guard.policies[slot], { slot }]),
  );
  const decisionTime = new Histogram({
    ...options('guard_decision_seconds', 'Time of decisions of the guard', []),
    buckets: DECISION_SECONDS,
  });
  const authentications = new Counter(
    options('authentications_total', 'Attempts to authenticate', ['outcome', 'mechanism', 'condition']),
  );
  return {
    registry,
    decided: (milliseconds) => decisionTime.observe(milliseconds / 1000),
    authenticated: ({ mechanism, error }) =>
      authentications.inc({
        outcome: error ? 'failure' : 'success',
        mechanism: mechanism || 'unknown',
        condition: error?.condition ?? 'none',
      }),
  };
}
