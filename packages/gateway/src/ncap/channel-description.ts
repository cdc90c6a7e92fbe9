import {
  channelUnit,
  describeProblem,
  Ieee1451Error,
  type SampleDefinition,
  sampleDefinition,
  type Teds,
  type TedsValue,
  tedsProblems,
  tedsValue,
} from '@thingward/ieee1451';
import type { ChannelKind } from './transducer-services.ts';

/** Who makes the numbers of a channel right. @see IEEE 1451.0-2007, TransducerChannel TEDS, field 10 */
export type Correction =
  /** There is nothing to be corrected, as far as is known. */
  | 'none'
  /** The TIM does it. */
  | 'tim'
  /** The NCAP would have to, with a Calibration TEDS whose layout no public source has. */
  | 'missing';

/** What a TransducerChannel TEDS says about how to read, set and understand a channel. */
export interface ChannelDescription {
  readonly kind: ChannelKind;
  /** UCUM; undefined: there is none, or no word for it. */
  readonly unit: string | undefined;
  /** How its samples are written; undefined: it can't be read. */
  readonly definition: SampleDefinition | undefined;
  readonly lowLimit: number | undefined;
  readonly highLimit: number | undefined;
  /** Of the worst case, in the unit of the channel. */
  readonly uncertainty: number | undefined;
  readonly correction: Correction;
  /** Samples of a data set, beside the first. */
  readonly maximumRepetitions: number;
  /** Seconds between samples of a data set; 0 where it does not say. */
  readonly samplingPeriod: number;
  /** Seconds from a trigger until the data set can be read, at most. */
  readonly setupTime: number;
  /** There is nothing new sooner. */
  readonly updateTime: number;
  /** A sample is taken when it is triggered, and in no other way. */
  readonly needsTrigger: boolean;
  /** A name of the field `sampleTimeSource`. */
  readonly timeSource: string;
  /** Seconds. */
  readonly incomingDelay: number;
  readonly outgoingDelay: number;
}

/** A channel of which nothing is known. */
export const UNKNOWN_CHANNEL: ChannelDescription = {
  kind: 'sensor',
  unit: undefined,
  definition: undefined,
  lowLimit: undefined,
  highLimit: undefined,
  uncertainty: undefined,
  correction: 'none',
  maximumRepetitions: 0,
  samplingPeriod: 0,
  setupTime: 0,
  updateTime: 0,
  needsTrigger: false,
  timeSource: 'none',
  incomingDelay: 0,
  outgoingDelay: 0,
};

const KINDS: readonly string[] = ['sensor', 'actuator', 'event-sensor'] satisfies ChannelKind[];
/** Calibration keys of channels whose numbers the NCAP has to correct. */
const NCAP_CORRECTS: readonly unknown[] = ['supplied', 'custom'];

export function describeChannel(teds: Teds): ChannelDescription {
  const kind = tedsValue(teds, 'channelType');
  const key = tedsValue(teds, 'calibrationKey');
  const seconds = (name: string) => Math.max(0, finite(tedsValue(teds, name)) ?? 0);
  const uncertainty = finite(tedsValue(teds, 'worstCaseUncertainty'));
  return {
    kind: typeof kind === 'string' && KINDS.includes(kind) ? (kind as ChannelKind) : 'sensor',
    unit: channelUnit(teds),
    definition: definitionOf(teds),
    lowLimit: finite(tedsValue(teds, 'lowLimit')),
    highLimit: finite(tedsValue(teds, 'highLimit')),
    uncertainty: uncertainty !== undefined && uncertainty > 0 ? uncertainty : undefined,
    correction: NCAP_CORRECTS.includes(key) ? 'missing' : key === undefined || key === 'none' ? 'none' : 'tim',
    maximumRepetitions: finite(tedsValue(teds, 'dataSet.maximumRepetitions')) ?? 0,
    samplingPeriod: seconds('samplingPeriod'),
    setupTime: seconds('readSetupTime') + seconds('readDelayTime'),
    updateTime: seconds('updateTime'),
    needsTrigger: isTriggered(tedsValue(teds, 'sampling.defaultMode')),
    timeSource: String(tedsValue(teds, 'sampleTimeSource') ?? 'none'),
    incomingDelay: seconds('incomingPropagationDelay'),
    outgoingDelay: seconds('outgoingPropagationDelay'),
  };
}

/** What is wrong with a TransducerChannel TEDS that could be decoded, in words. */
export function channelProblems(teds: Teds): readonly string[] {
  return tedsProblems(teds).map(describeProblem);
}

function definitionOf(teds: Teds): SampleDefinition | undefined {
  try {
    return sampleDefinition(teds);
  } catch (error) {
    if (error instanceof Ieee1451Error) return undefined;
    throw error;
  }
}

/** Is there no mode by itself that it begins in? */
function isTriggered(modes: TedsValue | undefined): boolean {
  if (!Array.isArray(modes) || modes.length === 0) return false;
  return modes.every((mode) => mode === 'trigger-initiated' || mode === 'free-running-pre-trigger');
}

function finite(value: TedsValue | undefined): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}
