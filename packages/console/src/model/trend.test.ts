import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LiveSamples } from './live-samples.ts';
import { composeTrend, historyTrend } from './trend.ts';
import { bucketSeconds, MAX_TREND_POINTS, TREND_RANGES } from './trend-range.ts';

describe('LiveSamples', () => {
  it('is bounded, and keeps the newest', () => {
    const samples = new LiveSamples(100);
    for (let time = 1; time <= 1000; time++) samples.append({ time, value: time });
    expect(samples.samples.length).toBeLessThanOrEqual(100);
    expect(samples.samples.length).toBeGreaterThanOrEqual(75);
    expect(samples.last).toEqual({ time: 1000, value: 1000 });
  });

  it('takes a sample that was read twice once, and none that is older', () => {
    const samples = new LiveSamples(100);
    samples.append({ time: 5, value: 1 });
    samples.append({ time: 5, value: 1 });
    samples.append({ time: 4, value: 9 });
    expect(samples.samples).toEqual([{ time: 5, value: 1 }]);
  });
});

describe('historyTrend', () => {
  it('takes numbers with the band of their aggregate', () => {
    const timestamp = new Date(10_000);
    expect(
      historyTrend([
        { timestamp, value: '1.50' },
        { timestamp, value: '2.0', min: '1.0', max: '4.0', count: 3 },
        { timestamp, value: 'true' },
        { timestamp, value: '' },
      ]),
    ).toEqual([
      { time: 10, value: 1.5, min: 1.5, max: 1.5 },
      { time: 10, value: 2, min: 1, max: 4 },
    ]);
  });
});

describe('composeTrend', () => {
  const single = (time: number, value: number) => ({ time, value, min: value, max: value });

  it('continues what is stored with what was read after it', () => {
    const history = [single(10, 1), single(20, 2)];
    const live = [15, 20, 25, 30].map((time) => ({ time, value: time }));
    expect(composeTrend(history, live, { from: 0, to: 100, bucket: 0.5 })).toEqual([
      single(10, 1),
      single(20, 2),
      single(25, 25),
      single(30, 30),
    ]);
  });

  it('leaves out what is outside of the range', () => {
    const live = [1, 2, 3, 4].map((time) => ({ time, value: time }));
    expect(composeTrend([single(0, 0)], live, { from: 2, to: 3, bucket: 0.1 })).toEqual([single(2, 2), single(3, 3)]);
  });

  it('aggregates what was read like what is stored, but for the newest', () => {
    const live = [0, 1, 2, 10, 11, 12].map((time) => ({ time, value: time }));
    expect(composeTrend([], live, { from: 0, to: 100, bucket: 10 })).toEqual([
      { time: 0, value: 1, min: 0, max: 2 },
      { time: 10, value: 10.5, min: 10, max: 11 },
      single(12, 12),
    ]);
  });

  it('does not count twice what the last stored aggregate covers', () => {
    const history = [
      { time: 0, value: 5, min: 0, max: 10 },
      { time: 10, value: 15, min: 10, max: 20 },
    ];
    const live = [15, 19, 21].map((time) => ({ time, value: time }));
    expect(composeTrend(history, live, { from: 0, to: 100, bucket: 10 }).slice(2)).toEqual([single(21, 21)]);
  });

  it('is bounded and in order, whatever was read', () => {
    const times = fc.uniqueArray(fc.integer({ min: 0, max: 10_000 }), { maxLength: 500 });
    fc.assert(
      fc.property(times, times, (stored, read) => {
        const sorted = (list: number[]) => list.toSorted((a, b) => a - b);
        const points = composeTrend(
          sorted(stored).map((time) => single(time, 1)),
          sorted(read).map((time) => ({ time, value: 2 })),
          { from: 0, to: 10_000, bucket: 100 },
        );
        expect(points.length).toBeLessThanOrEqual(stored.length + 102);
        expect(points.map(({ time }) => time)).toEqual(sorted(points.map(({ time }) => time)));
        for (const { min, value, max } of points) expect(min <= value && value <= max).toBe(true);
      }),
    );
  });
});

it('has ranges from minutes to a week, with as many points each', () => {
  expect(TREND_RANGES.map(({ spanMs }) => spanMs / 60_000)).toEqual([5, 60, 1440, 10_080]);
  for (const range of TREND_RANGES) expect(bucketSeconds(range) * MAX_TREND_POINTS * 1000).toBeCloseTo(range.spanMs);
});
