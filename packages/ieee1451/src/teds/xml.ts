import { type Element, xml } from '@thingward/xml';
import { BASE_UNITS } from '../base-units.ts';
import { Ieee1451Error } from '../error.ts';
import { formatNumber, parseNumber } from '../float.ts';
import { IEEE1451_NAMESPACE } from '../namespace.ts';
import { formatHex } from '../octets.ts';
import { interpretationCode, type PhysicalUnits, unitsToUcum } from '../units.ts';
import {
  hexAttribute,
  integerAttribute,
  optionalInteger,
  requireElement,
  textAttribute,
  xmlError,
} from '../xml-attributes.ts';
import { fieldRows, tedsClassCode, tedsClassName } from './classes.ts';
import { type FieldRow, isOpaque, type TedsField, type TedsValue } from './field.ts';
import { isFields, type Teds } from './teds.ts';
import { channelUnit, fieldUnit } from './unit-of-field.ts';
import { isUnits } from './units-kind.ts';

/** A TEDS as XML that a person can read and that has everything of it: `encodeTeds(tedsFromXml(tedsToXml(teds)))` are the same octets. */
export function tedsToXml(teds: Teds): Element {
  const { family, member, tedsClass, version, tupleLength, lengthOctets, fields, checksum } = teds;
  return xml(
    'teds',
    {
      xmlns: IEEE1451_NAMESPACE,
      class: tedsClassName(tedsClass),
      family: family === 0 ? undefined : family,
      member,
      version,
      tupleLength: tupleLength === 1 ? undefined : tupleLength,
      lengthOctets,
      checksum,
    },
    fieldsToXml(fields, fieldRows(tedsClass, family), channelUnit(teds)),
  );
}

function fieldsToXml(fields: readonly TedsField[], rows: readonly FieldRow[], channel: string | undefined): Element[] {
  return fields.map((field) => {
    const { type, name } = field;
    if (isOpaque(field)) {
      return xml('field', { name, type, octets: formatHex(field.octets), problem: field.problem });
    }
    const { value } = field;
    const row = rows.find((candidate) => candidate.type === type);
    if (row?.kind.rows && isFields(value)) return xml('field', { name }, fieldsToXml(value, row.kind.rows, channel));
    if (isUnits(value)) return xml('field', { name }, unitsToXml(value));
    return xml('field', { name, unit: fieldUnit(row, channel) }, valueText(value));
  });
}

function valueText(value: TedsValue): string {
  if (typeof value === 'number') return formatNumber(value);
  return Array.isArray(value) ? value.map((item: TedsValue) => valueText(item)).join(' ') : String(value);
}

function unitsToXml(units: PhysicalUnits): Element {
  const { form, interpretation, exponents, extension } = units;
  return xml('units', { form, interpretation, ...exponents, extension, ucum: unitsToUcum(units) });
}

/** @throws Ieee1451Error `malformed-xml` */
export function tedsFromXml(element: Element): Teds {
  requireElement(element, 'teds', IEEE1451_NAMESPACE);
  const tedsClass = tedsClassCode(textAttribute(element, 'class'));
  if (tedsClass === undefined) throw xmlError(element, 'class', 'the name of a TEDS, or its access code');
  const family = optionalInteger(element, 'family', 0, 255) ?? 0;
  const member = optionalInteger(element, 'member', 0, 255);
  const lengthOctets = optionalInteger(element, 'lengthOctets', 1, 4);
  const checksum = optionalInteger(element, 'checksum', 0, 0xffff);
  return {
    family,
    ...(member === undefined ? {} : { member }),
    tedsClass,
    version: integerAttribute(element, 'version', 0, 255),
    tupleLength: optionalInteger(element, 'tupleLength', 1, 4) ?? 1,
    ...(lengthOctets === undefined ? {} : { lengthOctets }),
    fields: fieldsFromXml(element, fieldRows(tedsClass, family)),
    ...(checksum === undefined ? {} : { checksum }),
  };
}

function fieldsFromXml(element: Element, rows: readonly FieldRow[]): TedsField[] {
  return element.childrenNamed('field').map((child) => {
    const octets = hexAttribute(child, 'octets');
    const name = child.attribute('name');
    const row = rows.find((candidate) => candidate.name === name);
    if (octets) {
      const type = integerAttribute(child, 'type', 0, 255);
      const problem = child.attribute('problem');
      return {
        type,
        ...(row?.type === type ? { name: row.name } : {}),
        octets,
        ...(problem === undefined ? {} : { problem }),
      };
    }
    if (!row) throw xmlError(child, 'name', `a field of this TEDS (${rows.map((known) => known.name).join(', ')})`);
    return { type: row.type, name: row.name, value: valueFromXml(child, row) };
  });
}

function valueFromXml(element: Element, { name, kind }: FieldRow): TedsValue {
  if (kind.rows) return fieldsFromXml(element, kind.rows);
  if (kind.units) return unitsFromXml(element);
  const value = kind.parse(element.text);
  if (value !== undefined) return value;
  throw new Ieee1451Error(
    'malformed-xml',
    `<field name='${name}'> holds "${element.text.slice(0, 80)}": expected ${kind.expected}`,
  );
}

function unitsFromXml(parent: Element): PhysicalUnits {
  const element = parent.child('units');
  if (!element) throw new Ieee1451Error('malformed-xml', `<field name='${parent.attribute('name')}'> has a <units>`);
  const form = element.attribute('form');
  if (form !== 'packed' && form !== 'tuples') throw xmlError(element, 'form', 'packed or tuples');
  const interpretation = element.attribute('interpretation');
  if (interpretation !== undefined) interpretationCode(interpretation);
  const extension = optionalInteger(element, 'extension', 0, 255);
  const exponents = Object.fromEntries(
    BASE_UNITS.flatMap((unit) => {
      const text = element.attribute(unit);
      if (text === undefined) return [];
      const exponent = parseNumber(text);
      if (exponent === undefined) throw xmlError(element, unit, 'a number');
      return [[unit, exponent]];
    }),
  );
  return {
    form,
    ...(interpretation === undefined ? {} : { interpretation }),
    exponents,
    ...(extension === undefined ? {} : { extension }),
  };
}
