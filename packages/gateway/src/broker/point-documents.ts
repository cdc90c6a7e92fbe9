import { contentOctets, type DocumentContent } from '@thingward/things';
import { parse } from 'yaml';
import { z } from 'zod';
import { checkNames, type Dnp3Point, dnp3PointSchema } from '../drivers/dnp3/config.ts';
import { parsePointList } from '../drivers/dnp3/point-list.ts';
import { checkPoints, type Point, pointSchema } from '../drivers/modbus/config.ts';
import { parseRegisterRows } from '../drivers/modbus/point-list.ts';
import { PointListError } from '../drivers/point-table.ts';

/** The register map of a Modbus unit, as a document has it. */
export interface RegisterMap {
  readonly points: readonly Point[];
  /** Poll groups beside those of the configuration, and in place of those of the same names, in ms. */
  readonly pollGroups: Readonly<Record<string, number>>;
}

const registerMapSchema = z.strictObject({
  pollGroups: z.record(z.string(), z.number().int().min(50)).default({}),
  points: z.array(pointSchema),
});
const pointListSchema = z.strictObject({ points: z.array(dnp3PointSchema) });

/** How lists of points are written down. */
const NOTATIONS: Readonly<Record<string, 'csv' | 'yaml'>> = {
  'text/csv': 'csv',
  'application/yaml': 'yaml',
  'application/json': 'yaml',
};

/**
 * A register map from CSV (as `modbus.pointList` has it), or from YAML or JSON: `points`, and `pollGroups` where it has some.
 * @throws PointListError
 */
export function registerMapOf(content: DocumentContent, mediaType: string): RegisterMap {
  const { notation, text } = textOf(content, mediaType);
  const map: RegisterMap =
    notation === 'csv' ? { points: parseRegisterRows(text), pollGroups: {} } : parsed(text, registerMapSchema);
  checkNames(map.points, (_, message) => {
    throw new PointListError(message);
  });
  return map;
}

/** The points of an outstation from CSV (as `dnp3.pointList` has it), or from YAML or JSON: `points`. @throws PointListError */
export function pointListOf(content: DocumentContent, mediaType: string): readonly Dnp3Point[] {
  const { notation, text } = textOf(content, mediaType);
  const points = notation === 'csv' ? parsePointList(text) : parsed(text, pointListSchema).points;
  checkNames(points, (_, message) => {
    throw new PointListError(message);
  });
  return points;
}

/** What keeps a document from being a register map; undefined: it is one. */
export function registerMapProblem(content: DocumentContent, mediaType: string): string | undefined {
  return problemOf(() => registerMapOf(content, mediaType));
}

/** What keeps a document from being a list of DNP3 points; undefined: it is one. */
export function pointListProblem(content: DocumentContent, mediaType: string): string | undefined {
  return problemOf(() => pointListOf(content, mediaType));
}

/** The points of the configuration and those of a document together. @throws PointListError when they contradict each other */
export function withRegisterMap<Config extends Pick<RegisterMap, 'points' | 'pollGroups'>>(
  config: Config,
  map: RegisterMap,
  isWritable: boolean,
): Config & { points: Point[]; pollGroups: Record<string, number> } {
  const points = [...config.points, ...map.points.map((point) => (isWritable ? point : readOnly(point)))];
  const pollGroups = { ...config.pollGroups, ...map.pollGroups };
  checkPoints(points, pollGroups, (_index, _key, message) => {
    throw new PointListError(message);
  });
  return { ...config, points, pollGroups };
}

/** As `withRegisterMap`, of an outstation. @throws PointListError */
export function withListedPoints(
  own: readonly Dnp3Point[],
  listed: readonly Dnp3Point[],
  isWritable: boolean,
): readonly Dnp3Point[] {
  const points = [...own, ...listed.map((point) => (isWritable ? point : readOnly(point)))];
  checkNames(points, (_, message) => {
    throw new PointListError(message);
  });
  return points;
}

function readOnly<P extends { readonly writable?: unknown }>(point: P): P {
  const { writable: _, ...rest } = point;
  return rest as P;
}

function textOf(content: DocumentContent, mediaType: string): { notation: 'csv' | 'yaml'; text: string } {
  const [type = ''] = mediaType.toLowerCase().split(';');
  const notation = Object.hasOwn(NOTATIONS, type.trim()) ? NOTATIONS[type.trim()] : undefined;
  if (notation === undefined) {
    throw new PointListError(`it is ${mediaType}: expected ${Object.keys(NOTATIONS).join(', ')}`);
  }
  if (content.form === 'xml') throw new PointListError('it is XML: expected text');
  try {
    return { notation, text: new TextDecoder('utf-8', { fatal: true }).decode(contentOctets(content)) };
  } catch {
    throw new PointListError('it is not in UTF-8');
  }
}

function parsed<Schema extends z.ZodType>(text: string, schema: Schema): z.output<Schema> {
  let value: unknown;
  try {
    // Aliases could make a few lines very many.
    value = parse(text, { maxAliasCount: 0, logLevel: 'silent' });
  } catch (error) {
    // Whatever the text is: too deep, aliases, no YAML at all.
    throw new PointListError(error instanceof Error ? error.message : String(error));
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new PointListError([issue?.path.join('.'), issue?.message].filter(Boolean).join(': '));
}

function problemOf(read: () => unknown): string | undefined {
  try {
    read();
    return undefined;
  } catch (error) {
    if (error instanceof PointListError) return error.message;
    throw error;
  }
}
