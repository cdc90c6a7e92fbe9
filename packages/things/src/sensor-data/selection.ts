import type { PartialAccess } from '../thing/access.ts';
import type { ReadoutSelection } from '../thing/thing.ts';
import type { Field, FieldType } from './field.ts';
import { IMPLIED_FIELD_TYPES } from './historical-period.ts';

/**
 * Is the field among what was asked for? A device may give more than was asked for, so both sides filter: the field must be of at
 * least one of the kinds, have one of the names, and lie between the times.
 * @see XEP-0323 §3, §5.6
 */
export function isSelected(field: Field, { types, names, from, to }: ReadoutSelection): boolean {
  const ofKind = (type: FieldType) => types.includes(type) || IMPLIED_FIELD_TYPES[type]?.some((t) => types.includes(t));
  return (
    (types.length === 0 || field.types.some(ofKind)) &&
    (names.length === 0 || names.includes(field.name)) &&
    (from === undefined || field.timestamp >= from) &&
    (to === undefined || field.timestamp <= to)
  );
}

/** What may be had of what was asked for; undefined: nothing. */
export function restricted(selection: ReadoutSelection, access: PartialAccess): ReadoutSelection | undefined {
  const names = common(selection.names, access.names);
  const types = common(selection.types, access.types);
  return names && types && { ...selection, names, types };
}

/** What is both wanted (empty: all) and allowed (undefined: all), in the same way; undefined: nothing is. */
function common<T>(wanted: readonly T[], allowed: readonly T[] | undefined): readonly T[] | undefined {
  if (allowed === undefined) return wanted;
  const both = wanted.length === 0 ? allowed : wanted.filter((one) => allowed.includes(one));
  return both.length === 0 ? undefined : both;
}
