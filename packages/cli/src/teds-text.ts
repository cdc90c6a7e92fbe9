import { describeTeds, type Teds, tedsToJson } from '@thingward/ieee1451';

/** A field, as `tedsToJson` describes it. */
interface FieldText {
  readonly name?: string;
  readonly type?: number;
  readonly value?: unknown;
  readonly unit?: string;
  readonly units?: { readonly ucum?: string; readonly expression: string; readonly extension?: number };
  readonly fields?: readonly FieldText[];
  readonly octets?: string;
  readonly text?: string;
}

/** A TEDS for people: a line for each field. */
export function tedsText(teds: Teds): string {
  const { fields } = tedsToJson(teds) as { readonly fields: readonly FieldText[] };
  const rows = fields.flatMap((field) => rowsOf(field, '  '));
  const width = Math.max(0, ...rows.map(([name]) => name.length));
  const lines = rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`.trimEnd());
  return [describeTeds(teds), ...lines, ''].join('\n');
}

function rowsOf(field: FieldText, indent: string): [string, string][] {
  const { name, type, fields } = field;
  const first: [string, string] = [indent + (name ?? `field ${type}`), valueText(field)];
  return [first, ...(fields ?? []).flatMap((inner) => rowsOf(inner, `${indent}  `))];
}

function valueText({ value, unit, units, octets, text, fields }: FieldText): string {
  if (fields) return '';
  if (text !== undefined) return text;
  if (octets !== undefined) return `octets ${octets}`;
  if (units)
    return units.ucum === undefined || units.ucum === units.expression
      ? units.expression
      : `${units.ucum} (${units.expression})`;
  const shown = Array.isArray(value) ? value.join(', ') : String(value);
  return unit === undefined ? shown : `${shown} ${unit}`;
}
