import type { Field } from '@thingward/things';
import { SILENT_LOGGER } from '@thingward/xmpp';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Device } from './drivers/device.ts';
import { poll } from './poller.ts';

const INTERVAL = { name: 'fast', intervalMs: 1000 };

/** A device of which only polling is used. */
function device(read: () => Promise<readonly Field[]>): Device {
  return { schedules: [INTERVAL], poll: read } as unknown as Device;
}

describe('polling', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  /** Polls for a while; gives when each poll began, in ms from the start. */
  async function begins(ms: number, takes: (n: number) => number, fails = (_: number) => false) {
    const stop = new AbortController();
    const start = performance.now();
    const at: number[] = [];
    let atOnce = 0;
    let most = 0;
    const polled = device(async () => {
      at.push(performance.now() - start);
      most = Math.max(most, ++atOnce);
      const n = at.length;
      await new Promise((resolve) => setTimeout(resolve, takes(n)));
      atOnce--;
      if (fails(n)) throw new Error('no such group');
      return [];
    });
    const kept = vi.fn();
    const loop = poll(polled, INTERVAL, kept, stop.signal, SILENT_LOGGER);
    await vi.advanceTimersByTimeAsync(ms);
    stop.abort();
    await vi.advanceTimersByTimeAsync(10_000);
    await loop;
    return { at, most, kept: kept.mock.calls.length };
  }

  it('begins on multiples of the interval, however long each poll takes', async () => {
    expect((await begins(4500, (n) => n * 150)).at).toEqual([0, 1000, 2000, 3000, 4000]);
  });

  it('leaves out what a slow poll overlaps with, and never polls twice at a time', async () => {
    const { at, most } = await begins(6500, (n) => (n === 2 ? 2500 : 10));
    expect(at).toEqual([0, 1000, 4000, 5000, 6000]);
    expect(most).toBe(1);
  });

  it('survives errors', async () => {
    const { at, kept } = await begins(
      4500,
      () => 10,
      (n) => n % 2 === 0,
    );
    expect(at.length).toBe(5);
    expect(kept).toBe(3);
  });

  it('keeps nothing that was read after it was told to stop', async () => {
    expect(await begins(500, () => 800)).toMatchObject({ kept: 0 });
  });
});

it('does not poll twice for one tick when a timer comes early', async () => {
  const stop = new AbortController();
  let polls = 0;
  const started = performance.now();
  const loop = poll(
    device(async () => {
      polls++;
      return [];
    }),
    { name: 'fast', intervalMs: 7 },
    () => undefined,
    stop.signal,
    SILENT_LOGGER,
  );
  await new Promise((resolve) => setTimeout(resolve, 350));
  stop.abort();
  await loop;
  expect(polls).toBeLessThanOrEqual(Math.ceil((performance.now() - started) / 7) + 1);
  expect(polls).toBeGreaterThan(5);
});
