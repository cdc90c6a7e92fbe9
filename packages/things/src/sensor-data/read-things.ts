import type { Logger } from '@thingward/xmpp';
import type { AccessibleThing } from '../thing/access.ts';
import { DeadlineError, withinDeadline } from '../thing/deadline.ts';
import { ReadoutError, type ReadoutSelection, type Thing } from '../thing/thing.ts';
import type { ReadoutSender } from './readout-sender.ts';
import { isSelected, restricted } from './selection.ts';

export interface ReadThingsOptions {
  readonly signal: AbortSignal;
  /** Things read at the same time, so that a dead one does not hold up the others. */
  readonly thingsAtOnce: number;
  /** Silence of a Thing after which it counts as failed. */
  readonly silenceMs: number;
  readonly log: Logger;
}

/**
 * Reads Things and sends what was selected as it comes in. A Thing that fails, hangs or gives nonsense becomes a failure message and
 * touches nobody else.
 * @throws PeerError when sending failed; ReaderLostError; the signal's reason
 */
export async function readThings(
  things: readonly AccessibleThing[],
  selection: ReadoutSelection,
  sender: ReadoutSender,
  options: ReadThingsOptions,
): Promise<void> {
  const remaining = things.values();
  const failed = new AbortController();
  const signal = AbortSignal.any([options.signal, failed.signal]);
  const readNext = async () => {
    try {
      for (const { thing, ...access } of remaining) {
        const allowed = restricted(selection, access);
        if (allowed) await readThing(thing, allowed, sender, { ...options, signal });
      }
    } catch (error) {
      failed.abort(error);
    }
  };
  await Promise.all(Array.from({ length: Math.min(options.thingsAtOnce, things.length) }, readNext));
  signal.throwIfAborted();
}

async function readThing(
  thing: Thing,
  selection: ReadoutSelection,
  sender: ReadoutSender,
  { signal, silenceMs, log }: ReadThingsOptions,
): Promise<void> {
  signal.throwIfAborted();
  const controller = new AbortController();
  const thingSignal = AbortSignal.any([signal, controller.signal]);
  let batches: AsyncIterator<Parameters<ReadoutSender['fields']>[0]> | undefined;
  const nextBatch = async () => {
    try {
      batches ??= thing.read(selection, thingSignal)[Symbol.asyncIterator]();
      const next = await withinDeadline(batches.next(), silenceMs, signal);
      return next.done ? undefined : next.value;
    } catch (error) {
      signal.throwIfAborted();
      sender.failure(thing.node, describe(error, thing, log));
      return undefined;
    }
  };
  try {
    for (let batch = await nextBatch(); batch; batch = await nextBatch()) {
      await sender.fields(
        batch
          .map((field) => (field.node === undefined && thing.node ? { ...field, node: thing.node } : field))
          .filter((field) => isSelected(field, selection)),
      );
    }
  } finally {
    controller.abort();
    // A Thing that hangs does not come back from this either, so that it is not waited for.
    batches?.return?.().catch((error: unknown) => log.debug({ error }, 'a read-out ended with an error'));
  }
}

/** What the requester may know of the error; the log gets what it may not. */
function describe(error: unknown, { node }: Thing, log: Logger): string {
  if (error instanceof ReadoutError || error instanceof DeadlineError) return error.message;
  log.error({ error, node }, 'a Thing threw an unexpected error when it was read');
  return 'internal error';
}
