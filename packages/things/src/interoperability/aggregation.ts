import { FIELD_TYPES, type FieldType } from '../sensor-data/field.ts';
import type { InterfaceField, InteroperabilityInterface } from './interface.ts';

/** What an aggregation is made of: a value that is so now, or one that adds up over time. */
type AggregationSource = 'momentary' | 'accumulated' | 'all';

interface Aggregation {
  readonly source: AggregationSource;
  readonly types: readonly FieldType[];
  /** Has it fields for the beginning and the end of its period? */
  readonly hasPeriod: boolean;
}

const HISTORICAL = FIELD_TYPES.filter((type) => type.startsWith('historical'));

/**
 * Aggregations of interfaces by the last part of their names. Of those that the document names and says nothing of (`TimeChannels`,
 * `BinaryEvent`, `HysteresisEvent`, `TimedEvent`) nothing is demanded.
 * @see XEP-0000: Interoperability §3.3
 */
export const AGGREGATIONS: Readonly<Record<string, Aggregation>> = {
  Average: { source: 'momentary', types: ['computed'], hasPeriod: true },
  Consumption: { source: 'accumulated', types: ['computed'], hasPeriod: true },
  History: { source: 'all', types: HISTORICAL, hasPeriod: false },
  Mean: { source: 'momentary', types: ['computed'], hasPeriod: true },
  Min: { source: 'momentary', types: ['peak', 'computed'], hasPeriod: true },
  Max: { source: 'momentary', types: ['peak', 'computed'], hasPeriod: true },
  StdDev: { source: 'momentary', types: ['computed'], hasPeriod: true },
  Sum: { source: 'accumulated', types: ['computed'], hasPeriod: true },
};

export const UNSPECIFIED_AGGREGATIONS: readonly string[] = [
  'TimeChannels',
  'BinaryEvent',
  'HysteresisEvent',
  'TimedEvent',
];

/** Values that add up, with the momentary value that they are the sum of over time. */
const ACCUMULATED: Readonly<Record<string, string>> = { Energy: 'Power', Volume: 'Flow', Mass: 'Mass Flow' };

/** The interface with fields for the aggregated values. It has the fields of the aggregation alone. @param name its last part */
export function aggregated(base: InteroperabilityInterface, name: string): InteroperabilityInterface | undefined {
  const full = `${base.name}.${name}`;
  if (UNSPECIFIED_AGGREGATIONS.includes(name)) return { name: full, fields: [], parameters: [] };
  const aggregation = Object.hasOwn(AGGREGATIONS, name) ? AGGREGATIONS[name] : undefined;
  if (aggregation === undefined) return undefined;
  const sources = sourcesOf(base, aggregation.source);
  const isOnlyOne = sources.length === 1;
  const fields = sources.flatMap((field) => {
    // Where there is but one, it is what the aggregation is about.
    const isRequired = isOnlyOne || field.isRequired;
    if (name === 'History') return [{ ...field, isRequired, types: aggregation.types }];
    const value: InterfaceField = { ...field, name: `${field.name}, ${name}`, isRequired, types: aggregation.types };
    return aggregation.hasPeriod ? [value, ...periodOf(value)] : [value];
  });
  return { name: full, fields, parameters: [] };
}

function periodOf({ name, types }: InterfaceField): readonly InterfaceField[] {
  return ['Start', 'Stop'].map((end) => ({ name: `${name}, ${end}`, isRequired: false, types, value: 'dateTime' }));
}

function sourcesOf({ fields }: InteroperabilityInterface, source: AggregationSource): readonly InterfaceField[] {
  const present = fields.filter(({ types }) => types.includes('momentary') || types.includes('status'));
  if (source === 'all') return present;
  const numbers = fields.filter(({ value, types }) => value === 'numeric' && types.includes('momentary'));
  const names = numbers.map(({ name }) => name);
  const sums = names.filter((name) => names.includes(ACCUMULATED[name] ?? ''));
  if (sums.length === 0) return numbers;
  const rates = sums.map((name) => ACCUMULATED[name]);
  return numbers.filter(({ name }) =>
    source === 'accumulated' ? sums.includes(name) : !sums.includes(name) && rates.includes(name),
  );
}
