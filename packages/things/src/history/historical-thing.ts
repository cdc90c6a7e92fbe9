import { PeerError, StanzaError } from '@thingward/xmpp';
import { FIELD_TYPES, type Field, type FieldType } from '../sensor-data/field.ts';
import { commonPeriod } from '../sensor-data/historical-period.ts';
import { ReadoutError, type ReadoutSelection, type Thing } from '../thing/thing.ts';
import type { HistorySelection, HistorySource } from './source.ts';

export interface HistoricalThingOptions {
  /** How much of the past a read-out of everything gives when it says no time; a day when not given. */
  readonly defaultSpanMs?: number | undefined;
  readonly clock?: (() => Date) | undefined;
}

const DAY_MS = 86_400_000;

/**
 * The Thing with a past: read-outs of historical values are answered from a history, those of others by the Thing itself. A read-out of
 * all kinds that says no time is given the values at the hours of the last day, as in the example of XEP-0323 §3.4; whoever wants more
 * says so by kinds or times.
 * @see XEP-0323 §5.6
 */
export function withHistory(thing: Thing, source: HistorySource, options: HistoricalThingOptions = {}): Thing {
  const { defaultSpanMs = DAY_MS, clock = () => new Date() } = options;

  const historyOf = ({ types, names, from, to }: ReadoutSelection): HistorySelection | undefined => {
    const all = { node: thing.node, names, from, to };
    if (types.length === 0) {
      if (from || to) return all;
      return { ...all, period: 'hour', from: new Date(clock().getTime() - defaultSpanMs) };
    }
    if (types.includes('historicalOther')) return all;
    const period = commonPeriod(types);
    return period && { ...all, period };
  };

  async function* read(selection: ReadoutSelection, signal: AbortSignal): AsyncGenerator<readonly Field[]> {
    let failure: unknown;
    const present = presentOf(selection);
    if (present) {
      try {
        yield* thing.read(present, signal);
      } catch (error) {
        // What it was before is known all the same.
        signal.throwIfAborted();
        failure = error;
      }
    }
    const wanted = historyOf(selection);
    if (wanted) {
      try {
        yield* source.read(wanted, signal);
      } catch (error) {
        signal.throwIfAborted();
        if (!(isCourtesy(selection) && isWithoutFeature(error))) failure ??= unavailable(error);
      }
    }
    if (failure !== undefined) throw failure;
  }

  return {
    node: thing.node,
    parent: thing.parent,
    belongsTo: thing.belongsTo,
    metaTags: thing.metaTags,
    get parameters() {
      return thing.parameters;
    },
    parameterValue: (name) => thing.parameterValue(name),
    set: (values, signal, context) => thing.set(values, signal, context),
    ...(thing.confirm && { confirm: thing.confirm.bind(thing) }),
    ...(thing.readParameters && { readParameters: thing.readParameters.bind(thing) }),
    ...(thing.parametersFor && { parametersFor: thing.parametersFor.bind(thing) }),
    read,
  };
}

const PRESENT_TYPES: readonly FieldType[] = FIELD_TYPES.filter((type) => !type.startsWith('historical'));

/** What is to be read of the Thing itself; undefined: nothing. */
function presentOf(selection: ReadoutSelection): ReadoutSelection | undefined {
  if (selection.types.length === 0) return selection;
  const types = PRESENT_TYPES.filter((type) => selection.types.includes(type));
  return types.length === 0 ? undefined : { ...selection, types };
}

/** Did the reader ask for the past in no way of its own? */
function isCourtesy({ types, from, to }: ReadoutSelection): boolean {
  return types.length === 0 && from === undefined && to === undefined;
}

/** Does the history not know how to tell values, as those of others may? */
function isWithoutFeature(error: unknown): boolean {
  return (
    error instanceof StanzaError &&
    (error.condition === 'service-unavailable' || error.condition === 'feature-not-implemented')
  );
}

/** Why there is no past, as the reader may know it. Other errors are bugs. */
function unavailable(error: unknown): unknown {
  if (!(error instanceof StanzaError || error instanceof PeerError)) return error;
  return new ReadoutError(`the history can not be read: ${error.message}`, { cause: error });
}
