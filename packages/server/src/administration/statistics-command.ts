import type { FormField } from '@thingward/xmpp';
import type { Command } from '../commands/command.ts';
import type { StanzaCounts } from '../figures/stanza-counts.ts';
import { STREAM_KINDS, type StreamKind } from '../figures/stream-census.ts';
import type { ServerContext } from '../module.ts';
import { VERSION } from '../version.ts';

/** Where the figures are: XEP-0133 has no command for them. */
export const STATISTICS_NODE = 'urn:thingward:admin#statistics';

const STREAM_LABELS: Readonly<Record<StreamKind, string>> = {
  c2s: 'Streams: TCP',
  c2sTls: 'Streams: direct TLS',
  exi: 'Streams: EXI port',
  websocket: 'Streams: WebSocket',
  bosh: 'Streams: BOSH',
  s2sIn: 'Streams: from servers',
  s2sOut: 'Streams: to servers',
  component: 'Streams: components',
};

/** Tells how the server is doing, with the same figures that Prometheus gets. */
export function statisticsCommand({ accounts, administrators, figures }: ServerContext): Command {
  const startedAt = Date.now();
  const { streams, stanzas, database } = figures;
  const read = async (): Promise<readonly (readonly [string, string, number | string])[]> => {
    const { unsentBytes, unacknowledgedStanzas } = figures.waiting();
    const ofStreams = STREAM_KINDS.map((kind) => ({ kind, ...streams.figures(kind) }));
    const sum = (value: (each: (typeof ofStreams)[number]) => number) =>
      ofStreams.reduce((total, each) => total + value(each), 0);
    return [
      ['version', 'Version', VERSION],
      ['uptimeSeconds', 'Seconds since the start', Math.floor((Date.now() - startedAt) / 1000)],
      ['accounts', 'Accounts', await accounts.count()],
      ['disabledAccounts', 'Disabled accounts', await accounts.count({ disabled: true })],
      ['sessions', 'Sessions', figures.sessions()],
      ['detachedSessions', 'Sessions that wait to be resumed', figures.detachedSessions()],
      ...ofStreams.map(({ kind, open }) => [`streams.${kind}`, STREAM_LABELS[kind], open] as const),
      ['stanzasReceived', 'Stanzas from clients', total(stanzas.fromClients)],
      ['stanzasSent', 'Stanzas to clients', total(stanzas.toClients)],
      ['stanzasRouted', 'Stanzas routed', figures.routed()],
      ['bytesReceived', 'Bytes received', sum(({ received }) => received)],
      ['bytesSent', 'Bytes sent', sum(({ sent }) => sent)],
      ['unsentBytes', 'Bytes that wait for clients', unsentBytes],
      ['unacknowledgedStanzas', 'Unacknowledged stanzas', unacknowledgedStanzas],
      ['s2sQueuedStanzas', 'Stanzas that wait for servers', figures.federation()?.queuedStanzas ?? 0],
      ['offlineMessages', 'Messages that wait for accounts', await figures.offlineMessages()],
      ['databaseQueries', 'Queries of the database', database.queries],
      ['databaseMilliseconds', 'Milliseconds in queries', Math.round(database.milliseconds)],
      ['memoryBytes', 'Memory of the process', process.memoryUsage.rss()],
    ];
  };
  return {
    node: STATISTICS_NODE,
    name: 'Get Statistics',
    mayRun: (from) => administrators.includes(from),
    execute: async () => {
      const fields = (await read()).map(
        ([name, label, value]): FormField => ({ var: name, label, values: [`${value}`] }),
      );
      return { kind: 'completed', form: { type: 'result', fields } };
    },
  };
}

function total({ iq, message, presence }: StanzaCounts): number {
  return iq + message + presence;
}
