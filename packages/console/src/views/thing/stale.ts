import { isIdentity } from '../../model/field-format.ts';
import type { FieldReading } from '../../model/field-key.ts';
import type { ReadoutStatus } from '../../model/readout.ts';

/** Is it only the last known value? What a Thing is does not go out of date. */
export function isStale({ field, isCurrent }: FieldReading, status: ReadoutStatus): boolean {
  if (isIdentity(field)) return false;
  return !isCurrent || status.kind === 'offline' || status.kind === 'disconnected';
}
