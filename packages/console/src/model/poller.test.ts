import { signal } from '@preact/signals-core';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Poller } from './poller.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function setUp(run: (signal: AbortSignal) => Promise<void> = async () => {}) {
  const gate = signal(true);
  const errors: unknown[] = [];
  const task = vi.fn(run);
  const poller = new Poller({
    intervalMs: () => 1000,
    maxBackoffMs: 30_000,
    gate,
    run: task,
    onError: (error) => errors.push(error),
  });
  return { gate, errors, task, poller };
}

describe('Poller', () => {
  it('runs at once, and then once an interval', async () => {
    const { poller, task } = setUp();
    poller.start();
    await vi.advanceTimersByTimeAsync(10);
    expect(task).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(5000);
    expect(task).toHaveBeenCalledTimes(6);
  });

  it('never runs twice at once, however long it takes', async () => {
    let running = 0;
    let most = 0;
    const { poller, task } = setUp(async () => {
      running++;
      most = Math.max(most, running);
      await new Promise((resolve) => setTimeout(resolve, 3500));
      running--;
    });
    poller.start();
    await vi.advanceTimersByTimeAsync(500);
    poller.wake();
    await vi.advanceTimersByTimeAsync(20_000);
    expect(most).toBe(1);
    expect(task.mock.calls.length).toBeGreaterThan(4);
  });

  it('runs more and more slowly while it fails, and survives', async () => {
    const { poller, task, errors } = setUp(async () => {
      throw new Error('no');
    });
    poller.start();
    await vi.advanceTimersByTimeAsync(1 + 2000 + 4000 + 8000 + 16_000);
    expect(task).toHaveBeenCalledTimes(5);
    await vi.advanceTimersByTimeAsync(10 * 60_000);
    expect(task).toHaveBeenCalledTimes(25);
    expect(errors).toHaveLength(25);
    task.mockResolvedValue();
    await vi.advanceTimersByTimeAsync(30_000 + 3000);
    expect(task.mock.calls.length).toBeGreaterThan(27);
  });

  it('does not run behind a closed gate, and runs at once when it opens', async () => {
    const { poller, task, gate } = setUp();
    gate.value = false;
    poller.start();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(task).not.toHaveBeenCalled();
    expect(poller.nextAt.value).toBeUndefined();
    gate.value = true;
    await vi.advanceTimersByTimeAsync(1);
    expect(task).toHaveBeenCalledTimes(1);
    gate.value = false;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(task).toHaveBeenCalledTimes(1);
  });

  it('forgets its failures when the gate opens again', async () => {
    const { poller, task, gate } = setUp(async () => {
      throw new Error('no');
    });
    poller.start();
    await vi.advanceTimersByTimeAsync(60_000);
    gate.value = false;
    task.mockClear();
    gate.value = true;
    await vi.advanceTimersByTimeAsync(2001);
    expect(task).toHaveBeenCalledTimes(2);
  });

  it('aborts what is under way when it is stopped, and starts afresh', async () => {
    const aborted = vi.fn();
    const { poller, task, errors } = setUp(
      (signal) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => {
            aborted();
            reject(signal.reason);
          });
        }),
    );
    poller.start();
    await vi.advanceTimersByTimeAsync(1);
    poller.stop();
    poller.start();
    await vi.advanceTimersByTimeAsync(1);
    expect(aborted).toHaveBeenCalledTimes(1);
    expect(task).toHaveBeenCalledTimes(2);
    poller.stop();
    await vi.advanceTimersByTimeAsync(100_000);
    expect(task).toHaveBeenCalledTimes(2);
    expect(errors).toEqual([]);
  });
});
