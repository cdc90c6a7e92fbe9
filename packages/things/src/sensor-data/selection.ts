import type { ReadoutSelection } from '../thing/thing.ts';
import type { Field, FieldType } from './field.ts';

/** A value stored at the turn of a longer period is also one at the turn of the shorter ones. @see XEP-0323 §5.6 */
const SHORTER_PERIODS: { readonly [type in FieldType]?: readonly FieldType[] } = (() => {
  const minute = ['historicalSecond'] as const;
  const hour = [...minute, 'historicalMinute'] as const;
  const day = [...hour, 'historicalHour'] as const;
  const month = [...day, 'historicalDay'] as const;
  const quarter = [...month, 'historicalMonth'] as const;
  return {
    historicalMinute: minute,
    historicalHour: hour,
    historicalDay: day,
    historicalWeek: month,
    historicalMonth: month,
    historicalQuarter: quarter,
    historicalYear: [...quarter, 'historicalQuarter'],
  };
})();

/**
 * Is the field among what was asked for? A device may give more than was asked for, so both sides filter: the field must be of at
 * least one of the kinds, have one of the names, and lie between the times.
 * @see XEP-0323 §3, §5.6
 */
export function isSelected(field: Field, { types, names, from, to }: ReadoutSelection): boolean {
  const ofKind = (type: FieldType) => types.includes(type) || SHORTER_PERIODS[type]?.some((t) => types.includes(t));
  return (
    (types.length === 0 || field.types.some(ofKind)) &&
    (names.length === 0 || names.includes(field.name)) &&
    (from === undefined || field.timestamp >= from) &&
    (to === undefined || field.timestamp <= to)
  );
}
