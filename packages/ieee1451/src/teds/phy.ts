import type { FieldRow } from './field.ts';
import { BOOLEAN, enumeration, unsigned } from './value-kinds.ts';

/** Fields of the PHY TEDS of wireless TIMs; those of other interfaces are carried as they are. @see IEEE 1451.5-2007, PHY TEDS */
export const WIRELESS_PHY_FIELDS: readonly FieldRow[] = [
  { type: 10, name: 'radio', kind: enumeration({ 0: 'ieee-802.11', 1: 'bluetooth', 2: 'zigbee', 3: '6lowpan' }) },
  { type: 11, name: 'maximumThroughput', kind: unsigned(4), unit: 'bit/s' },
  { type: 12, name: 'maximumConnectedDevices', kind: unsigned(2) },
  { type: 13, name: 'maximumRegisteredDevices', kind: unsigned(2) },
  { type: 14, name: 'encryption', kind: unsigned(2) },
  { type: 15, name: 'authentication', kind: BOOLEAN },
  { type: 16, name: 'minimumKeyLength', kind: unsigned(2), unit: 'bit' },
  { type: 17, name: 'maximumKeyLength', kind: unsigned(2), unit: 'bit' },
  { type: 18, name: 'maximumPayload', kind: unsigned(2), unit: 'By' },
  { type: 19, name: 'minimumAccessLatency', kind: unsigned(4) },
  { type: 20, name: 'minimumTransmitLatency', kind: unsigned(4) },
  { type: 21, name: 'maximumTransactions', kind: unsigned(1) },
  { type: 22, name: 'battery', kind: unsigned(1) },
  { type: 23, name: 'radioVersion', kind: unsigned(2) },
  { type: 24, name: 'maximumRetries', kind: unsigned(2) },
];
