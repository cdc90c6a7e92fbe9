import { Ieee1451Error } from './error.ts';
import { float32Octets, shortestFloat32 } from './float.ts';
import { concatOctets, formatHex, OctetReader, parseHex, unsignedOctets } from './octets.ts';
import { type Teds, tedsValue } from './teds/teds.ts';

/** How the samples of a TransducerChannel are written. */
export interface SampleDefinition {
  /** A name of `DATA_MODELS`, or a number. */
  readonly dataModel: string;
  /** Octets of one sample. */
  readonly octets: number;
}

/** A number, or octets in hexadecimal for data models without one (bits, fractions, times). */
export type Sample = number | string;

/** Integers of more octets are not exact in a number of JavaScript. */
const MAX_INTEGER_OCTETS = 6;

/** @throws Ieee1451Error `malformed-teds` when the TEDS does not say. @see IEEE 1451.0-2007 §8.5.2.13 */
export function sampleDefinition(teds: Teds): SampleDefinition {
  const dataModel = tedsValue(teds, 'sample.dataModel');
  const octets = tedsValue(teds, 'sample.modelLength');
  if (typeof dataModel !== 'string' || typeof octets !== 'number' || octets === 0) {
    throw new Ieee1451Error('malformed-teds', 'the TEDS does not say how samples are written', { path: 'sample' });
  }
  return { dataModel, octets };
}

/** The samples of a data set. @throws Ieee1451Error `malformed-message` when the octets are no whole samples */
export function decodeSamples(octets: Uint8Array, definition: SampleDefinition): Sample[] {
  if (octets.length % definition.octets !== 0) {
    throw new Ieee1451Error(
      'malformed-message',
      `a data set of samples of ${definition.octets} octets can't have ${octets.length}`,
    );
  }
  const reader = new OctetReader(octets, 'malformed-message');
  return Array.from({ length: octets.length / definition.octets }, () => decodeSample(reader, definition));
}

/** The octets of samples. @throws Ieee1451Error `limit-exceeded` */
export function encodeSamples(samples: readonly Sample[], definition: SampleDefinition): Uint8Array {
  return concatOctets(samples.map((sample) => encodeSample(sample, definition)));
}

function decodeSample(reader: OctetReader, { dataModel, octets }: SampleDefinition): Sample {
  if (dataModel === 'float32' && octets === 4) return shortestFloat32(reader.float32('a sample'));
  if (dataModel === 'float64' && octets === 8) return reader.float64('a sample');
  if (dataModel === 'integer' && octets <= MAX_INTEGER_OCTETS) return reader.unsigned(octets, 'a sample');
  return formatHex(reader.bytes(octets, 'a sample'));
}

function encodeSample(sample: Sample, { dataModel, octets }: SampleDefinition): Uint8Array {
  if (typeof sample === 'string') {
    const bytes = parseHex(sample);
    if (bytes?.length === octets) return bytes;
    throw new Ieee1451Error('limit-exceeded', `a sample has ${octets} octets, in hexadecimal "${sample.slice(0, 40)}"`);
  }
  if (dataModel === 'float32' && octets === 4) return float32Octets(sample, 'a sample');
  if (dataModel === 'integer' && octets <= MAX_INTEGER_OCTETS) return unsignedOctets(sample, octets, 'a sample');
  if (dataModel === 'float64' && octets === 8) {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setFloat64(0, sample);
    return bytes;
  }
  throw new Ieee1451Error('limit-exceeded', `samples of the model ${dataModel} are given as octets in hexadecimal`);
}
