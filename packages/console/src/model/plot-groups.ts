import { nodeKey } from '@thingward/things';
import { isIdentity, numberOf, unitOf } from './field-format.ts';
import type { FieldReading } from './field-key.ts';

/** Fields that share a plot. */
export interface PlotGroup {
  readonly key: string;
  readonly unit: string | undefined;
  /** Keys of the fields. */
  readonly fields: readonly { readonly key: string; readonly name: string }[];
}

/** More lines can't be told apart. */
export const MAX_LINES = 4;

/** Which plots a Thing has: fields of one node and unit share one; those without a unit, when their names begin with the same word. */
export function groupForPlots(readings: Iterable<FieldReading>): PlotGroup[] {
  const groups = new Map<string, { unit: string | undefined; fields: { key: string; name: string }[] }>();
  for (const { key, field } of readings) {
    if (numberOf(field.value) === undefined || isIdentity(field)) continue;
    const unit = unitOf(field.value);
    const kind = unit === undefined ? `word ${field.name.split(/\s+/)[0]}` : `unit ${unit}`;
    const groupKey = `${nodeKey(field.node)} ${kind}`;
    const group = groups.get(groupKey) ?? { unit, fields: [] };
    group.fields.push({ key, name: field.name });
    groups.set(groupKey, group);
  }
  return [...groups].flatMap(([key, { unit, fields }]) =>
    split(fields).map((part, i) => ({ key: `${key} ${i}`, unit, fields: part })),
  );
}

/** Parts of about equal size, none larger than MAX_LINES. */
function split<T>(items: readonly T[]): T[][] {
  const parts = Math.ceil(items.length / MAX_LINES);
  const size = Math.ceil(items.length / parts);
  return Array.from({ length: parts }, (_, i) => items.slice(i * size, (i + 1) * size));
}
