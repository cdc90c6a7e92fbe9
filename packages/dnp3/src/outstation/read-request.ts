import { IIN } from '../internal-indications.ts';
import type { EventClass, PointKind } from '../master/index.ts';
import type { ObjectHeader } from '../object-header.ts';
import { objectType } from '../objects.ts';
import type { Database, Point } from './database.ts';
import type { PointEvent } from './event-buffer.ts';
import { POINT_TYPES, variationFor } from './point.ts';
import type { ResponseBuilder } from './response-builder.ts';

const CLASSES = 60;
const TIME = 50;
const DEADBANDS = 34;
const INDICATIONS = 80;
const KINDS = Object.keys(POINT_TYPES) as readonly PointKind[];

/** What a read request asks an outstation for. */
export interface ReadSource {
  readonly database: Database;
  readonly indications: number;
  /** Milliseconds since 1970 UTC. */
  readonly now: number;
}

/**
 * Gathers what a read request asks for.
 * @returns bits of `IIN` for what was not understood
 * @see IEEE 1815-2012 §4.4.1
 */
export function read(headers: readonly ObjectHeader[], source: ReadSource, builder: ResponseBuilder): number {
  const taken = new Set<PointEvent>();
  let problems = 0;
  for (const header of headers) problems |= readHeader(header, source, builder, taken);
  return problems;
}

function readHeader(
  header: ObjectHeader,
  source: ReadSource,
  builder: ResponseBuilder,
  taken: Set<PointEvent>,
): number {
  const { group, variation } = header;
  if (!objectType(group, variation)) return IIN.objectUnknown;
  if (group === CLASSES) {
    if (header.range !== 'all' && header.count === undefined) return IIN.parameterError;
    if (variation === 0) return IIN.objectUnknown;
    if (variation > 1)
      return addEvents((event) => event.eventClass === ((variation - 1) as EventClass), header, source, builder, taken);
    for (const kind of KINDS) {
      for (const point of source.database.points(kind)) addStatic(point, 0, builder);
    }
    return 0;
  }
  if (group === TIME && variation === 1) {
    builder.addHeader({ ...header, prefix: 'none', range: 'count-8', count: 1, items: [{ time: source.now }] });
    return 0;
  }
  if (group === INDICATIONS && variation === 1) {
    const items = Array.from({ length: 16 }, (_, index) => ({ index, value: (source.indications >> index) & 1 }));
    builder.addHeader({ group, variation, prefix: 'none', range: 'start-stop-8', start: 0, stop: 15, items });
    return 0;
  }
  if (group === DEADBANDS)
    return addStatics('analog', header, source, (point) => addDeadband(point, variation, builder));
  const kind = KINDS.find((name) => POINT_TYPES[name].staticGroup === group || POINT_TYPES[name].eventGroup === group);
  if (!kind) return IIN.objectUnknown;
  if (POINT_TYPES[kind].eventGroup === group) {
    return addEvents((event) => event.kind === kind, header, source, builder, taken);
  }
  return addStatics(kind, header, source, (point) => addStatic(point, variation, builder));
}

function addEvents(
  wanted: (event: PointEvent) => boolean,
  { group, variation, range, count }: ObjectHeader,
  { database }: ReadSource,
  builder: ResponseBuilder,
  taken: Set<PointEvent>,
): number {
  if (range !== 'all' && count === undefined) return IIN.parameterError;
  for (const event of database.events.select((one) => wanted(one) && !taken.has(one), count)) {
    taken.add(event);
    builder.addEvent(event, group === CLASSES ? 0 : variation);
  }
  return 0;
}

/** @returns bits of `IIN` when some of the points are not there */
function addStatics(
  kind: PointKind,
  header: ObjectHeader,
  { database }: ReadSource,
  add: (point: Point) => void,
): number {
  const { range, start, stop, items } = header;
  if (range === 'all') {
    for (const point of database.points(kind)) add(point);
    return 0;
  }
  if (start !== undefined && stop !== undefined) {
    let found = 0;
    for (const point of database.points(kind)) {
      if (point.index < start || point.index > stop) continue;
      add(point);
      found++;
    }
    return found === stop - start + 1 ? 0 : IIN.parameterError;
  }
  const points = items.map(({ index = -1 }) => database.point(kind, index));
  for (const point of points) if (point) add(point);
  return points.length === 0 || points.includes(undefined) ? IIN.parameterError : 0;
}

function addStatic({ kind, index, staticVariation, state }: Point, asked: number, builder: ResponseBuilder): void {
  const variation = variationFor(kind, asked === 0 ? staticVariation : asked, state);
  builder.addStatic(POINT_TYPES[kind].staticGroup, variation, index, state);
}

function addDeadband({ index, deadband }: Point, asked: number, builder: ResponseBuilder): void {
  const variation = asked === 0 ? 3 : asked;
  const value = variation === 3 ? deadband : Math.min(Math.round(deadband), variation === 1 ? 0xffff : 0xffff_ffff);
  builder.addStatic(DEADBANDS, variation, index, { value, flags: 0, time: 0 });
}
