import type { ObjectItem } from '../fields.ts';
import type { ObjectHeader } from '../object-header.ts';

export type PointKind =
  | 'binary'
  | 'double-bit'
  | 'binary-output'
  | 'counter'
  | 'frozen-counter'
  | 'analog'
  | 'frozen-analog'
  | 'analog-output'
  | 'octet-string';

/** What an outstation has said of a point. */
export interface Measurement {
  readonly kind: PointKind;
  readonly index: number;
  /** A number; 0 and 1 of binary points; 0 to 3 of double-bit ones. Octet strings have none. */
  readonly value?: number | undefined;
  readonly octets?: Uint8Array | undefined;
  /** Undefined: the outstation has not said them, which means that all is well. */
  readonly flags?: number | undefined;
  /** Milliseconds since 1970 UTC, when it was said when. */
  readonly time?: number | undefined;
  /** It has changed; otherwise this is how it is now. */
  readonly isEvent: boolean;
}

const KINDS: Readonly<Record<number, readonly [kind: PointKind, isEvent: boolean]>> = {
  1: ['binary', false],
  2: ['binary', true],
  3: ['double-bit', false],
  4: ['double-bit', true],
  10: ['binary-output', false],
  11: ['binary-output', true],
  20: ['counter', false],
  21: ['frozen-counter', false],
  22: ['counter', true],
  23: ['frozen-counter', true],
  30: ['analog', false],
  31: ['frozen-analog', false],
  32: ['analog', true],
  33: ['frozen-analog', true],
  40: ['analog-output', false],
  42: ['analog-output', true],
  110: ['octet-string', false],
  111: ['octet-string', true],
};

const COMMON_TIME = 51;

/** The points in the objects of a response, in its order. Times relative to a common time of occurrence become absolute. */
export function measurementsOf(objects: readonly ObjectHeader[]): readonly Measurement[] {
  const measurements: Measurement[] = [];
  let commonTime: number | undefined;
  for (const { group, items } of objects) {
    if (group === COMMON_TIME) commonTime = items.at(-1)?.time;
    const row = KINDS[group];
    if (!row) continue;
    const [kind, isEvent] = row;
    for (const item of items) {
      if (item.index === undefined) continue;
      measurements.push({ kind, index: item.index, ...stateOf(item, commonTime), isEvent });
    }
  }
  return measurements;
}

function stateOf(item: ObjectItem, commonTime: number | undefined): Omit<Measurement, 'kind' | 'index' | 'isEvent'> {
  const { value, octets, flags, relativeTime } = item;
  const time = relativeTime === undefined || commonTime === undefined ? item.time : commonTime + relativeTime;
  return { value, octets, flags, time };
}
