import { type Field, MemoryPublicationQueue, type PublicationQueue } from '@thingward/things';
import { describe, expect, it } from 'vitest';
import { temporaryDirectory, temporaryState } from '../../test/state.ts';
import { Outbox } from './outbox.ts';
import { StoredPublicationQueue } from './publication-queue.ts';

function reading(value: number): Field {
  return {
    name: 'Level',
    value: { type: 'int', value },
    types: ['momentary'],
    qos: ['automaticReadout'],
    timestamp: new Date(1_700_000_000_000 + value),
  };
}
const readings = (from: number, count: number) => Array.from({ length: count }, (_, i) => reading(from + i));
const values = (queue: PublicationQueue) =>
  queue.next()?.fields.map(({ value }) => (value.type === 'int' ? value.value : undefined));

const stored = (directory = temporaryDirectory(), name = 'publication a') => {
  const state = temporaryState(directory);
  return new StoredPublicationQueue(state, new Outbox(state, 1000), name);
};

describe.each([
  { kind: 'in memory', make: () => new MemoryPublicationQueue(1000) },
  { kind: 'on disk', make: () => stored() },
])('a queue of readings to be published, $kind', ({ make }) => {
  it('gives the same readings the same number until they are removed', () => {
    const queue = make();
    expect(queue.next()).toBeUndefined();
    queue.put([reading(1)]);
    queue.put([reading(2), reading(3)]);
    const first = queue.next();
    expect(first).toMatchObject({ parts: 2, number: { number: 1 } });
    queue.put([reading(4)]);
    expect(queue.next()).toEqual(first);
    queue.remove();
    expect(values(queue)).toEqual([4]);
    expect(queue.next()?.number).toEqual({ epoch: first?.number.epoch, number: 2 });
    queue.remove();
    expect(queue.next()).toBeUndefined();
    queue.remove();
    queue.put([reading(5)]);
    expect(queue.next()?.number.number).toBe(3);
  });

  it('takes as many readings as an item holds, and divides what was put in together no further', () => {
    const queue = make();
    queue.put(readings(0, 150));
    queue.put(readings(150, 150));
    expect(values(queue)?.length).toBe(150);
    queue.remove();
    expect(values(queue)?.[0]).toBe(150);
    queue.remove();
    for (let i = 0; i < 5; i++) queue.put([reading(1000 + i)]);
    expect(queue.next()?.parts).toBe(5);
    queue.divide();
    expect(values(queue)).toEqual([1000, 1001]);
    queue.divide();
    queue.divide();
    expect(values(queue)).toEqual([1000]);
    queue.drop();
    expect(queue.next()).toMatchObject({ parts: 4, number: { number: 3 } });
  });

  it('refuses what is too much', () => {
    const queue = make();
    expect(queue.put(readings(0, 999))).toBe(true);
    expect(queue.put(readings(0, 2))).toBe(false);
    expect(queue.put([])).toBe(true);
  });
});

describe('a queue on disk', () => {
  it('goes on where it was when it is opened again, and counts for itself', () => {
    const directory = temporaryDirectory();
    const before = stored(directory);
    before.put([reading(1)]);
    before.next();
    before.remove();
    before.put([reading(2)]);
    const underWay = before.next();
    before.put([reading(3)]);
    const after = stored(directory);
    expect(after.next()).toEqual(underWay);
    after.remove();
    expect(values(after)).toEqual([3]);
    const other = stored(directory, 'publication b');
    expect(other.next()).toBeUndefined();
    other.put([reading(9)]);
    expect(other.next()?.number).toMatchObject({ number: 1 });
    expect(other.next()?.number.epoch).not.toBe(underWay?.number.epoch);
    expect(values(after)).toEqual([3]);
  });
});
