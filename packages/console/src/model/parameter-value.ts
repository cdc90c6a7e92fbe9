import { type ControlParameter, decodeSubmittedForm, type FieldValue, type ParameterValue } from '@thingward/things';
import { decimalsOf } from './field-format.ts';

/** The value as text, as it is typed. */
export function formatParameter({ value }: ParameterValue): string {
  return String(value);
}

/** What was typed, as a value of the parameter within its bounds; otherwise what is wrong with it. */
export function parseParameter(
  parameter: ControlParameter,
  text: string,
): { readonly value: ParameterValue } | { readonly problem: string } {
  const form = { type: 'submit' as const, fields: [{ var: parameter.name, values: [text] }] };
  const value = decodeSubmittedForm(form, [parameter]).settings[0]?.value;
  if (value === undefined) return { problem: EXPECTED[parameter.type] };
  const { min, max, unit } = parameter;
  const number = isNumber(value) ? Number(value.value) : undefined;
  const outside = number !== undefined && ((min !== undefined && number < min) || (max !== undefined && number > max));
  if (outside) return { problem: `Enter ${boundsText(min, max)}${unit === undefined ? '' : ` ${unit}`}.` };
  return { value };
}

/** `0 to 100`, `at least 0`, `at most 100` */
export function boundsText(min: number | undefined, max: number | undefined): string {
  if (min !== undefined && max !== undefined) return `${min} to ${max}`;
  return min === undefined ? `at most ${max}` : `at least ${min}`;
}

const EXPECTED: Readonly<Record<ControlParameter['type'], string>> = {
  boolean: 'Enter true or false.',
  color: 'Enter a colour as RRGGBB in hexadecimal.',
  date: 'Enter a date such as 2026-03-31.',
  dateTime: 'Enter a date and time such as 2026-03-31T13:45:00.',
  double: 'Enter a number.',
  duration: 'Enter a duration such as PT5M.',
  int: 'Enter a whole number.',
  long: 'Enter a whole number.',
  string: 'Enter a text.',
  time: 'Enter a time such as 13:45:00.',
};

/** What a read-out says about a parameter of the same name; undefined when it can't be compared. */
export function reportedValue(parameter: ControlParameter, field: FieldValue): ParameterValue | undefined {
  const form = { type: 'submit' as const, fields: [{ var: parameter.name, values: [String(field.value)] }] };
  return decodeSubmittedForm(form, [parameter]).settings[0]?.value;
}

/** Is what the device reports what was set? Numbers are equal when they are so with as many decimals as are reported. */
export function isSameValue(set: ParameterValue, reported: ParameterValue): boolean {
  if (!isNumber(set) || !isNumber(reported)) return String(set.value) === String(reported.value);
  if (set.type === 'long' && reported.type === 'long') return set.value === reported.value;
  const half = 0.5 * 10 ** -decimalsOf(String(reported.value));
  return Math.abs(Number(set.value) - Number(reported.value)) <= half * (1 + 1e-9);
}

function isNumber({ type }: ParameterValue): boolean {
  return type === 'int' || type === 'long' || type === 'double';
}
