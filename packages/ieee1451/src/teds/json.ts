import { Ieee1451Error } from '../error.ts';
import { formatNumber } from '../float.ts';
import { formatHex, parseHex } from '../octets.ts';
import { unitsExpression, unitsToUcum } from '../units.ts';
import { fieldRows, tedsClassCode, tedsClassName } from './classes.ts';
import { type FieldRow, isOpaque, type TedsField, type TedsValue } from './field.ts';
import { isFields, type Teds } from './teds.ts';
import { channelUnit, fieldUnit } from './unit-of-field.ts';
import { unitsFromJson } from './units-json.ts';
import { isUnits } from './units-kind.ts';
import { utf8Text } from './value-kinds.ts';

/**
 * A TEDS as JSON that people can read and write. Fields are in the order of the octets; `unit`, `ucum`, `expression`, `text` and `problem`
 * explain, and are not read back.
 */
export function tedsToJson(teds: Teds): Record<string, unknown> {
  const { family, member, tedsClass, version, tupleLength, lengthOctets, fields, checksum } = teds;
  return {
    teds: tedsClassName(tedsClass),
    family,
    ...(member === undefined ? {} : { member }),
    version,
    tupleLength,
    ...(lengthOctets === undefined ? {} : { lengthOctets }),
    fields: fieldsToJson(fields, fieldRows(tedsClass, family), channelUnit(teds)),
    ...(checksum === undefined ? {} : { checksum }),
  };
}

function fieldsToJson(fields: readonly TedsField[], rows: readonly FieldRow[], channel: string | undefined): unknown[] {
  return fields.map((field) => {
    const { type, name } = field;
    if (isOpaque(field)) {
      const text = utf8Text(field.octets);
      return {
        ...(name === undefined ? {} : { name }),
        type,
        octets: formatHex(field.octets),
        ...(text === undefined || !/^[\x20-\x7e\s]{4,}$/.test(text) ? {} : { text }),
        ...(field.problem === undefined ? {} : { problem: field.problem }),
      };
    }
    const row = rows.find((candidate) => candidate.type === type);
    const { value } = field;
    if (row?.kind.rows && isFields(value)) return { name, fields: fieldsToJson(value, row.kind.rows, channel) };
    if (isUnits(value)) {
      return { name, units: { ...value, ucum: unitsToUcum(value), expression: unitsExpression(value) } };
    }
    const unit = fieldUnit(row, channel);
    return { name, value: valueToJson(value), ...(unit === undefined ? {} : { unit }) };
  });
}

function valueToJson(value: TedsValue): unknown {
  if (typeof value === 'number') return Number.isFinite(value) ? value : formatNumber(value);
  return Array.isArray(value) ? value.map(valueToJson) : value;
}

/** @throws Ieee1451Error `malformed-json` with the path of what is wrong */
export function tedsFromJson(json: unknown): Teds {
  const object = record(json, 'a TEDS');
  const name = object.teds;
  const tedsClass = tedsClassCode(String(name));
  if (tedsClass === undefined) throw wrong('teds', name, `the name of a TEDS, or its access code`);
  const family = octetOf(object, 'family', 0);
  const member = object.member === undefined ? undefined : octetOf(object, 'member');
  const lengthOctets = object.lengthOctets === undefined ? undefined : integerOf(object, 'lengthOctets', 1, 4);
  const checksum = object.checksum === undefined ? undefined : integerOf(object, 'checksum', 0, 0xffff);
  return {
    family,
    ...(member === undefined ? {} : { member }),
    tedsClass,
    version: octetOf(object, 'version', 1),
    tupleLength: integerOf(object, 'tupleLength', 1, 4, 1),
    ...(lengthOctets === undefined ? {} : { lengthOctets }),
    fields: fieldsFromJson(object.fields, fieldRows(tedsClass, family), ''),
    ...(checksum === undefined ? {} : { checksum }),
  };
}

function fieldsFromJson(json: unknown, rows: readonly FieldRow[], path: string): TedsField[] {
  if (!Array.isArray(json)) throw wrong(`${path}fields`, json, 'a list of fields');
  return json.map((item: unknown, i) => fieldFromJson(record(item, `${path}fields[${i}]`), rows, path));
}

function fieldFromJson(field: Record<string, unknown>, rows: readonly FieldRow[], path: string): TedsField {
  const { name, type, octets } = field;
  if (octets !== undefined) return opaqueFromJson(field, rows, path);
  const row = rows.find((candidate) => candidate.name === name);
  if (!row) {
    const known = rows.length === 0 ? 'none of this TEDS are known' : rows.map((known) => known.name).join(', ');
    throw wrong(`${path}name`, name ?? type, `a field: ${known}; others are given with type and octets`);
  }
  const where = path + row.name;
  if (row.kind.rows) {
    return { type: row.type, name: row.name, value: fieldsFromJson(field.fields, row.kind.rows, `${where}.`) };
  }
  const value = row.kind.units ? unitsFromJson(field.units, where) : valueFromJson(field.value, row);
  if (value === undefined) throw wrong(where, field.value, row.kind.expected);
  return { type: row.type, name: row.name, value };
}

function opaqueFromJson(field: Record<string, unknown>, rows: readonly FieldRow[], path: string): TedsField {
  const { octets: digits, name } = field;
  const row = rows.find((candidate) => candidate.name === name);
  const where = path + String(name ?? `field ${String(field.type)}`);
  const type = field.type === undefined && row ? row.type : integerOf(field, 'type', 0, 255);
  const octets = typeof digits === 'string' ? parseHex(digits) : undefined;
  if (!octets) throw wrong(where, digits, 'octets as pairs of hexadecimal digits');
  return { type, ...(row?.type === type ? { name: row.name } : {}), octets };
}

function valueFromJson(json: unknown, { kind }: FieldRow): TedsValue | undefined {
  if (typeof json === 'number') return kind.parse(formatNumber(json));
  if (typeof json === 'boolean') return kind.parse(String(json));
  if (typeof json === 'string') return kind.parse(json);
  if (!Array.isArray(json) || !json.every((item) => typeof item === 'number' || typeof item === 'string'))
    return undefined;
  return kind.parse(json.map((item) => (typeof item === 'number' ? formatNumber(item) : item)).join(' '));
}

export function record(json: unknown, path: string): Record<string, unknown> {
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) return { ...json };
  throw wrong(path, json, 'an object');
}

function octetOf(object: Record<string, unknown>, name: string, absent?: number): number {
  return integerOf(object, name, 0, 255, absent);
}

/** @param absent what it is when it is not there; required when not given */
export function integerOf(
  object: Record<string, unknown>,
  name: string,
  least: number,
  most: number,
  absent?: number,
): number {
  const value = object[name] ?? absent;
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
  throw wrong(name, value, `${least} to ${most}`);
}

export function wrong(path: string, value: unknown, expected: string): Ieee1451Error {
  const what = value === undefined ? 'is missing' : `is ${JSON.stringify(value)?.slice(0, 80)}`;
  return new Ieee1451Error('malformed-json', `${path} ${what}: expected ${expected}`, { path });
}
