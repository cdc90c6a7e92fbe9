import {
  channelUnit,
  encodeTeds,
  type FieldPlace,
  type FieldPlaces,
  fieldUnit,
  formatHex,
  formatNumber,
  isOpaque,
  isUnits,
  octetsText,
  type Teds,
  type TedsProblem,
  type TedsValue,
  tedsClassName,
  tedsPlaces,
  tedsProblems,
} from '@thingward/ieee1451';
import { FIELD_MEANINGS, fieldLabel, TEDS_WORDS } from './teds-words.ts';
import { type ExplainedUnits, explainUnits } from './units-explained.ts';

/** One field of a TEDS for people. */
export interface TedsFieldView {
  /** As `sample.dataModel`; with its offset it names the field. */
  readonly path: string;
  readonly label: string;
  /** 1 for a field inside another. */
  readonly depth: number;
  /** Undefined for one that has fields inside, and for octets nobody understands. */
  readonly value: string | undefined;
  /** Unit of the number, of the UCUM. */
  readonly unit: string | undefined;
  /** Of the fields that say what the unit is. */
  readonly units: ExplainedUnits | undefined;
  /** Undefined where it is not known. */
  readonly meaning: string | undefined;
  /** What is wrong with it. */
  readonly problems: readonly string[];
  /** Of its type, in the octets of the TEDS. */
  readonly offset: number;
  /** Type, length and value, in hexadecimal. */
  readonly octets: string;
}

/** A TEDS for people. */
export interface TedsView {
  /** Its access code and where it stands, for lists. */
  readonly key: string;
  readonly title: string;
  readonly meaning: string | undefined;
  /** The standard, the edition and the version. */
  readonly edition: string;
  readonly fields: readonly TedsFieldView[];
  /** What is wrong with the TEDS as a whole, or missing. */
  readonly problems: readonly string[];
  /** All that is wrong, in fields too. */
  readonly problemCount: number;
  /** Undefined where there is a value that does not fit into its field. */
  readonly octets: Uint8Array | undefined;
}

/** Octets that are shown in the place of a value. */
const OCTETS_SHOWN = 16;

/** What a TEDS says, field by field, with what is wrong at its octet. */
export function tedsView(teds: Teds): TedsView {
  const name = tedsClassName(teds.tedsClass);
  const words = TEDS_WORDS[name];
  const all = { key: `${teds.tedsClass} ${teds.version}`, meaning: words?.meaning, edition: editionOf(teds) };
  const title = words?.title ?? `TEDS with access code ${name}`;
  try {
    const octets = encodeTeds(teds);
    const problems = tedsProblems(teds);
    const fields = fieldsOf(tedsPlaces(teds), { depth: 0, channel: channelUnit(teds), problems });
    const offsets = new Set(fields.map(({ offset }) => offset));
    const others = problems.filter(({ offset }) => offset === undefined || !offsets.has(offset));
    return { ...all, title, fields, problems: others.map(describe), problemCount: problems.length, octets };
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    return { ...all, title, fields: [], problems: [problem], problemCount: 1, octets: undefined };
  }
}

interface Context {
  readonly depth: number;
  /** Unit of the channel. */
  readonly channel: string | undefined;
  readonly problems: readonly TedsProblem[];
}

function fieldsOf({ fields }: FieldPlaces, context: Context): TedsFieldView[] {
  return fields.flatMap((place) => [
    fieldOf(place, context),
    ...(place.inside ? fieldsOf(place.inside, { ...context, depth: context.depth + 1 }) : []),
  ]);
}

function fieldOf({ field, row, path, offset, octets, inside }: FieldPlace, context: Context): TedsFieldView {
  const shown = {
    path,
    label: field.name === undefined ? `Field ${field.type}` : fieldLabel(field.name),
    depth: context.depth,
    meaning: FIELD_MEANINGS[path] ?? (row ? undefined : 'A field that is not of the standard, or not published.'),
    problems: context.problems.filter((problem) => problem.offset === offset).map(({ message }) => message),
    offset,
    octets: formatHex(octets),
    units: undefined,
    unit: undefined,
  };
  if (isOpaque(field)) return { ...shown, value: opaqueText(field.octets) };
  if (inside) return { ...shown, value: undefined };
  if (isUnits(field.value)) {
    const units = explainUnits(field.value);
    return { ...shown, value: units.text, units };
  }
  const unit = fieldUnit(row, context.channel);
  return { ...shown, value: valueText(field.value), unit: unit === '1' ? undefined : unit };
}

function valueText(value: TedsValue): string {
  if (typeof value === 'number') return formatNumber(value);
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return Array.isArray(value) ? value.map((item: TedsValue) => valueText(item)).join(', ') : String(value);
}

function opaqueText(octets: Uint8Array): string {
  const text = octetsText(octets);
  if (text !== undefined && /^[\x20-\x7e\s]{4,}$/.test(text)) return text;
  const digits = formatHex(octets.subarray(0, OCTETS_SHOWN)).replace(/(..)(?=.)/g, '$1 ');
  return octets.length > OCTETS_SHOWN ? `${digits} … (${octets.length} octets)` : digits || 'no octets';
}

function describe({ path, message, offset }: TedsProblem): string {
  return `${path} ${message}${offset === undefined ? '' : `, at octet ${offset}`}`;
}

function editionOf({ family, member, version }: Teds): string {
  const edition = member === undefined ? '2007' : '2024';
  return `IEEE 1451.${family}, identification of ${edition}, version ${version}`;
}

/** One line of a dump: the offset of its first octet, and up to sixteen octets in hexadecimal and as text. */
export interface OctetLine {
  readonly offset: string;
  readonly hex: string;
  readonly text: string;
}

/** Octets in lines of sixteen. */
export function octetLines(octets: Uint8Array): OctetLine[] {
  return Array.from({ length: Math.ceil(octets.length / OCTETS_SHOWN) }, (_, i) => {
    const line = octets.subarray(i * OCTETS_SHOWN, (i + 1) * OCTETS_SHOWN);
    return {
      offset: (i * OCTETS_SHOWN).toString().padStart(4, '0'),
      hex: formatHex(line).replace(/(..)(?=.)/g, '$1 '),
      text: [...line].map((octet) => (octet >= 0x20 && octet < 0x7f ? String.fromCharCode(octet) : '·')).join(''),
    };
  });
}
