import {
  CLOSE,
  type Command,
  DOUBLE_BIT_STATES,
  FLAG,
  formatFloat,
  latch,
  type Measurement,
  PULSE_OFF,
  PULSE_ON,
  TRIP,
} from '@thingward/dnp3';
import type { ControlParameter, Field, FieldValue, ParameterValue, QosFlag } from '@thingward/things';
import { isXmlText } from '@thingward/xml';
import { field } from '../fields.ts';
import type { Dnp3Point } from './config.ts';

/** What kind of value the states of a double-bit input are. */
const DOUBLE_BIT_TYPE = 'DoubleBitState';

/** A measurement as a field. @param timestamp when it was so */
export function pointField(point: Dnp3Point, measurement: Measurement, timestamp: Date): Field {
  const { types, writable, localization } = point;
  const options = { types, writable: writable !== undefined, ...localization };
  const plain = field(point.name, fieldValue(point, measurement), timestamp, options);
  return { ...plain, qos: qosOf(point, measurement) };
}

function fieldValue(point: Dnp3Point, { value = 0, octets }: Measurement): FieldValue {
  switch (point.kind) {
    case 'binary':
    case 'binary-output':
      return { type: 'boolean', value: value === 1 };
    case 'double-bit':
      return { type: 'enum', value: DOUBLE_BIT_STATES[value] ?? String(value), dataType: DOUBLE_BIT_TYPE };
    case 'octet-string':
      return { type: 'string', value: textOf(octets) };
    default:
      return { type: 'numeric', value: numberText(point, value), unit: point.unit };
  }
}

/** Devices have any octets in their strings; XML has not. */
function textOf(octets: Uint8Array = new Uint8Array(0)): string {
  const end = octets.indexOf(0);
  const text = new TextDecoder().decode(end === -1 ? octets : octets.subarray(0, end)).trimEnd();
  return [...text].map((character) => (isXmlText(character) ? character : '\ufffd')).join('');
}

/** value * scale + offset, without the noise of binary arithmetic. */
function numberText({ scale, offset, decimals }: Dnp3Point, raw: number): string {
  const isScaled = scale !== 1 || offset !== 0;
  const value = isScaled ? Number((Number(digits(raw)) * scale + offset).toPrecision(12)) : raw;
  return decimals === undefined ? plainDecimal(digits(value)) : value.toFixed(decimals);
}

/** A single-precision float has the digits that mean it, not those of the double it is held in. */
function digits(value: number): string {
  const isSingle = !Number.isInteger(value) && Math.fround(value) === value;
  return isSingle ? formatFloat(value, 4) : String(value);
}

/** Without an exponent. */
function plainDecimal(text: string): string {
  return /e/i.test(text)
    ? Number(text).toLocaleString('en-US', { useGrouping: false, maximumFractionDigits: 20 })
    : text;
}

/** What the flags of a point say of its value. @see XEP-0323 §5.7, IEEE 1815-2012 §11.6 */
function qosOf({ kind }: Dnp3Point, { flags = FLAG.online, value = 0 }: Measurement): readonly QosFlag[] {
  const isOnline = (flags & FLAG.online) !== 0 && (flags & FLAG.commLost) === 0;
  if (!isOnline || !Number.isFinite(value)) return ['missing'];
  const isForced = (flags & (FLAG.remoteForced | FLAG.localForced)) !== 0;
  const qos: QosFlag[] = [isForced ? 'manualEstimate' : 'automaticReadout'];
  const isAnalog = kind.includes('analog');
  const doubts = isAnalog ? FLAG.overRange | FLAG.referenceError : kind.includes('counter') ? 0 : FLAG.chatterFilter;
  if (flags & doubts) qos.push('warning');
  return qos;
}

/** The control parameter of an output. */
export function controlParameter(point: Dnp3Point): ControlParameter {
  const { label = point.name, description, min, max } = point.writable ?? {};
  return {
    name: point.name,
    type: point.kind === 'binary-output' ? 'boolean' : 'double',
    label,
    ...(description === undefined ? {} : { description }),
    ...(point.unit === '' ? {} : { unit: point.unit }),
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
  };
}

/** The state of an output as a control form has it. */
export function parameterValue(point: Dnp3Point, { value = 0 }: Measurement): ParameterValue {
  return point.kind === 'binary-output'
    ? { type: 'boolean', value: value === 1 }
    : { type: 'double', value: numberText(point, value) };
}

/** The command that brings an output to a value. */
export function commandOf(point: Dnp3Point, value: ParameterValue): Command {
  const { index, scale, offset, writable } = point;
  if (point.kind === 'analog-output') {
    const raw = Number(((Number(value.value) - offset) / scale).toPrecision(12));
    const type = writable?.type ?? 'float32';
    return { kind: 'setpoint', index, value: type.startsWith('int') ? Math.round(raw) : raw, type };
  }
  const on = value.value === true;
  const onTime = writable?.onTimeMs ?? 0;
  switch (writable?.operation) {
    case 'pulse':
      return { kind: 'control', index, operation: on ? PULSE_ON : PULSE_OFF, onTime };
    case 'trip-close':
      return { kind: 'control', index, operation: PULSE_ON, tripClose: on ? CLOSE : TRIP, onTime };
    default:
      return latch(index, on);
  }
}

/** Is an output so, as far as it can hold the value? */
export function isSame(point: Dnp3Point, measurement: Measurement, wanted: ParameterValue): boolean {
  if (point.kind === 'binary-output') return (measurement.value === 1) === (wanted.value === true);
  const command = commandOf(point, wanted);
  const raw = command.kind === 'setpoint' ? command.value : 0;
  return Math.abs((measurement.value ?? Number.NaN) - raw) <= Math.max(1e-9, Math.abs(raw) * 1e-6);
}
