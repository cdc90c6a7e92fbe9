import { unitsToUcum } from '../units.ts';
import type { FieldRow } from './field.ts';
import { type Teds, tedsValue } from './teds.ts';
import { isUnits } from './units-kind.ts';

/** UCUM unit of what a TransducerChannel measures or sets; undefined when there is none. */
export function channelUnit(teds: Teds): string | undefined {
  const units = tedsValue(teds, 'physicalUnits');
  return units !== undefined && isUnits(units) ? unitsToUcum(units) : undefined;
}

/** UCUM unit of a field's number. */
export function fieldUnit(row: FieldRow | undefined, channel: string | undefined): string | undefined {
  return row?.unit === 'channel' ? channel : row?.unit;
}
