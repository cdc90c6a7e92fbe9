import { decodeSamples, encodeSamples, Ieee1451Error, type Sample, type SampleDefinition } from '@thingward/ieee1451';
import {
  type ControlParameter,
  type FieldValue,
  ParameterError,
  type ParameterValue,
  type QosFlag,
} from '@thingward/things';
import type { DescribedChannel } from '../../ncap/tim-description.ts';
import type { Ieee1451Config } from './config.ts';

/** Digits of the uncertainty that count: what is finer than those of it says nothing. @see JCGM 100:2008 §7.2.6 */
const UNCERTAIN_DIGITS = 2;
const MAX_DECIMALS = 20;
const INT32_OCTETS = 4;

/** Decimals that a value is worth: down to the second digit of its uncertainty. @see XEP-0323 §5.4 */
export function decimalsOf(uncertainty: number): number {
  const decimals = UNCERTAIN_DIGITS - 1 - Math.floor(Math.log10(uncertainty));
  return Math.min(MAX_DECIMALS, Math.max(0, decimals));
}

/** Undefined for what is no number, as a sensor that is out of order tells. */
export function fieldValue(sample: Sample, channel: DescribedChannel): FieldValue | undefined {
  const { unit = '', uncertainty } = channel;
  if (typeof sample === 'string') return { type: 'string', value: sample };
  if (!Number.isFinite(sample)) return undefined;
  if (isCount(channel)) return { type: 'int', value: sample };
  return { type: 'numeric', value: decimalText(sample, uncertainty), unit };
}

/** What the flags of a register say of a value, and that it would have to be corrected. @see XEP-0323 §5.7 */
export function qualityOf(
  { correction }: DescribedChannel,
  register: number | undefined,
  statusBits: Ieee1451Config['statusBits'],
): readonly QosFlag[] {
  const has = (bits: readonly number[] = []) => bits.some((bit) => ((register ?? 0) >>> bit) & 1);
  const isMissing = has(statusBits?.missing);
  return [
    isMissing ? 'missing' : 'automaticReadout',
    ...(has(statusBits?.warning) || correction === 'missing' ? (['warning'] as const) : []),
    ...(has(statusBits?.error) ? (['error'] as const) : []),
    ...(has(statusBits?.powerFailure) ? (['powerFailure'] as const) : []),
  ];
}

/** How an actuator is set. */
export function controlParameter(channel: DescribedChannel, name: string): ControlParameter {
  const { unit, lowLimit, highLimit, definition } = channel;
  const type = parameterType(channel);
  const bounds = {
    ...(lowLimit === undefined ? {} : { min: lowLimit }),
    ...(highLimit === undefined ? {} : { max: highLimit }),
  };
  return {
    name,
    type,
    label: channel.name,
    ...(unit === undefined ? {} : { unit }),
    ...(type === 'string' ? { pattern: `([0-9a-fA-F]{2}){${definition?.octets ?? 0}}` } : bounds),
  };
}

export function parameterValue(sample: Sample, channel: DescribedChannel): ParameterValue | undefined {
  const type = parameterType(channel);
  if (typeof sample === 'string') return type === 'string' ? { type, value: sample } : undefined;
  if (!Number.isFinite(sample)) return undefined;
  if (type === 'int') return { type, value: sample };
  if (type === 'long') return { type, value: BigInt(sample) };
  return { type: 'double', value: decimalText(sample, undefined) };
}

/** The sample as the TIM holds it. @throws ParameterError for a value that it can't hold */
export function sampleOf(value: ParameterValue, { definition }: DescribedChannel, name: string): Sample {
  const sample = value.type === 'string' ? value.value.toLowerCase() : Number(value.value);
  try {
    return stored(sample, definition as SampleDefinition);
  } catch (error) {
    if (!(error instanceof Ieee1451Error)) throw error;
    throw new ParameterError('out-of-range', name, error.message);
  }
}

/** What is read back after a sample was written. */
function stored(sample: Sample, definition: SampleDefinition): Sample {
  return decodeSamples(encodeSamples([sample], definition), definition)[0] as Sample;
}

function parameterType(channel: DescribedChannel): 'int' | 'long' | 'double' | 'string' {
  const { dataModel, octets } = channel.definition ?? { dataModel: '', octets: 0 };
  if (dataModel === 'float32' || dataModel === 'float64') return 'double';
  if (dataModel !== 'integer' || octets > 6) return 'string';
  return octets < INT32_OCTETS ? 'int' : 'long';
}

/** A plain number of things, or bits, without unit. */
function isCount({ definition, unit }: DescribedChannel): boolean {
  return definition?.dataModel === 'integer' && definition.octets < INT32_OCTETS && unit === undefined;
}

function decimalText(value: number, uncertainty: number | undefined): string {
  if (uncertainty !== undefined) return value.toFixed(decimalsOf(uncertainty));
  const text = String(value);
  // XML Schema has exponents, but decimals are counted in plain digits.
  return /e/i.test(text) && Math.abs(value) < 1e21 ? value.toFixed(MAX_DECIMALS).replace(/\.?0+$/, '') : text;
}
