import { parseDateTime } from '../thing/xml-schema-values.ts';
import type { ParameterSetting } from './codec.ts';
import { type ControlParameter, ParameterError, type ParameterType, type ParameterValue } from './parameter.ts';
import { formatParameterValue, parseParameterValue, widenParameterValue } from './parameter-value.ts';

/** Settings that a Thing can be given, and what is wrong with the others. */
export interface CheckedSettings {
  /** Of the declared types, in the order of the request. */
  readonly values: ReadonlyMap<string, ParameterValue>;
  readonly errors: readonly ParameterError[];
}

/** Checks settings against what a Thing declares: its parameters, their types, bounds and choices. @see XEP-0325 §3.1.3 */
export function checkSettings(
  settings: readonly ParameterSetting[],
  declared: readonly ControlParameter[],
): CheckedSettings {
  const values = new Map<string, ParameterValue>();
  const errors: ParameterError[] = [];
  for (const { name, value } of settings) {
    const parameter = declared.find((candidate) => candidate.name === name);
    const checked = parameter
      ? checkValue(value, parameter)
      : new ParameterError('unknown-parameter', name, 'there is no such parameter');
    if (checked instanceof ParameterError) errors.push(checked);
    else if (values.has(name)) errors.push(new ParameterError('rejected-by-device', name, 'given more than once'));
    else values.set(name, checked);
  }
  return { values, errors };
}

function checkValue(given: ParameterValue, parameter: ControlParameter): ParameterValue | ParameterError {
  const { name, type, options, min, max, readOnly } = parameter;
  if (readOnly) return new ParameterError('rejected-by-device', name, 'it can not be set now');
  const value = widenParameterValue(given, type);
  if (value === undefined) {
    return new ParameterError('wrong-type', name, `expected a value of type ${type}, got ${given.type}`);
  }
  if (options && !options.some((option) => isChoice(option.value, value))) {
    const allowed = options.map((option) => JSON.stringify(option.value)).join(', ');
    return new ParameterError('out-of-range', name, `must be one of ${allowed}`);
  }
  const number = comparable(value);
  if (number !== undefined && ((min !== undefined && number < min) || (max !== undefined && number > max))) {
    return new ParameterError('out-of-range', name, `must be ${describeRange(parameter)}, got ${value.value}`);
  }
  return checkText(value, parameter) ?? value;
}

function isChoice(option: string, value: ParameterValue): boolean {
  return option === formatParameterValue(value) || parseParameterValue(value.type, option)?.value === value.value;
}

/** What is wrong with a value whose bounds are of time, or whose text has to match. */
function checkText(value: ParameterValue, parameter: ControlParameter): ParameterError | undefined {
  const { name, pattern, earliest, latest } = parameter;
  const text = formatParameterValue(value);
  if (pattern !== undefined && value.type === 'string' && !new RegExp(`^(?:${pattern})$`, 'u').test(text)) {
    return new ParameterError('out-of-range', name, `must match ${pattern}`);
  }
  const instant = instantOf(value.type, text);
  if (instant === undefined) return undefined;
  const [first, last] = [earliest, latest].map((bound) => bound && instantOf(value.type, bound));
  if ((first && instant < first) || (last && instant > last)) {
    const range = [earliest && `at or after ${earliest}`, latest && `at or before ${latest}`].filter(Boolean);
    return new ParameterError('out-of-range', name, `must be ${range.join(' and ')}, got ${text}`);
  }
  return undefined;
}

/** Where it lies in time; without a time zone it is local. */
function instantOf(type: ParameterType, text: string): Date | undefined {
  if (type === 'dateTime') return parseDateTime(text);
  if (type === 'time') return parseDateTime(`2000-01-01T${text}`);
  const [, day, zone = ''] = (type === 'date' && /^(-?\d+-\d\d-\d\d)(.*)$/.exec(text)) || [];
  return day === undefined ? undefined : parseDateTime(`${day}T00:00:00${zone}`);
}

/** What has bounds. Longs compare exactly with numbers; becoming numbers they would not. */
function comparable(value: ParameterValue): number | bigint | undefined {
  if (value.type === 'double') return Number(value.value);
  return value.type === 'int' || value.type === 'long' ? value.value : undefined;
}

function describeRange({ min, max, unit }: ControlParameter): string {
  const inUnit = unit === undefined ? '' : ` ${unit}`;
  if (min === undefined) return `at most ${max}${inUnit}`;
  return max === undefined ? `at least ${min}${inUnit}` : `from ${min} to ${max}${inUnit}`;
}
