import type { Field, ReadoutSelection } from '@thingward/things';
import { CONNECTED } from './fields.ts';

/** Is a field with this name and of these types among those that are asked for? */
export function isWanted(item: Pick<Field, 'name' | 'types'>, { types, names }: ReadoutSelection): boolean {
  return (
    (names.length === 0 || names.includes(item.name)) &&
    (types.length === 0 || item.types.some((type) => types.includes(type)))
  );
}

/** Is the field that says whether the device answers? */
export function wantsConnected(selection: ReadoutSelection): boolean {
  return isWanted({ name: CONNECTED, types: ['status'] }, selection);
}
