/*
 * Many TIMs through one NCAP: each of their channels is a Thing that is polled once a second. The gateway is a process of its own, the TIMs are in a
 * few others. Prints the reads that were achieved, those that took longer than their second, and what the gateway needs of processor and
 * memory: without a history, and with the readings kept in the outbox on disk, where they wait for a server that is not there.
 * Options: --tims N (1000), --channels N (8), --seconds N (20), --keep (the latter alone).
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { parseArgs } from 'node:util';

const { values: options } = parseArgs({
  options: {
    tims: { type: 'string', default: '1000' },
    channels: { type: 'string', default: '8' },
    seconds: { type: 'string', default: '20' },
    keep: { type: 'boolean' },
  },
});
const PROCESSES = 2;
const tims = Number(options.tims);

const variants = options.keep ? ['keep'] : ['', 'keep'];
for (const keep of variants) {
  const ncap = fork(new URL('ncap.mjs', import.meta.url), [options.tims, options.channels, options.seconds, keep]);
  const [{ port }] = await once(ncap, 'message');
  const each = Math.ceil(tims / PROCESSES);
  const children = Array.from({ length: PROCESSES }, (_, i) => {
    const count = Math.min(each, tims - i * each);
    return fork(new URL('tims.mjs', import.meta.url), [port, count, i * each, options.channels].map(String));
  });
  const ended = once(ncap, 'exit').then(() => Promise.reject(new Error('the gateway ended')));
  const [figures] = await Promise.race([once(ncap, 'message'), ended]);
  ended.catch(() => undefined);
  for (const child of children) child.disconnect();
  const { joinedMs, elapsedSeconds, reads, failed, late, medianMs, p99Ms, core, restingMiB, mostMiB } = figures;
  const due = Math.round(tims * Number(options.channels) * elapsedSeconds);
  console.log(`
${tims} TIMs with ${options.channels} channels each, ${keep ? 'readings kept in the outbox' : 'without a history'}
  all joined after          ${(joinedMs / 1000).toFixed(1)} s
  reads                     ${reads} of ${due} due, ${failed} of them failed, ${late} took more than 1 s
  time of a read            ${medianMs.toFixed(2)} ms at the median, ${p99Ms.toFixed(1)} ms at the 99th percentile
  the gateway's processor   ${(core * 100).toFixed(0)} % of a core
  the gateway's memory      ${mostMiB.toFixed(0)} MiB, ${restingMiB.toFixed(0)} MiB before the TIMs came`);
}
