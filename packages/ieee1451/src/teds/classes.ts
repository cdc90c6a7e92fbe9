import { type CodeNames, codeOf, nameOf } from '../enumeration.ts';
import type { FieldRow } from './field.ts';
import { META_FIELDS } from './meta.ts';
import { WIRELESS_PHY_FIELDS } from './phy.ts';
import { CHANNEL_FIELDS } from './transducer-channel.ts';
import { enumeration, TEXT } from './value-kinds.ts';

/** Access codes of TEDS. 16 and 17 are of the edition of 2024; 128 to 255 are the manufacturers'. @see IEEE 1451.0-2007 table 17 */
export const TEDS_CLASSES: CodeNames = {
  1: 'meta',
  2: 'meta-identification',
  3: 'transducer-channel',
  4: 'channel-identification',
  5: 'calibration',
  6: 'calibration-identification',
  7: 'end-user-application-specific',
  8: 'frequency-response',
  9: 'transfer-function',
  10: 'commands',
  11: 'location-and-title',
  12: 'transducer-name',
  13: 'phy',
  14: 'geographic-location',
  15: 'units-extension',
  16: 'security',
  17: 'time-synchronization',
};

/** TEDS of text in XML. */
export const TEXT_CLASSES: ReadonlySet<number> = new Set([2, 4, 6, 10, 11, 14, 15]);

export const META_CLASS = 1;
export const CHANNEL_CLASS = 3;
export const NAME_CLASS = 12;
export const PHY_CLASS = 13;

/** Family of the wireless TIMs, in the identification of their PHY TEDS. */
const WIRELESS_FAMILY = 5;

/** @see IEEE 1451.0-2007 §8.11 */
const NAME_FIELDS: readonly FieldRow[] = [
  { type: 4, name: 'format', kind: enumeration({ 0: 'user-defined', 1: 'text' }) },
  { type: 5, name: 'content', kind: TEXT, required: true },
];

/** The rows of a TEDS's fields. There are none for those whose layout is not published, and for those of manufacturers. */
export function fieldRows(tedsClass: number, family: number): readonly FieldRow[] {
  if (tedsClass === META_CLASS) return META_FIELDS;
  if (tedsClass === CHANNEL_CLASS) return CHANNEL_FIELDS;
  if (tedsClass === NAME_CLASS) return NAME_FIELDS;
  return tedsClass === PHY_CLASS && family === WIRELESS_FAMILY ? WIRELESS_PHY_FIELDS : [];
}

/** The name of an access code, or its number. */
export function tedsClassName(code: number): string {
  return nameOf(TEDS_CLASSES, code);
}

/** The access code of a name, or of a number; undefined when it is none. */
export function tedsClassCode(name: string): number | undefined {
  return codeOf(TEDS_CLASSES, name);
}
