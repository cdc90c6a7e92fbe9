import { type Logger, StanzaError } from '@thingward/xmpp';
import { DeadlineError, withinDeadline } from '../thing/deadline.ts';
import { type ControlContext, ControlUnknownError, type Thing, ThingBusyError } from '../thing/thing.ts';
import { type ParameterReference, parameterErrorReply } from './codec.ts';
import { confirmedParameters } from './confirm.ts';
import { ParameterError, type ParameterValue } from './parameter.ts';
import type { ThingLocks } from './thing-locks.ts';

export interface CarryOutOptions {
  readonly context: ControlContext;
  readonly locks: ThingLocks;
  /** Wait for other commands at the same Things. */
  readonly busyMs: number;
  /** After so long the outcome of a command counts as unknown. */
  readonly timeoutMs: number;
  /** Time to read back what was set; 0: it is not read back. */
  readonly confirmMs: number;
  readonly signal: AbortSignal;
  readonly log: Logger;
}

/**
 * Sets one Thing after the other; the first that fails ends it. Then reads back.
 * @returns what was read back and is as it was set
 * @throws StanzaError
 */
export async function carryOut(
  commands: ReadonlyMap<Thing, ReadonlyMap<string, ParameterValue>>,
  options: CarryOutOptions,
): Promise<readonly ParameterReference[]> {
  const release = await lock([...commands.keys()], options);
  try {
    await setAll(commands, options);
    return options.confirmMs === 0 ? [] : await confirmAll(commands, options);
  } finally {
    release();
  }
}

async function lock(things: readonly Thing[], { locks, busyMs, signal }: CarryOutOptions): Promise<() => void> {
  try {
    return await locks.acquire(things, busyMs, signal);
  } catch (error) {
    throw error instanceof ThingBusyError ? busyReply(error, '') : unknownReply(error, '');
  }
}

async function setAll(
  commands: ReadonlyMap<Thing, ReadonlyMap<string, ParameterValue>>,
  { context, timeoutMs, signal, log }: CarryOutOptions,
): Promise<void> {
  const done: string[] = [];
  for (const [thing, values] of commands) {
    const nodeId = thing.node?.nodeId ?? 'the Thing itself';
    const controller = new AbortController();
    try {
      signal.throwIfAborted();
      const setting = thing.set(values, AbortSignal.any([signal, controller.signal]), context);
      await withinDeadline(setting, timeoutMs, signal);
      done.push(nodeId);
    } catch (error) {
      throw failureReply(error, done.length > 0 ? `set: ${done.join(', ')}; ${nodeId}: ` : '', thing, log);
    } finally {
      controller.abort();
    }
  }
}

/** A device that can't be read back has taken the values all the same. */
async function confirmAll(
  commands: ReadonlyMap<Thing, ReadonlyMap<string, ParameterValue>>,
  { confirmMs, signal, log }: CarryOutOptions,
): Promise<readonly ParameterReference[]> {
  const confirmed = await Promise.all(
    [...commands].map(async ([thing, values]) => {
      try {
        const names = await confirmedParameters(thing, values, confirmMs, signal);
        return names.filter((name) => values.has(name)).map((name) => ({ node: thing.node, name }));
      } catch (error) {
        log.debug({ error, node: thing.node }, 'what was set could not be read back');
        return [];
      }
    }),
  );
  return confirmed.flat();
}

function failureReply(error: unknown, progress: string, thing: Thing, log: Logger): StanzaError {
  if (error instanceof ParameterError) {
    return parameterErrorReply([new ParameterError(error.code, error.parameter, progress + error.message)]);
  }
  if (error instanceof ThingBusyError) return busyReply(error, progress);
  if (error instanceof ControlUnknownError || error instanceof DeadlineError) return unknownReply(error, progress);
  log.error({ error, node: thing.node }, 'a Thing threw an unexpected error when it was set');
  return new StanzaError('internal-server-error', `${progress}the outcome is unknown`);
}

/** @see XEP-0325 §5.1 */
function busyReply({ message }: ThingBusyError, progress: string): StanzaError {
  return new StanzaError('conflict', progress + message, { type: 'wait' });
}

function unknownReply(error: unknown, progress: string): StanzaError {
  const reason = error instanceof Error ? error.message : String(error);
  return new StanzaError('remote-server-timeout', `${progress}the outcome is unknown: ${reason}`);
}
