import type { Field } from '../sensor-data/field.ts';
import { withinDeadline } from '../thing/deadline.ts';
import type { Thing } from '../thing/thing.ts';
import { checkInterfaces, type InterfaceProblem } from './check.ts';

/** Values of the past say nothing of what a Thing is, but for an interface that promises them. */
const KINDS = ['momentary', 'peak', 'status', 'computed', 'identity'] as const;
const MAX_FIELDS = 5000;

/**
 * Reads a Thing and says where it does not keep what its interfaces promise. Values of the past are not read.
 * @param timeoutMs for each batch of fields
 * @throws ReadoutError, DeadlineError when it can't be read; the signal's reason
 */
export async function checkThing(
  thing: Thing,
  names: readonly string[],
  { signal, timeoutMs }: { readonly signal: AbortSignal; readonly timeoutMs: number },
): Promise<readonly InterfaceProblem[]> {
  const ended = new AbortController();
  const fields: Field[] = [];
  const batches = thing
    .read({ types: KINDS, names: [] }, AbortSignal.any([signal, ended.signal]))
    [Symbol.asyncIterator]();
  try {
    while (fields.length < MAX_FIELDS) {
      const next = await withinDeadline(batches.next(), timeoutMs, signal);
      if (next.done) break;
      fields.push(...next.value);
    }
  } finally {
    ended.abort();
  }
  const present = names.filter((name) => !name.endsWith('.History'));
  return checkInterfaces(present, { fields, parameters: thing.parameters });
}
