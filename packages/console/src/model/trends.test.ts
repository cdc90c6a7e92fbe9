import { signal } from '@preact/signals-core';
import { Jid, StanzaError } from '@thingward/xmpp';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { deferred, numericField, TestConnection } from './connection.fixture.ts';
import { ThingMonitor } from './thing-monitor.ts';
import { TREND_RANGES } from './trend-range.ts';
import { Trends } from './trends.ts';

const NOW = 1_800_000_000_000;

beforeEach(() => {
  vi.useFakeTimers({ now: NOW });
});
afterEach(() => {
  vi.useRealTimers();
});

async function setUp() {
  const connection = new TestConnection();
  connection.addContact('plc@localhost', true);
  connection.onRead = async () => [numericField('Level', '5', '%')];
  const active = signal(true);
  const thing = Jid.parse('plc@localhost');
  const monitor = new ThingMonitor({ connection, thing, isOnline: active, isVisible: active, isAvailable: active });
  const trends = new Trends(connection, monitor, active);
  return { connection, monitor, trends };
}

const stored = (secondsAgo: number, value: string) => ({ timestamp: new Date(NOW - secondsAgo * 1000), value });

describe('Trends', () => {
  it('continues the history with what is read', async () => {
    const { connection, monitor, trends } = await setUp();
    const points = [stored(60, '1'), stored(30, '2')];
    connection.onHistory = async () => ({ series: [{ name: 'Level', type: 'numeric', unit: '%', points }] });
    trends.start();
    monitor.watch(1000);
    await vi.advanceTimersByTimeAsync(1001);
    expect(trends.status.value).toEqual({ kind: 'loaded' });
    expect(trends.pointsOf(' Level', Date.now()).map(({ value }) => value)).toEqual([1, 2, 5, 5]);
  });

  it('knows the last seconds whatever range is shown', async () => {
    const { connection, monitor, trends } = await setUp();
    const points = [stored(60, '1'), stored(30, '2')];
    connection.onHistory = async () => ({ series: [{ name: 'Level', type: 'numeric', points }] });
    trends.start();
    monitor.watch(1000);
    await vi.advanceTimersByTimeAsync(1);
    connection.onHistory = async () => ({ series: [] });
    trends.show(TREND_RANGES[3]);
    await vi.advanceTimersByTimeAsync(1);
    expect(trends.pointsOf(' Level', Date.now())).toHaveLength(1);
    expect(trends.recentPointsOf(' Level', Date.now(), 50).map(({ value }) => value)).toEqual([2, 5]);
  });

  it('loads another range at once, even while one is being loaded', async () => {
    const { connection, monitor, trends } = await setUp();
    const slow = deferred<never>();
    connection.onHistory = () => slow.promise;
    trends.start();
    monitor.watch(1000);
    await vi.advanceTimersByTimeAsync(1);
    const points = [stored(3000, '9')];
    connection.onHistory = async () => ({ series: [{ name: 'Level', type: 'numeric', points }] });
    trends.show(TREND_RANGES[1]);
    await vi.advanceTimersByTimeAsync(1);
    expect(trends.status.value).toEqual({ kind: 'loaded' });
    expect(trends.pointsOf(' Level', Date.now())[0]?.value).toBe(9);
    slow.reject(new StanzaError('remote-server-timeout'));
    await vi.advanceTimersByTimeAsync(1);
    expect(trends.status.value).toEqual({ kind: 'loaded' });
  });

  it('says why there is no history, and shows what is read all the same', async () => {
    const { connection, monitor, trends } = await setUp();
    connection.onHistory = async () => {
      throw new StanzaError('forbidden');
    };
    trends.start();
    monitor.watch(1000);
    await vi.advanceTimersByTimeAsync(1001);
    expect(trends.status.value).toMatchObject({ kind: 'failed' });
    expect(trends.pointsOf(' Level', Date.now())).toHaveLength(2);
  });

  it('keeps its groups while they stay the same', async () => {
    const { monitor, trends } = await setUp();
    monitor.watch(1000);
    await vi.advanceTimersByTimeAsync(1);
    const groups = trends.groups.value;
    await vi.advanceTimersByTimeAsync(3000);
    expect(trends.groups.value).toBe(groups);
  });
});
