/*
 * A worker process: has clients' sockets, their TLS and the framing of their XML, and leaves everything else to the main process.
 * Started by `WorkerPool`; see docs/architecture.md.
 */
import { Socket } from 'node:net';
import { Worker } from './worker.ts';
import { DATA_CHANNEL, type FromWorker, type LogLevel, type ToWorker } from './worker-messages.ts';

/** How often the main process is told how many bytes there were. */
const TRAFFIC_MS = 2000;

const tell = (message: FromWorker) => {
  if (process.connected) process.send?.(message);
};
const logAt = (level: LogLevel) => (details: object, message: string) =>
  tell({ kind: 'log', level, details: plain(details), message });

const channel = new Socket({ fd: DATA_CHANNEL, readable: true, writable: true });
const worker = new Worker(channel, {
  debug: logAt('debug'),
  info: logAt('info'),
  warn: logAt('warn'),
  error: logAt('error'),
});
// The main process has said all there is to say, or is gone.
channel.on('end', () => void worker.finish().then(() => process.exit(0)));
channel.on('error', () => process.exit(1));
// Signals to the process group are for the main process: it ends its workers when their clients are served.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);
process.on('message', (message: ToWorker, socket: Socket | undefined) => {
  if (message.kind === 'configure') worker.configure(message.settings);
  else worker.take(message.connection, message.door, socket);
});
let toldUnsent = 0;
setInterval(() => {
  const { unsentBytes } = worker;
  if (unsentBytes !== toldUnsent) tell({ kind: 'waiting', unsentBytes });
  toldUnsent = unsentBytes;
  for (const door of ['c2s', 'c2sTls'] as const) {
    const traffic = worker.takeTraffic(door);
    if (traffic.received > 0 || traffic.sent > 0) tell({ kind: 'traffic', door, ...traffic });
  }
}, TRAFFIC_MS).unref();
tell({ kind: 'ready' });

/** Errors have no members that JSON would show. */
function plain(details: object): object {
  return Object.fromEntries(
    Object.entries(details).map(([key, value]) => [key, value instanceof Error ? String(value.stack) : value]),
  );
}
