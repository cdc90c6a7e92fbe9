import type { FieldRow } from './field.ts';
import { structure } from './tuples.ts';
import { UNITS } from './units-kind.ts';
import { enumeration, FLOAT32, FLOAT32_LIST, flags, unsigned } from './value-kinds.ts';

/** Names of sampling modes in TEDS, from the lowest bit up. @see IEEE 1451.0-2007 table 54 */
export const SAMPLING_MODE_BITS = [
  'trigger-initiated',
  'free-running',
  'free-running-pre-trigger',
  'continuous',
  'immediate',
] as const;

/** @see IEEE 1451.0-2007 table 52 */
export const DATA_MODELS = {
  0: 'integer',
  1: 'float32',
  2: 'float64',
  3: 'fraction',
  4: 'bit-sequence',
  5: 'long-integer',
  6: 'long-fraction',
  7: 'time-instance',
} as const;

const SAMPLE_FIELDS: readonly FieldRow[] = [
  { type: 40, name: 'dataModel', kind: enumeration(DATA_MODELS), required: true },
  { type: 41, name: 'modelLength', kind: unsigned(1), required: true },
  { type: 42, name: 'significantBits', kind: unsigned(2) },
];

const DATA_SET_FIELDS: readonly FieldRow[] = [
  { type: 43, name: 'maximumRepetitions', kind: unsigned(2) },
  { type: 44, name: 'seriesOrigin', kind: FLOAT32 },
  { type: 45, name: 'seriesIncrement', kind: FLOAT32 },
  { type: 46, name: 'seriesUnits', kind: UNITS },
  { type: 47, name: 'maximumPreTriggerSamples', kind: unsigned(2) },
];

const SAMPLING_FIELDS: readonly FieldRow[] = [
  { type: 48, name: 'modeCapability', kind: flags(SAMPLING_MODE_BITS) },
  { type: 49, name: 'defaultMode', kind: flags(SAMPLING_MODE_BITS) },
];

const seconds = (type: number, name: string): FieldRow => ({ type, name, kind: FLOAT32, unit: 's' });

/** Fields of a TransducerChannel TEDS. @see IEEE 1451.0-2007 §8.5, tables 48 to 62 */
export const CHANNEL_FIELDS: readonly FieldRow[] = [
  {
    type: 10,
    name: 'calibrationKey',
    kind: enumeration({
      0: 'none',
      1: 'supplied',
      2: 'custom',
      3: 'tim-supplied',
      4: 'tim-self',
      5: 'tim-custom',
    }),
  },
  {
    type: 11,
    name: 'channelType',
    kind: enumeration({ 0: 'sensor', 1: 'actuator', 2: 'event-sensor' }),
    required: true,
  },
  { type: 12, name: 'physicalUnits', kind: UNITS, required: true },
  { type: 13, name: 'lowLimit', kind: FLOAT32, unit: 'channel' },
  { type: 14, name: 'highLimit', kind: FLOAT32, unit: 'channel' },
  { type: 15, name: 'worstCaseUncertainty', kind: FLOAT32, unit: 'channel' },
  { type: 16, name: 'selfTestKey', kind: enumeration({ 0: 'none', 1: 'provided' }) },
  { type: 17, name: 'multiRangeCapability', kind: unsigned(1) },
  { type: 18, name: 'sample', kind: structure(SAMPLE_FIELDS), required: true },
  { type: 19, name: 'dataSet', kind: structure(DATA_SET_FIELDS) },
  seconds(20, 'updateTime'),
  seconds(21, 'writeSetupTime'),
  seconds(22, 'readSetupTime'),
  seconds(23, 'samplingPeriod'),
  seconds(24, 'warmUpTime'),
  seconds(25, 'readDelayTime'),
  seconds(26, 'selfTestTime'),
  {
    type: 27,
    name: 'sampleTimeSource',
    kind: enumeration({
      0: 'none',
      1: 'incoming',
      2: 'outgoing',
      3: 'measured-interval',
      4: 'specified-interval',
      5: 'time-of-day-sensor',
    }),
  },
  seconds(28, 'incomingPropagationDelay'),
  seconds(29, 'outgoingPropagationDelay'),
  seconds(30, 'triggerToSampleUncertainty'),
  { type: 31, name: 'sampling', kind: structure(SAMPLING_FIELDS) },
  {
    type: 32,
    name: 'dataTransmission',
    kind: enumeration({ 0: 'commanded', 1: 'buffer-full', 2: 'interval', 3: 'buffer-full-or-interval' }),
  },
  {
    type: 33,
    name: 'buffered',
    kind: enumeration({ 0: 'single', 1: 'buffered-only', 2: 'default-unbuffered', 3: 'default-buffered' }),
  },
  {
    type: 34,
    name: 'endOfDataSet',
    kind: enumeration({
      0: 'not-applicable',
      1: 'hold',
      2: 'recirculate',
      3: 'default-hold',
      4: 'default-recirculate',
    }),
  },
  {
    type: 35,
    name: 'edgeToReport',
    kind: enumeration({
      0: 'not-applicable',
      1: 'rising',
      2: 'falling',
      3: 'both',
      5: 'default-rising',
      6: 'default-falling',
      7: 'default-both',
    }),
  },
  {
    type: 36,
    name: 'actuatorHalt',
    kind: enumeration({ 0: 'not-applicable', 1: 'immediate', 2: 'end-of-data-set', 3: 'ramp' }),
  },
  {
    type: 37,
    name: 'sensitivityDirection',
    kind: enumeration({ 0: 'not-applicable', 1: '+x', 2: '-x', 3: '+y', 4: '-y', 5: '+z', 6: '-z' }),
  },
  { type: 38, name: 'directionAngles', kind: FLOAT32_LIST, unit: 'rad' },
  {
    type: 39,
    name: 'eventSensorOptions',
    kind: enumeration({
      0: 'not-applicable',
      1: 'fixed',
      2: 'changeable-checked',
      3: 'changeable-unchecked',
    }),
  },
];
