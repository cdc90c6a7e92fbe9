import { encodeRegisters, isBitTable, type ModbusRequest, type PointValue } from '@thingward/modbus';
import type { ControlParameter, FieldValue, ParameterType, ParameterValue } from '@thingward/things';
import { isXmlText } from '@thingward/xml';
import type { Point } from './config.ts';

/** A point's value as a field has it. */
export function fieldValue(point: Point, value: PointValue): FieldValue {
  if (value.kind === 'boolean') return { type: 'boolean', value: value.value };
  if (value.kind === 'text') return { type: 'string', value: xmlText(value.value) };
  return { type: 'numeric', value: value.text, unit: point.unit };
}

/** Devices have any octets in their strings; XML has not. */
function xmlText(text: string): string {
  return [...text].map((character) => (isXmlText(character) ? character : '\ufffd')).join('');
}

/** The control parameter of a point that is writable. */
export function controlParameter(point: Point): ControlParameter {
  const { label = point.name, description, min, max } = point.writable ?? {};
  return {
    name: point.name,
    type: parameterType(point),
    label,
    ...(description === undefined ? {} : { description }),
    ...(point.unit === '' ? {} : { unit: point.unit }),
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
  };
}

function parameterType({ type }: Point): ParameterType {
  return type === 'bool' ? 'boolean' : type === 'string' ? 'string' : 'double';
}

/** A point's value as a control form has it. */
export function parameterValue(value: PointValue): ParameterValue {
  if (value.kind === 'boolean') return { type: 'boolean', value: value.value };
  return value.kind === 'text'
    ? { type: 'string', value: xmlText(value.value) }
    : { type: 'double', value: value.text };
}

/** What a control parameter's value is for the device. */
export function pointValue(value: ParameterValue): PointValue {
  if (value.type === 'boolean') return { kind: 'boolean', value: value.value };
  if (value.type === 'string') return { kind: 'text', value: value.value };
  return { kind: 'number', text: String(value.value) };
}

/**
 * The request that writes a point. A bit of a register is masked by the device itself, so that its other bits are safe.
 * @throws PointRangeError when the value does not fit
 */
export function writeRequest(point: Point, value: PointValue): ModbusRequest {
  const { address } = point;
  if (isBitTable(point.table)) {
    return { kind: 'write-single-coil', address, value: value.kind === 'boolean' && value.value };
  }
  if (point.type === 'bool') {
    const [mask = 0] = encodeRegisters(point, { kind: 'boolean', value: true });
    const set = value.kind === 'boolean' && value.value;
    return { kind: 'mask-write-register', address, andMask: ~mask & 0xffff, orMask: set ? mask : 0 };
  }
  const values = encodeRegisters(point, value);
  const [only] = values;
  return values.length === 1 && only !== undefined
    ? { kind: 'write-single-register', address, value: only }
    : { kind: 'write-multiple-registers', address, values };
}
