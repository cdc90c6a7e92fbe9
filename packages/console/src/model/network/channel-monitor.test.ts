import { signal } from '@preact/signals-core';
import { tedsFromJson } from '@thingward/ieee1451';
import type { TransducerInterface } from '@thingward/ieee1451/mcap';
import { Jid, PeerError, StanzaError } from '@thingward/xmpp';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { TestConnection } from '../connection.fixture.ts';
import { Trends } from '../trends.ts';
import { ChannelMonitor } from './channel-monitor.ts';
import { NCAP_ID, TestNetwork, TIM_ID } from './network.fixture.ts';
import { refusals } from './permissions.ts';

const NOW = 1_800_000_000_000;
const ADDRESS = { ncap: NCAP_ID, tim: TIM_ID, channel: 3 };
const VALVE: TransducerInterface = {
  ...ADDRESS,
  kind: 'actuator',
  name: 'Gas valve',
  unit: '1',
  min: 0,
  max: 1,
  uncertainty: 0.01,
  operations: ['read', 'write', 'history'],
  teds: [],
};

beforeEach(() => {
  vi.useFakeTimers({ now: NOW });
});
afterEach(() => {
  vi.useRealTimers();
});

function setUp(described: Partial<TransducerInterface> = {}) {
  const connection = new TestNetwork();
  let value: number | string = 0.25;
  connection.onInterface = async () => ({ ...VALVE, ...described });
  connection.onRead = async () => ({ ...ADDRESS, time: new Date(), samples: [value] });
  const [isOnline, isVisible, isPresent] = [signal(true), signal(true), signal(true)];
  const monitor = new ChannelMonitor({
    connection,
    address: ADDRESS,
    name: 'Gas valve',
    thing: Jid.parse('plant@localhost'),
    node: { nodeId: 'boiler/3' },
    isOnline,
    isVisible,
    isPresent,
  });
  const set = (next: number | string) => {
    value = next;
  };
  const shown = () => [...monitor.fields.value.values()].map(({ field }) => field.value);
  const reads = () => connection.asked.filter((what) => what === 'read').length;
  return { connection, monitor, isOnline, isVisible, isPresent, set, shown, reads };
}

