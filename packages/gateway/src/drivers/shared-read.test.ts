import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { freshMs, SharedRead } from './shared-read.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('SharedRead', () => {
  it('shares what is under way, however long it takes, and what has just ended', async () => {
    let reads = 0;
    const shared = new SharedRead(async () => {
      reads++;
      await vi.advanceTimersByTimeAsync(500);
      return reads;
    }, 100);
    const first = shared.get();
    expect(await shared.get()).toBe(1);
    expect(await first).toBe(1);
    await vi.advanceTimersByTimeAsync(99);
    expect(await shared.get()).toBe(1);
    await vi.advanceTimersByTimeAsync(2);
    expect(await shared.get()).toBe(2);
  });

  it('shares errors for as long, and reads again afterwards', async () => {
    let reads = 0;
    const shared = new SharedRead(async () => {
      reads++;
      if (reads === 1) throw new Error('no answer');
      return reads;
    }, 100);
    await expect(shared.get()).rejects.toThrow('no answer');
    await expect(shared.get()).rejects.toThrow('no answer');
    await vi.advanceTimersByTimeAsync(101);
    expect(await shared.get()).toBe(2);
  });

  it('reads anew after it was told to forget, also while a read is under way', async () => {
    const ends: (() => void)[] = [];
    let reads = 0;
    const shared = new SharedRead(() => {
      const read = ++reads;
      return new Promise<number>((resolve) => ends.push(() => resolve(read)));
    }, 100);
    const before = shared.get();
    shared.forget();
    const after = shared.get();
    for (const end of ends) end();
    expect([await before, await after]).toEqual([1, 2]);
    expect(await shared.get()).toBe(2);
  });
});

it('never gives a poll what the poll before it was given', () => {
  expect([50, 100, 150, 1000].map(freshMs)).toEqual([25, 50, 75, 100]);
});
