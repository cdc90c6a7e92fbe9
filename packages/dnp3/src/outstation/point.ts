import type { PointClass, PointKind } from '../master/index.ts';

/** Points an outstation has of itself; frozen counters come of counters. */
export type OwnPointKind = Exclude<PointKind, 'frozen-counter' | 'frozen-analog'>;

/** How a point is described and reported. */
export interface PointDefinition {
  readonly kind: OwnPointKind;
  readonly index: number;
  /** Class of its events; 0: it has none. */
  readonly pointClass: PointClass;
  /** How it is read where nobody says how; see `POINT_TYPES` for what it is when not given. */
  readonly staticVariation?: number;
  readonly eventVariation?: number;
  /** Of analog points: a change by more is an event; 0 when not given. */
  readonly deadband?: number;
}

/** How a point is. */
export interface PointState {
  /** 0 or 1 of binary points, 0 to 3 of double-bit ones. Octet strings have `octets`. */
  readonly value: number;
  readonly octets?: Uint8Array | undefined;
  readonly flags: number;
  /** Milliseconds since 1970 UTC. */
  readonly time: number;
}

/** Groups and variations of a kind of point. */
export interface PointType {
  readonly staticGroup: number;
  readonly eventGroup: number;
  readonly staticVariation: number;
  readonly eventVariation: number;
}

/** @see IEEE 1815-2012 §14.6 (subset level 3) */
export const POINT_TYPES: Readonly<Record<PointKind, PointType>> = {
  binary: { staticGroup: 1, eventGroup: 2, staticVariation: 2, eventVariation: 2 },
  'double-bit': { staticGroup: 3, eventGroup: 4, staticVariation: 2, eventVariation: 2 },
  'binary-output': { staticGroup: 10, eventGroup: 11, staticVariation: 2, eventVariation: 2 },
  counter: { staticGroup: 20, eventGroup: 22, staticVariation: 1, eventVariation: 5 },
  'frozen-counter': { staticGroup: 21, eventGroup: 23, staticVariation: 5, eventVariation: 5 },
  analog: { staticGroup: 30, eventGroup: 32, staticVariation: 5, eventVariation: 7 },
  'frozen-analog': { staticGroup: 31, eventGroup: 33, staticVariation: 7, eventVariation: 7 },
  'analog-output': { staticGroup: 40, eventGroup: 42, staticVariation: 3, eventVariation: 7 },
  'octet-string': { staticGroup: 110, eventGroup: 111, staticVariation: 0, eventVariation: 0 },
};

const ONLINE = 0x01;

/** A packed variation can't say flags: what is not simply online is given with them. @see IEEE 1815-2012 §11.5 */
export function variationFor(kind: PointKind, variation: number, { flags, octets }: PointState): number {
  // Of octet strings the variation is their length.
  if (kind === 'octet-string') return octets?.length ?? 0;
  const isPacked = variation === 1 && (kind === 'binary' || kind === 'double-bit' || kind === 'binary-output');
  return isPacked && flags !== ONLINE ? 2 : variation;
}

const INTEGER_RANGES: Readonly<Record<string, readonly [least: number, most: number]>> = {
  '30.1': [-(2 ** 31), 2 ** 31 - 1],
  '30.2': [-(2 ** 15), 2 ** 15 - 1],
  '30.3': [-(2 ** 31), 2 ** 31 - 1],
  '30.4': [-(2 ** 15), 2 ** 15 - 1],
  '32.1': [-(2 ** 31), 2 ** 31 - 1],
  '32.2': [-(2 ** 15), 2 ** 15 - 1],
  '32.3': [-(2 ** 31), 2 ** 31 - 1],
  '32.4': [-(2 ** 15), 2 ** 15 - 1],
  '40.1': [-(2 ** 31), 2 ** 31 - 1],
  '40.2': [-(2 ** 15), 2 ** 15 - 1],
  '42.1': [-(2 ** 31), 2 ** 31 - 1],
  '42.2': [-(2 ** 15), 2 ** 15 - 1],
  '42.3': [-(2 ** 31), 2 ** 31 - 1],
  '42.4': [-(2 ** 15), 2 ** 15 - 1],
};
const COUNTER_GROUPS: ReadonlySet<number> = new Set([20, 21, 22, 23]);
const COUNTERS_16: ReadonlySet<string> = new Set([
  '20.2',
  '20.6',
  '21.2',
  '21.6',
  '21.10',
  '22.2',
  '22.6',
  '23.2',
  '23.6',
]);
const OVER_RANGE = 0x20;

/** The value as a variation can hold it. One that is too large is the greatest there is, and flagged. @see IEEE 1815-2012 §11.6.4 */
export function heldState(group: number, variation: number, state: PointState): PointState {
  const key = `${group}.${variation}`;
  if (COUNTER_GROUPS.has(group)) {
    // Counters roll over.
    return COUNTERS_16.has(key) ? { ...state, value: state.value % 2 ** 16 } : state;
  }
  const range = INTEGER_RANGES[key];
  if (!range) return overSingle(group, variation, state);
  const rounded = Math.round(state.value);
  const [least, most] = range;
  if (rounded >= least && rounded <= most) return { ...state, value: rounded };
  return { ...state, value: rounded > most ? most : least, flags: state.flags | OVER_RANGE };
}

const SINGLES: ReadonlySet<string> = new Set(['30.5', '32.5', '32.7', '40.3', '42.5', '42.7']);
const MAX_SINGLE = 3.4028234663852886e38;

function overSingle(group: number, variation: number, state: PointState): PointState {
  if (!SINGLES.has(`${group}.${variation}`) || Math.abs(state.value) <= MAX_SINGLE || !Number.isFinite(state.value))
    return state;
  return { ...state, value: Math.sign(state.value) * MAX_SINGLE, flags: state.flags | OVER_RANGE };
}