describe('ChannelMonitor', () => {
  it('asks what the channel is, and reads it once a second', async () => {
    const { connection, monitor, set, shown } = setUp({ unit: 'K', uncertainty: 0.5 });
    const stop = monitor.watch();
    await vi.advanceTimersByTimeAsync(1);
    expect(connection.asked).toEqual(['interface', 'read']);
    set(323.198_73);
    await vi.advanceTimersByTimeAsync(1000);
    expect(shown()).toEqual([{ type: 'numeric', value: '323.20', unit: 'K' }]);
    expect(monitor.status.value).toEqual({ kind: 'live' });
    expect(monitor.samplesOf(monitor.key)?.samples.map((sample) => sample.value)).toEqual([0.25, 323.198_73]);
    stop();
    await vi.advanceTimersByTimeAsync(5000);
    expect(connection.asked).toHaveLength(3);
  });

  it('takes the last of a data set, and octets as they are', async () => {
    const { connection, monitor, shown } = setUp();
    monitor.watch();
    connection.onRead = async () => ({ ...ADDRESS, time: new Date(), samples: ['00ff', 'beef'] });
    await vi.advanceTimersByTimeAsync(1);
    expect(shown()).toEqual([{ type: 'string', value: 'beef' }]);
    expect(monitor.latest.value?.samples).toHaveLength(2);
  });

  it('takes what the channel tells by itself at once', async () => {
    const { connection, monitor, shown, isVisible } = setUp();
    monitor.watch();
    await vi.advanceTimersByTimeAsync(1);
    isVisible.value = false;
    connection.tell({ ...ADDRESS, time: new Date(Date.now() + 5), samples: [1] });
    connection.tell({ ...ADDRESS, channel: 4, time: new Date(Date.now() + 6), samples: [7] });
    expect(shown()).toEqual([{ type: 'numeric', value: '1', unit: '' }]);
  });

  it('keeps the last value, marked, while the TIM does not answer, and says why', async () => {
    const { connection, monitor } = setUp();
    monitor.watch();
    await vi.advanceTimersByTimeAsync(1);
    connection.onRead = async () => {
      throw new StanzaError('remote-server-timeout', 'The TIM does not answer.');
    };
    await vi.advanceTimersByTimeAsync(1000);
    expect(monitor.status.value).toMatchObject({ kind: 'failing', problem: 'The TIM does not answer.' });
    expect([...monitor.fields.value.values()].map(({ isCurrent }) => isCurrent)).toEqual([false]);
  });

  it('does not blame the channel for a lost connection or a TIM that is away, and goes on when it is back', async () => {
    const { connection, monitor, isOnline, isPresent, reads } = setUp();
    monitor.watch();
    await vi.advanceTimersByTimeAsync(1);
    connection.onRead = async () => {
      isOnline.value = false;
      throw new PeerError('connection-lost', 'gone');
    };
    await vi.advanceTimersByTimeAsync(1000);
    expect(monitor.status.value).toEqual({ kind: 'disconnected' });
    isOnline.value = true;
    isPresent.value = false;
    expect(monitor.status.value).toEqual({ kind: 'offline' });
    await vi.advanceTimersByTimeAsync(5000);
    const before = reads();
    connection.onRead = async () => ({ ...ADDRESS, time: new Date(), samples: [0.5] });
    isPresent.value = true;
    await vi.advanceTimersByTimeAsync(1);
    expect(reads()).toBe(before + 1);
    expect(monitor.status.value).toEqual({ kind: 'live' });
  });

  it('sets an actuator, and shows what it reports', async () => {
    const { connection, monitor, set } = setUp();
    monitor.watch();
    await vi.advanceTimersByTimeAsync(1);
    const control = monitor.control.value;
    expect(control?.parameter).toEqual({ name: 'Gas valve', label: 'Gas valve', type: 'double', min: 0, max: 1 });
    expect(control?.state.value.reported).toEqual({ type: 'double', value: '0.25' });
    await control?.set({ type: 'double', value: '0.5' });
    expect(connection.asked).toContain('write 0.5');
    set(0.5);
    await vi.advanceTimersByTimeAsync(1000);
    expect(control?.state.value).toEqual({ reported: { type: 'double', value: '0.5' } });
    expect(monitor.control.value).toBe(control);
  });

  it('does not say that a write failed when only its answer was lost', async () => {
    const { connection, monitor } = setUp();
    monitor.watch();
    await vi.advanceTimersByTimeAsync(1);
    connection.onWrite = async () => {
      throw new StanzaError('remote-server-timeout');
    };
    await monitor.control.value?.set({ type: 'double', value: '0.5' });
    expect(monitor.control.value?.state.value.problem).toMatch(/not known whether/);
  });

  it.each([
    ['integer', 2, 'int'],
    ['integer', 8, 'string'],
    ['float64', 8, 'double'],
    ['bit-sequence', 2, 'string'],
  ])('sets a sample of data model %s with %d octets as %s', async (dataModel, modelLength, type) => {
    const sample = [
      { name: 'dataModel', value: dataModel },
      { name: 'modelLength', value: modelLength },
    ];
    const teds = [tedsFromJson({ teds: 'transducer-channel', fields: [{ name: 'sample', fields: sample }] })];
    const { monitor } = setUp({ teds });
    monitor.watch();
    await vi.advanceTimersByTimeAsync(1);
    expect(monitor.control.value?.parameter.type).toBe(type);
  });

  it('asks an actuator what it is set to, although it is nothing to measure', async () => {
    const { monitor, reads } = setUp({ operations: ['write'] });
    monitor.watch();
    await vi.advanceTimersByTimeAsync(1);
    expect(reads()).toBe(1);
    expect(monitor.control.value?.state.value.reported).toEqual({ type: 'double', value: '0.25' });
  });

  it('neither reads nor sets what we may not, and says so', async () => {
    const { monitor, reads } = setUp({ kind: 'sensor', operations: [] });
    monitor.watch();
    await vi.advanceTimersByTimeAsync(5000);
    expect(reads()).toBe(0);
    expect(monitor.control.value).toBeUndefined();
    expect(refusals('sensor', { operations: [] })).toEqual([expect.stringMatching(/may not read/)]);
    expect(refusals('actuator', { operations: ['history'] })).toEqual([expect.stringMatching(/may not set/)]);
    expect(refusals('sensor', { operations: ['read'] })).toEqual([]);
  });

  it('says why nothing is known of the channel, and asks again', async () => {
    const { connection, monitor } = setUp();
    connection.onInterface = async () => {
      throw new StanzaError('remote-server-timeout');
    };
    monitor.watch();
    await vi.advanceTimersByTimeAsync(1);
    expect(monitor.description.problem.value).toBe('No answer in time.');
    connection.onInterface = async () => VALVE;
    await vi.advanceTimersByTimeAsync(30_000);
    expect(monitor.description.described.value).toEqual(VALVE);
    expect(monitor.description.problem.value).toBeUndefined();
  });

  it('is plotted with what is stored of it', async () => {
    const { monitor, isOnline } = setUp({ unit: 'K' });
    const history = new TestConnection();
    const points = [{ timestamp: new Date(NOW - 30_000), value: '2' }];
    history.onHistory = async () => ({
      series: [
        { name: 'Status Condition', type: 'int', points: [{ timestamp: new Date(NOW - 30_000), value: '7' }] },
        { name: 'Gas valve', type: 'numeric', unit: 'K', points },
      ],
    });
    const trends = new Trends(history, monitor, isOnline);
    trends.start();
    monitor.watch();
    await vi.advanceTimersByTimeAsync(1500);
    expect(trends.groups.value.map(({ unit, fields }) => [unit, fields.map(({ name }) => name)])).toEqual([
      ['K', ['Gas valve']],
    ]);
    expect(trends.pointsOf(monitor.key, Date.now()).map((point) => point.value)).toEqual([2, 0.25, 0.25]);
  });
});
