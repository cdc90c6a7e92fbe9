import type { Field } from '../sensor-data/field.ts';
import { isSelected } from '../sensor-data/selection.ts';
import { withinDeadline } from '../thing/deadline.ts';
import type { Thing } from '../thing/thing.ts';
import type { ParameterValue } from './parameter.ts';
import { presentValue } from './present-value.ts';

/** Fields read back of one Thing: a Thing has no more parameters. */
const MAX_FIELDS = 10_000;

/**
 * The names of those parameters whose value a device has after they were set, as far as it can be read: by what the Thing knows itself,
 * or by its fields of the same names.
 * @throws any error when it can't be read
 */
export async function confirmedParameters(
  thing: Thing,
  values: ReadonlyMap<string, ParameterValue>,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const controller = new AbortController();
  const either = AbortSignal.any([signal, controller.signal]);
  try {
    const confirming = thing.confirm ? thing.confirm(values, either) : readBack(thing, values, either);
    return await withinDeadline(confirming, timeoutMs, signal);
  } finally {
    controller.abort(new Error('it took too long to read back'));
  }
}

async function readBack(
  thing: Thing,
  values: ReadonlyMap<string, ParameterValue>,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const selection = { types: ['momentary', 'status'] as const, names: [...values.keys()] };
  const fields: Field[] = [];
  for await (const batch of thing.read(selection, signal)) {
    signal.throwIfAborted();
    fields.push(...batch.filter((field) => isSelected(field, selection)));
    if (fields.length > MAX_FIELDS) break;
  }
  return [...values].flatMap(([name, value]) => {
    const present = presentValue(fields, name, value.type);
    return present && isSame(present, value) ? [name] : [];
  });
}

/** Equal, however many digits they are written with. */
function isSame(one: ParameterValue, other: ParameterValue): boolean {
  if (one.type === 'double' && other.type === 'double') return Number(one.value) === Number(other.value);
  return one.type === other.type && one.value === other.value;
}
