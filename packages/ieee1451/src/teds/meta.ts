import type { FieldRow } from './field.ts';
import { structure } from './tuples.ts';
import { FLOAT32, UINT16_LIST, UUID, unsigned } from './value-kinds.ts';

const GROUP_TYPE: FieldRow = { type: 20, name: 'groupType', kind: unsigned(1) };
const MEMBERS: FieldRow = { type: 21, name: 'members', kind: UINT16_LIST };

/** Fields of a Meta-TEDS. @see IEEE 1451.0-2007 §8.4, table 43 */
export const META_FIELDS: readonly FieldRow[] = [
  { type: 4, name: 'uuid', kind: UUID, required: true },
  { type: 10, name: 'operationalTimeout', kind: FLOAT32, unit: 's', required: true },
  { type: 11, name: 'slowAccessTimeout', kind: FLOAT32, unit: 's' },
  { type: 12, name: 'selfTestTime', kind: FLOAT32, unit: 's' },
  { type: 13, name: 'channels', kind: unsigned(2), required: true },
  { type: 14, name: 'controlGroup', kind: structure([GROUP_TYPE, MEMBERS]), repeated: true },
  { type: 15, name: 'vectorGroup', kind: structure([GROUP_TYPE, MEMBERS]), repeated: true },
  {
    type: 16,
    name: 'geographicLocation',
    kind: structure([GROUP_TYPE, MEMBERS, { type: 24, name: 'locationEnumeration', kind: unsigned(1) }]),
    repeated: true,
  },
  {
    type: 17,
    name: 'proxy',
    kind: structure([
      MEMBERS,
      { type: 22, name: 'channel', kind: unsigned(2) },
      { type: 23, name: 'organization', kind: unsigned(1) },
    ]),
    repeated: true,
  },
];
