import { describe, expect, it } from 'vitest';
import { field } from '../../test/memory-thing.ts';
import { DEFAULT_PUBLICATION, type PublicationFilter } from './publication.ts';
import { ReadingFilter } from './reading-filter.ts';

const START = Date.parse('2024-01-01T00:00:00Z');

/** What of a series of values, one a second, is published. */
function published(values: readonly (number | string)[], rest: Partial<PublicationFilter> = {}, stepMs = 1000) {
  const filter = new ReadingFilter({ ...DEFAULT_PUBLICATION.filter, minIntervalMs: 0, ...rest });
  const reading = (value: number | string, i: number) =>
    field('Temperature', String(value), { timestamp: new Date(START + i * stepMs) });
  return values.flatMap((value, i) => filter.pick([reading(value, i)]).map(() => value));
}

describe('readings that are published', () => {
  it('are all of them, when nothing else is said', () => {
    expect(published([1, 1, 2])).toEqual([1, 1, 2]);
  });

  it('are no more than the interval allows, though polls jitter', () => {
    expect(published([0, 1, 2, 3, 4], { minIntervalMs: 2000 })).toEqual([0, 2, 4]);
    expect(published([0, 1, 2, 3, 4], { minIntervalMs: 2000 }, 990)).toEqual([0, 2, 4]);
    expect(published([0, 1, 2, 3, 4], { minIntervalMs: 2000 }, 900)).toEqual([0, 3]);
  });

  it('are those that have changed enough since the last one', () => {
    const changes = [{ name: 'Temperature', changedBy: 0.5 }];
    expect(published(['20.0', '20.2', '20.4', '20.5', '20.7', '19.9'], { changes })).toEqual(['20.0', '20.5', '19.9']);
    expect(published([1, 1.6, 3], { changes: [{ name: '*', changedBy: 1 }] })).toEqual([1, 3]);
    expect(published([1, 1, 2], { changes: [{ name: 'Other', changedBy: 1 }] })).toEqual([1, 1, 2]);
  });

  it('see each rise after a fall', () => {
    expect(published([0, 1, 0, 1, 0], { changes: [{ name: '*', changedUp: 1 }] })).toEqual([0, 1, 1]);
  });

  it('come after the longest interval though nothing has changed', () => {
    const changes = [{ name: '*', changedBy: 100 }];
    expect(published([0, 1, 2, 3, 4, 5, 6], { changes, maxIntervalMs: 3000 })).toEqual([0, 3, 6]);
  });

  it('count each field by itself, the same reading once, and go on when the clock was set back', () => {
    const filter = new ReadingFilter({ ...DEFAULT_PUBLICATION.filter, names: ['A', 'B'] });
    const at = (name: string, ms: number, node?: string) =>
      field(name, '1', { timestamp: new Date(START + ms), ...(node ? { node: { nodeId: node } } : {}) });
    const names = (...fields: ReturnType<typeof at>[]) => filter.pick(fields).map(({ name }) => name);
    expect(names(at('A', 0), at('C', 0), at('A', 0))).toEqual(['A']);
    expect(names(at('A', 500), at('B', 500), at('A', 500, 'other'))).toEqual(['B', 'A']);
    expect(names(at('A', -86_400_000))).toEqual(['A']);
  });

  it('have a value, and are of the kinds that are wanted', () => {
    const filter = new ReadingFilter(DEFAULT_PUBLICATION.filter);
    expect(filter.pick([field('A', '1', { qos: ['missing'] }), field('B', '1', { types: ['identity'] })])).toEqual([]);
  });
});
