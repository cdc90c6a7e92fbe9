import { describe, expect, it } from 'vitest';
import { sampleText } from './sample-text.ts';

describe('sampleText', () => {
  it.each([
    [323.198_73, 0.5, '323.20'],
    [0.251_234, 0.01, '0.251'],
    [-19.123_456, 0.1, '-19.12'],
    [98_765.432_1, 0.001, '98765.43'],
    [101_325.5, 250, '101326'],
    [1234, 0.1, '1234'],
    [0.1, undefined, '0.1'],
    [0.123_456_789, 0, '0.123456789'],
    [Number.NaN, 0.1, 'NaN'],
    ['beef', 0.1, 'beef'],
  ])('writes %s with an uncertainty of %s as %s', (sample, uncertainty, text) => {
    expect(sampleText(sample, uncertainty)).toBe(text);
  });
});
