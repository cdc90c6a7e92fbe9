import { expect, test } from 'vitest';
import { QOS_FLAGS, type QosFlag } from './field.ts';
import { compareReliability, effectiveQos, estimated, RELIABILITY_FLAGS } from './quality.ts';

test('a field without a flag was read automatically', () => {
  expect(effectiveQos([])).toEqual(['automaticReadout']);
  expect(effectiveQos(['missing'])).toEqual(['missing']);
  expect(compareReliability([], ['automaticReadout'])).toBe(0);
});

test('the order of importance of XEP-0323 §5.7', () => {
  expect(RELIABILITY_FLAGS).toEqual(
    QOS_FLAGS.filter((flag) => (RELIABILITY_FLAGS as readonly QosFlag[]).includes(flag)),
  );
  for (const [i, flag] of RELIABILITY_FLAGS.entries()) {
    for (const lesser of RELIABILITY_FLAGS.slice(0, i)) {
      expect(compareReliability([flag], [lesser])).toBeGreaterThan(0);
      expect(compareReliability([lesser], [flag])).toBeLessThan(0);
    }
  }
});

test.each<[readonly QosFlag[], readonly QosFlag[], number]>([
  [['signed', 'invoiced'], ['invoiced'], 1],
  [['automaticReadout', 'signed'], ['automaticReadout'], 1],
  [['automaticReadout', 'error', 'powerFailure'], ['automaticReadout'], 0],
  [['automaticEstimate', 'endOfSeries'], ['automaticReadout'], -1],
])('%s against %s', (first, second, sign) => expect(Math.sign(compareReliability(first, second))).toBe(sign));

test('a value given for another time is an estimate', () => {
  expect(estimated([])).toEqual(['automaticEstimate']);
  expect(estimated(['automaticReadout', 'warning'])).toEqual(['automaticEstimate', 'warning']);
  expect(estimated(['missing'])).toEqual(['missing']);
  expect(estimated(['manualReadout', 'signed'])).toEqual(['automaticEstimate', 'signed']);
});
