import { signal } from '@preact/signals-core';
import type { Field } from '@thingward/things';
import { ReadoutFailure } from '@thingward/things';
import { Jid, PeerError } from '@thingward/xmpp';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { numericField, TestConnection } from './connection.fixture.ts';
import { ThingMonitor } from './thing-monitor.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function setUp() {
  const connection = new TestConnection();
  connection.addContact('plc@localhost', true);
  const isOnline = signal(true);
  const isVisible = signal(true);
  const isAvailable = signal(true);
  const thing = Jid.parse('plc@localhost');
  const monitor = new ThingMonitor({ connection, thing, isOnline, isVisible, isAvailable });
  const shown = () =>
    [...monitor.fields.value.values()].map(({ field, isCurrent }) => [field.name, field.value.value, isCurrent]);
  return { connection, monitor, isOnline, isVisible, isAvailable, shown };
}

describe('ThingMonitor', () => {
  it('reads once a second while it is watched', async () => {
    const { connection, monitor, shown } = setUp();
    let level = 10;
    connection.onRead = async () => {
      level++;
      return [numericField('Level', `${level}.00`, '%')];
    };
    const stop = monitor.watch(1000);
    expect(monitor.status.value).toEqual({ kind: 'waiting' });
    await vi.advanceTimersByTimeAsync(2001);
    expect(monitor.status.value).toEqual({ kind: 'live' });
    expect(shown()).toEqual([['Level', '13.00', true]]);
    expect(monitor.samplesOf(' Level')?.samples.map(({ value }) => value)).toEqual([11, 12, 13]);
    stop();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(connection.reads).toBe(3);
  });

  it('asks what the Thing is only now and then', async () => {
    const { connection, monitor, shown } = setUp();
    const asked: boolean[] = [];
    connection.onRead = async ({ types }): Promise<Field[]> => {
      asked.push(types.includes('identity'));
      const identity = numericField('Serial', '1', '', { types: ['identity'] });
      return [numericField('Level', '1', '%'), ...(types.includes('identity') ? [identity] : [])];
    };
    monitor.watch(1000);
    await vi.advanceTimersByTimeAsync(60_001);
    expect(asked.filter((withIdentity) => withIdentity)).toHaveLength(2);
    expect(asked).toHaveLength(61);
    expect(shown()).toContainEqual(['Serial', '1', true]);
  });

  it('keeps the last values, marked, when the device fails, and what came before the failure', async () => {
    const { connection, monitor, shown } = setUp();
    connection.onRead = async () => [numericField('Level', '1', '%'), numericField('Flow', '2', 'm³/h')];
    monitor.watch(1000);
    await vi.advanceTimersByTimeAsync(1);
    connection.read = async function* () {
      yield [numericField('Flow', '3', 'm³/h')];
      throw new ReadoutFailure([{ timestamp: new Date(), message: 'The PLC does not answer' }]);
    };
    await vi.advanceTimersByTimeAsync(1000);
    expect(monitor.status.value).toMatchObject({ kind: 'failing', problem: 'The PLC does not answer' });
    expect(shown()).toEqual([
      ['Level', '1', false],
      ['Flow', '3', true],
    ]);
    const { since } = monitor.status.value as { since: Date };
    await vi.advanceTimersByTimeAsync(10_000);
    expect(monitor.status.value).toMatchObject({ kind: 'failing', since });
  });

  it('does not blame the Thing for a lost connection, and goes on when it is back', async () => {
    const { connection, monitor, isOnline } = setUp();
    connection.onRead = async () => [numericField('Level', '1', '%')];
    monitor.watch(1000);
    await vi.advanceTimersByTimeAsync(1);
    connection.onRead = async () => {
      isOnline.value = false;
      throw new PeerError('connection-lost', 'gone');
    };
    await vi.advanceTimersByTimeAsync(1000);
    expect(monitor.status.value).toEqual({ kind: 'disconnected' });
    connection.onRead = async () => [numericField('Level', '2', '%')];
    isOnline.value = true;
    expect(monitor.status.value).toEqual({ kind: 'live' });
    await vi.advanceTimersByTimeAsync(1);
    expect(connection.reads).toBe(3);
  });

  it('pauses while nobody looks or the Thing is away', async () => {
    const { connection, monitor, isVisible, isAvailable } = setUp();
    isVisible.value = false;
    monitor.watch(1000);
    await vi.advanceTimersByTimeAsync(5000);
    isVisible.value = true;
    isAvailable.value = false;
    await vi.advanceTimersByTimeAsync(5000);
    expect(monitor.status.value).toEqual({ kind: 'offline' });
    expect(connection.reads).toBe(0);
  });

  it('takes no sample of a value that is missing', async () => {
    const { connection, monitor } = setUp();
    connection.onRead = async () => [numericField('Level', '0', '%', { qos: ['missing'] })];
    monitor.watch(1000);
    await vi.advanceTimersByTimeAsync(1);
    expect(monitor.samplesOf(' Level')).toBeUndefined();
  });

  it('reads as often as the most eager watcher wants', async () => {
    const { connection, monitor } = setUp();
    monitor.watch(5000);
    const stop = monitor.watch(1000);
    await vi.advanceTimersByTimeAsync(4001);
    expect(connection.reads).toBe(5);
    stop();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(connection.reads).toBe(7);
  });
});
