import { signal } from '@preact/signals-core';
import { Jid } from '@thingward/xmpp';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { numericField, TestConnection } from './connection.fixture.ts';
import { Controls } from './controls.ts';
import { ThingMonitor } from './thing-monitor.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const valve = { name: 'Valve', type: 'double', label: 'Valve', unit: '%', min: 0, max: 100 } as const;

function setUp() {
  const connection = new TestConnection();
  connection.addContact('plc@localhost', true);
  const active = signal(true);
  const monitor = new ThingMonitor({
    connection,
    thing: Jid.parse('plc@localhost'),
    isOnline: active,
    isVisible: active,
    isAvailable: active,
  });
  const controls = new Controls(connection, monitor, active);
  const first = () => controls.groups.value[0]?.controls[0];
  return { connection, monitor, controls, first };
}

describe('Controls', () => {
  it('confirms by the field of the same name', async () => {
    const { connection, monitor, controls, first } = setUp();
    let position = '10.0';
    connection.onRead = async () => [numericField('Valve', position, '%')];
    connection.onControlForm = async () => ({
      parameters: [{ parameter: valve, value: { type: 'double', value: '10' } }],
    });
    connection.onSet = async () => {
      position = '55.0';
    };
    controls.start();
    monitor.watch(1000);
    await vi.advanceTimersByTimeAsync(1001);
    expect(first()?.state.value).toEqual({ reported: { type: 'double', value: '10.0' } });
    await first()?.set({ type: 'double', value: '55' });
    expect(connection.sent).toContain('set Valve=55');
    await vi.advanceTimersByTimeAsync(10);
    expect(first()?.state.value).toEqual({ reported: { type: 'double', value: '55.0' } });
  });

  it('confirms by the form where no field has the name', async () => {
    const { connection, controls, first } = setUp();
    let position = '10';
    connection.onControlForm = async () => ({
      parameters: [{ parameter: valve, value: { type: 'double', value: position } }],
    });
    connection.onSet = async () => {
      setTimeout(() => {
        position = '55';
      }, 1500);
    };
    controls.start();
    await vi.advanceTimersByTimeAsync(1);
    const control = first();
    await control?.set({ type: 'double', value: '55' });
    await vi.advanceTimersByTimeAsync(500);
    expect(control?.state.value.pending).toBeDefined();
    await vi.advanceTimersByTimeAsync(2500);
    expect(control?.state.value).toEqual({ reported: { type: 'double', value: '55' } });
    expect(first()).toBe(control);
  });

  it('asks for no form what can’t be controlled', async () => {
    const { connection, controls } = setUp();
    connection.featureList = ['urn:xmpp:iot:sensordata'];
    connection.onControlForm = async () => {
      throw new Error('asked');
    };
    controls.start();
    await vi.advanceTimersByTimeAsync(1);
    expect(controls.status.value).toEqual({ kind: 'loaded' });
    expect(controls.groups.value).toEqual([]);
  });

  it('finds the parameters of the Things behind the JID', async () => {
    const { connection, monitor, controls } = setUp();
    connection.onRead = async () => [numericField('Valve', '1', '%', { node: { nodeId: 'tank' } })];
    connection.onControlForm = async ({ node }) => ({ parameters: node ? [{ parameter: valve }] : [] });
    controls.start();
    monitor.watch(1000);
    await vi.advanceTimersByTimeAsync(2100);
    expect(controls.groups.value.map(({ node }) => node)).toEqual([{ nodeId: 'tank' }]);
  });
});
