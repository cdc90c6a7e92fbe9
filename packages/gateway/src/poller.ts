import { type Field, pause } from '@thingward/things';
import type { Logger } from '@thingward/xmpp';
import type { Device, PollSchedule } from './drivers/device.ts';

/**
 * Polls a device by one of its schedules until the signal. Polls begin on multiples of the interval, so they do not drift, and one that takes too
 * long costs those it overlaps with, not the schedule. Survives every error.
 */
export async function poll(
  device: Device,
  { name, intervalMs }: PollSchedule,
  onFields: (fields: readonly Field[]) => void,
  signal: AbortSignal,
  log: Logger,
): Promise<void> {
  let due = performance.now();
  while (!signal.aborted) {
    try {
      const fields = await device.poll(name, signal);
      if (!signal.aborted) onFields(fields);
    } catch (error) {
      if (!signal.aborted) log.error({ err: error, schedule: name }, 'polling failed');
    }
    const now = performance.now();
    // Counted from when this poll was due: a timer may come a little early, and must not make the same poll due again.
    due += intervalMs * Math.max(1, Math.floor((now - due) / intervalMs) + 1);
    await pause(due - now, signal);
  }
}
