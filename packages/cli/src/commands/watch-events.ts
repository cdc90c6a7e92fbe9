import {
  type Duration,
  type EventTrouble,
  type EventWish,
  type Field,
  type FieldType,
  type NodeReference,
  subscribeToEvents,
} from '@thingward/things';
import { type Jid, StanzaError } from '@thingward/xmpp';
import type { ClientSession, ThingAddress } from '../client-session.ts';
import { UsageError } from '../errors.ts';
import { say } from '../output.ts';

/** When there is to be an event, as the command line says it. */
export interface ChangeOptions {
  readonly changedBy?: string;
  readonly changedUp?: string;
  readonly changedDown?: string;
  readonly minInterval?: string;
  readonly maxInterval?: string;
}

export interface WatchWish extends EventWish {
  /** Only a Thing that tells events can do what was asked for. */
  readonly needsEvents: boolean;
}

/** Smaller than any change that a sensor can tell, and no subnormal number, which not everybody reads. */
const ANY_CHANGE = 1e-300;

/** @throws UsageError */
export function eventWish(
  options: ChangeOptions,
  wish: {
    readonly types: readonly FieldType[];
    readonly names: readonly string[];
    readonly nodes: readonly NodeReference[];
    readonly intervalMs: number;
  },
): WatchWish {
  const changes = {
    changedBy: amount('--changed-by', options.changedBy),
    changedUp: amount('--changed-up', options.changedUp),
    changedDown: amount('--changed-down', options.changedDown),
  };
  const hasChanges = Object.values(changes).some((change) => change !== undefined);
  if (hasChanges && wish.names.length === 0) {
    throw new UsageError('a change is one of fields: name them, as in thingward watch plc@example.org Level');
  }
  const minInterval = duration('--min-interval', options.minInterval);
  const maxInterval = duration('--max-interval', options.maxInterval);
  return {
    types: wish.types,
    nodes: wish.nodes,
    fields: wish.names.map((name) => ({ name, ...(hasChanges ? changes : { changedBy: ANY_CHANGE }) })),
    minInterval: minInterval ?? { months: 0, milliseconds: Math.round(wish.intervalMs) },
    maxInterval,
    needsEvents: hasChanges || minInterval !== undefined || maxInterval !== undefined,
  };
}

/**
 * Prints the events of a Thing as they come.
 * @returns false when the Thing has no such events, and nothing was printed
 */
export async function watchEvents(
  session: ClientSession,
  address: ThingAddress,
  wish: EventWish,
  options: {
    readonly signal: AbortSignal;
    readonly count: number;
    /** Where it was found. */
    readonly to: Jid;
    readonly show: (thing: Jid, fields: readonly Field[]) => void;
  },
): Promise<boolean> {
  const { signal, count, show } = options;
  let to = options.to;
  let isFirst = true;
  const find = async () => {
    if (!isFirst) to = await session.locate(address, signal);
    isFirst = false;
    return to;
  };
  let events = 0;
  try {
    for await (const fields of subscribeToEvents(session.client, find, wish, { signal, onTrouble: report })) {
      show(to, fields);
      events++;
      if (events >= count) break;
    }
    return true;
  } catch (error) {
    if (signal.aborted) return true;
    // It may want the nodes to be named, where a read-out gives them all.
    if (events === 0 && error instanceof StanzaError && error.condition === 'bad-request') return false;
    throw error;
  }
}

function report(trouble: EventTrouble): void {
  const text =
    trouble.kind === 'lost' ? trouble.reason : trouble.errors.map(({ message }) => message).join('; ') || 'unknown';
  say(`${new Date().toISOString()}  ${text}`);
}

function amount(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!(value > 0 && Number.isFinite(value))) {
    throw new UsageError(`${option} needs a number greater than 0, got "${text}"`);
  }
  return value;
}

function duration(option: string, text: string | undefined): Duration | undefined {
  const seconds = amount(option, text);
  return seconds === undefined ? undefined : { months: 0, milliseconds: Math.max(1, Math.round(seconds * 1000)) };
}
