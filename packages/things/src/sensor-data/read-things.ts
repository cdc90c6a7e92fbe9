import type { Logger } from '@thingward/xmpp';
import type { AccessDecision, AccessibleThing } from '../thing/access.ts';
import { DeadlineError, withinDeadline } from '../thing/deadline.ts';
import { ReadoutError, type ReadoutSelection, type Thing } from '../thing/thing.ts';
import type { ReadoutSender } from './readout-sender.ts';
import { isSelected, restricted } from './selection.ts';

/** What the requester may read while its read-out goes on. */
export interface ReadoutAccess {
  /** Another number each time when it may have changed. */
  readonly revision: () => number;
  /** The number it had when the Things to read were looked up. */
  readonly since: number;
  of(thing: Thing): AccessDecision | Promise<AccessDecision>;
}

export interface ReadThingsOptions {
  readonly signal: AbortSignal;
  readonly access: ReadoutAccess;
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
        if (restricted(selection, access))
          await readThing({ thing, ...access }, selection, sender, { ...options, signal });
      }
    } catch (error) {
      failed.abort(error);
    }
  };
  await Promise.all(Array.from({ length: Math.min(options.thingsAtOnce, things.length) }, readNext));
  signal.throwIfAborted();
}

async function readThing(
  { thing, ...atFirst }: AccessibleThing,
  selection: ReadoutSelection,
  sender: ReadoutSender,
  { signal, silenceMs, access, log }: ReadThingsOptions,
): Promise<void> {
  signal.throwIfAborted();
  let revision = access.since;
  let allowed = restricted(selection, atFirst);
  // A read-out of years takes its time: what it may give is what the reader may have by then.
  const allowedNow = async () => {
    while (revision !== access.revision()) {
      revision = access.revision();
      const decision = await access.of(thing);
      allowed = decision === false ? undefined : restricted(selection, decision === true ? {} : decision);
    }
    return allowed;
  };
  const controller = new AbortController();
  const thingSignal = AbortSignal.any([signal, controller.signal]);
  let batches: AsyncIterator<Parameters<ReadoutSender['fields']>[0]> | undefined;
  const nextBatch = async () => {
    try {
      batches ??= thing.read(allowed ?? selection, thingSignal)[Symbol.asyncIterator]();
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
      const wanted = await allowedNow();
      if (!wanted) {
        sender.failure(thing.node, 'Access denied.');
        return;
      }
      await sender.fields(
        batch
          .map((field) => (field.node === undefined && thing.node ? { ...field, node: thing.node } : field))
          .filter((field) => isSelected(field, wanted)),
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
