import { expect, it } from 'vitest';
import { decodeSamples, encodeSamples, sampleDefinition } from './sample.ts';
import { tedsFromJson } from './teds/json.ts';

it.each([
  ['float32', 4, [1.5, -0.1], '3fc00000bdcccccd'],
  ['float64', 8, [0.1], '3fb999999999999a'],
  ['integer', 2, [258, 65535], '0102ffff'],
  ['integer', 8, ['0102030405060708'], '0102030405060708'],
  ['bit-sequence', 1, ['80', '01'], '8001'],
])('samples of %s in %i octets', (dataModel, octets, samples, hex) => {
  const bytes = Buffer.from(hex, 'hex');
  expect(decodeSamples(bytes, { dataModel, octets })).toEqual(samples);
  expect(Buffer.from(encodeSamples(samples, { dataModel, octets })).toString('hex')).toBe(hex);
});

it('what does not fit is refused', () => {
  expect(() => decodeSamples(new Uint8Array(5), { dataModel: 'float32', octets: 4 })).toThrow("can't have 5");
  expect(() => encodeSamples([65536], { dataModel: 'integer', octets: 2 })).toThrow('0 to 65535 are allowed');
  expect(() => encodeSamples([1], { dataModel: 'bit-sequence', octets: 1 })).toThrow('as octets in hexadecimal');
  expect(() => encodeSamples(['8'], { dataModel: 'bit-sequence', octets: 1 })).toThrow('1 octets');
  expect(() => sampleDefinition(tedsFromJson({ teds: 'transducer-channel', fields: [] }))).toThrow('(in sample)');
});
