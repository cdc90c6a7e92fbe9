import { describe, expect, it } from 'vitest';
import { alignTrends } from './plot-data.ts';

const points = (...times: number[]) => times.map((time) => ({ time, value: time, min: time - 1, max: time + 1 }));

describe('alignTrends', () => {
  it('brings fields to common times', () => {
    const { times, lines } = alignTrends([points(1, 2, 4), points(2, 3)]);
    expect(times).toEqual([1, 2, 3, 4]);
    expect(lines[0]?.values).toEqual([1, 2, undefined, 4]);
    expect(lines[1]?.values).toEqual([undefined, 2, 3, undefined]);
    expect(lines[1]?.mins).toEqual([undefined, 1, 2, undefined]);
    expect(lines[1]?.maxs).toEqual([undefined, 3, 4, undefined]);
  });

  it('has a gap where nothing was known for a while', () => {
    const { times, lines } = alignTrends([points(1, 2, 3, 33, 34, 35)]);
    expect(times).toEqual([1, 2, 3, 18, 33, 34, 35]);
    expect(lines[0]?.values).toEqual([1, 2, 3, null, 33, 34, 35]);
  });

  it('has none where there is a point a minute', () => {
    expect(alignTrends([points(0, 60, 120, 180, 240)]).lines[0]?.values).not.toContain(null);
  });

  it('has none where history of a point in 20 s is continued once a second', () => {
    const { lines } = alignTrends([points(0, 20, 40, 60, 80, 100, 101, 102, 103, 104, 105)]);
    expect(lines[0]?.values).not.toContain(null);
  });

  it('is empty for nothing', () => {
    expect(alignTrends([[], []])).toEqual({
      times: [],
      lines: [
        { values: [], mins: [], maxs: [] },
        { values: [], mins: [], maxs: [] },
      ],
    });
  });
});
