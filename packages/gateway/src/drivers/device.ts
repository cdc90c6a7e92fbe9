import type { Field, Thing } from '@thingward/things';

/** One thing a device is polled for, with a pace of its own. */
export interface PollSchedule {
  readonly name: string;
  readonly intervalMs: number;
}

/** What a driver makes of a device: a Thing that can also be polled for its history. */
export interface Device extends Thing {
  readonly schedules: readonly PollSchedule[];
  /**
   * Reads what belongs to a schedule. A device that does not answer is no error here: its fields are left out, and a status field says so.
   */
  poll(schedule: string, signal: AbortSignal): Promise<readonly Field[]>;
  /**
   * Tells of what the device reports by itself, at once. Devices that only answer have no such method.
   * @returns a function that ends it
   */
  watch?(onFields: (fields: readonly Field[]) => void): () => void;
  close(): void;
}
