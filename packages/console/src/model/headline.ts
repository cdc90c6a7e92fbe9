import { isIdentity } from './field-format.ts';
import type { FieldReading } from './field-key.ts';
import { lampStateOf } from './lamp.ts';

/** Fields that stand for a Thing in a list: alarms first, then what it measures, then its other states. In the Thing's own order. */
export function headlineOf(readings: Iterable<FieldReading>, count: number): FieldReading[] {
  const ranked = [...readings]
    .filter(({ field }) => !isIdentity(field))
    .map((reading) => ({ reading, rank: rankOf(reading) }));
  return ranked
    .sort((a, b) => a.rank - b.rank)
    .slice(0, count)
    .map(({ reading }) => reading);
}

function rankOf({ field }: FieldReading): number {
  if (field.value.type === 'boolean') return lampStateOf(field) === 'alarm' ? 0 : 3;
  return field.types.includes('momentary') ? 1 : 2;
}
