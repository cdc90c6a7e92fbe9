import type { Logger } from '@thingward/xmpp';
import type { NodeFailure } from '../sensor-data/codec.ts';
import { FIELD_TYPES, type Field, type FieldType } from '../sensor-data/field.ts';
import { isSelected } from '../sensor-data/selection.ts';
import { DeadlineError, withinDeadline } from '../thing/deadline.ts';
import { ReadoutError, type ReadoutSelection, type Thing } from '../thing/thing.ts';
import { isPast } from './known-fields.ts';

/** A part of what an event tells. */
export type EventPart =
  | { readonly kind: 'fields'; readonly fields: readonly Field[] }
  | { readonly kind: 'failure'; readonly error: NodeFailure };

export interface EventContentOptions {
  readonly signal: AbortSignal;
  /** Silence of the Thing after which it counts as failed, in milliseconds. */
  readonly silenceMs: number;
  /** Fields of one event. */
  readonly maxFields: number;
  readonly clock: () => Date;
  readonly log: Logger;
}

/**
 * What an event tells: the values that were new, since it is they that met the conditions, and from the Thing itself whatever else is
 * wanted. The Thing is not asked for what is known already.
 * @throws the signal's reason
 * @see XEP-0000: Events §3.5, §3.6
 */
export async function* eventContent(
  thing: Thing,
  selection: ReadoutSelection,
  news: readonly Field[],
  options: EventContentOptions,
): AsyncGenerator<EventPart, void, undefined> {
  const { node } = thing;
  const addressed = (fields: readonly Field[]) =>
    fields
      .map((field) => (field.node === undefined && node ? { ...field, node } : field))
      .filter((field) => isSelected(field, selection));
  const known = addressed(news);
  if (known.length > 0) yield { kind: 'fields', fields: known };
  const told = new Set(known.map(({ name }) => name));
  const isComplete = !wantsPast(selection) && selection.names.length > 0 && selection.names.every((n) => told.has(n));
  if (isComplete) return;
  let remaining = options.maxFields - known.length;
  for await (const part of readOut(thing, selection, options)) {
    if (part.kind === 'failure') {
      yield part;
      continue;
    }
    const fields = addressed(part.fields).filter((field) => isPast(field) || !told.has(field.name));
    const fitting = fields.slice(0, Math.max(0, remaining));
    remaining -= fields.length;
    if (fitting.length > 0) yield { kind: 'fields', fields: fitting };
    if (remaining >= 0) continue;
    const message = `an event has at most ${options.maxFields} fields: ask for less with maxAge`;
    yield { kind: 'failure', error: { node, timestamp: options.clock(), message } };
    return;
  }
}

/** Are values of the past wanted? */
function wantsPast({ types }: ReadoutSelection): boolean {
  return types.length === 0 || types.some((type) => type.startsWith('historical'));
}

/** Reads a Thing; one that fails or hangs makes a failure of it. */
async function* readOut(
  thing: Thing,
  selection: ReadoutSelection,
  { signal, silenceMs, clock, log }: EventContentOptions,
): AsyncGenerator<EventPart, void, undefined> {
  const controller = new AbortController();
  let batches: AsyncIterator<readonly Field[]> | undefined;
  const next = async (): Promise<EventPart | undefined> => {
    try {
      batches ??= thing.read(selection, AbortSignal.any([signal, controller.signal]))[Symbol.asyncIterator]();
      const given = await withinDeadline(batches.next(), silenceMs, signal);
      return given.done ? undefined : { kind: 'fields', fields: given.value };
    } catch (error) {
      signal.throwIfAborted();
      const message = describe(error, thing, log);
      return { kind: 'failure', error: { node: thing.node, timestamp: clock(), message } };
    }
  };
  try {
    for (let part = await next(); part; part = part.kind === 'failure' ? undefined : await next()) yield part;
  } finally {
    controller.abort();
    // A Thing that hangs does not come back from this either, so that it is not waited for.
    batches?.return?.().catch((error: unknown) => log.debug({ error }, 'reading a Thing ended with an error'));
  }
}

function describe(error: unknown, { node }: Thing, log: Logger): string {
  if (error instanceof ReadoutError || error instanceof DeadlineError) return error.message;
  log.error({ error, node }, 'a Thing threw an unexpected error when it was read for an event');
  return 'internal error';
}

/** The kinds of values that are of now. */
export const PRESENT_FIELD_TYPES: readonly FieldType[] = FIELD_TYPES.filter((type) => !type.startsWith('historical'));

/** The kinds of fields of a subscription as a selection has them: all are as good as none given; none are those of the present. */
export function selectedTypes(types: ReadoutSelection['types']): ReadoutSelection['types'] {
  if (types.length === 0) return PRESENT_FIELD_TYPES;
  return FIELD_TYPES.every((type) => types.includes(type)) ? [] : types;
}
