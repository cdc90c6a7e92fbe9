import { type Sample, type Teds, tedsClassCode, tedsValue } from '@thingward/ieee1451';
import type { TransducerInterface } from '@thingward/ieee1451/mcap';
import type { ControlParameter, ParameterValue } from '@thingward/things';

/** Integers of more octets are told as octets. */
const MAX_INTEGER_OCTETS = 6;
const CHANNEL_CLASS = tedsClassCode('transducer-channel');

/** The TransducerChannel TEDS of a channel; undefined when it could not be read. */
export function channelTeds({ teds }: Pick<TransducerInterface, 'teds'>): Teds | undefined {
  return teds.find(({ tedsClass }) => tedsClass === CHANNEL_CLASS);
}

/** An actuator as a control parameter, with its bounds; what has no number is set by its octets. */
export function channelParameter(described: TransducerInterface, name: string): ControlParameter {
  const { unit, min, max } = described;
  const type = parameterType(described);
  const bounds = { ...(isBound(min) ? { min } : {}), ...(isBound(max) ? { max } : {}) };
  if (type !== 'string') return { name, label: name, type, ...bounds, ...(unit && unit !== '1' ? { unit } : {}) };
  return { name, label: name, type, description: 'Octets in hexadecimal.', pattern: '([0-9a-fA-F]{2})+' };
}

/** A sample as the value of the parameter. */
export function sampleValue(sample: Sample, { type }: ControlParameter): ParameterValue {
  if (type === 'int' && typeof sample === 'number') return { type, value: sample };
  return { type: type === 'double' ? 'double' : 'string', value: String(sample) };
}

/** The value of the parameter as a sample. */
export function valueSample({ type, value }: ParameterValue): Sample {
  return type === 'string' ? String(value).toLowerCase() : Number(value);
}

function parameterType(described: TransducerInterface): 'int' | 'double' | 'string' {
  const teds = channelTeds(described);
  const model = teds && tedsValue(teds, 'sample.dataModel');
  const octets = teds && tedsValue(teds, 'sample.modelLength');
  if (model === 'integer') return typeof octets === 'number' && octets > MAX_INTEGER_OCTETS ? 'string' : 'int';
  return model === undefined || model === 'float32' || model === 'float64' ? 'double' : 'string';
}

function isBound(bound: number | undefined): bound is number {
  return bound !== undefined && Number.isFinite(bound);
}
