import { signal } from '@preact/signals-core';
import { nodeKey } from '@thingward/things';
import { Jid, StanzaError } from '@thingward/xmpp';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { numericField, TestConnection } from './connection.fixture.ts';
import { Interfaces } from './interfaces.ts';
import { ThingMonitor } from './thing-monitor.ts';

const THING = Jid.parse('lamp@localhost');
let connection: TestConnection;
let interfaces: Interfaces;
let stopWatching: () => void;

beforeEach(() => {
  vi.useFakeTimers();
  connection = new TestConnection();
  connection.addContact(THING.toString(), true);
  const on = signal(true);
  const monitor = new ThingMonitor({ connection, thing: THING, isOnline: on, isVisible: on, isAvailable: on });
  stopWatching = monitor.watch(1000);
  interfaces = new Interfaces(connection, monitor, on);
  interfaces.start();
});

afterEach(() => {
  interfaces.stop();
  stopWatching();
  vi.useRealTimers();
});

it('asks each node for its interfaces, once it has fields', async () => {
  connection.onInterfaces = async ({ node }) => [`XMPP.IoT.Sensor.${node ? 'Humidity' : 'Temperature'}`];
  connection.onRead = async () => [numericField('A', '1', ''), numericField('B', '1', '', { node: { nodeId: 'n' } })];
  await vi.advanceTimersByTimeAsync(2500);
  expect([...interfaces.names.value]).toEqual([
    [nodeKey(undefined), ['XMPP.IoT.Sensor.Temperature']],
    [nodeKey({ nodeId: 'n' }), ['XMPP.IoT.Sensor.Humidity']],
  ]);
  const asked = connection.interfacesAsked;
  await vi.advanceTimersByTimeAsync(10_000);
  expect(connection.interfacesAsked).toBe(asked);
});

it('knows none of a Thing that does not speak of them, and asks one again that failed', async () => {
  connection.onRead = async () => [numericField('A', '1', '')];
  connection.onInterfaces = async () => {
    throw new StanzaError('service-unavailable');
  };
  await vi.advanceTimersByTimeAsync(2500);
  expect(interfaces.names.value.size).toBe(0);
  interfaces.stop();
  connection.onInterfaces = async () => {
    throw new StanzaError('remote-server-timeout');
  };
  interfaces.start();
  await vi.advanceTimersByTimeAsync(100);
  connection.onInterfaces = async () => ['XMPP.IoT.Actuator.Lamp'];
  await vi.advanceTimersByTimeAsync(400_000);
  expect(interfaces.names.value.get(nodeKey(undefined))).toEqual(['XMPP.IoT.Actuator.Lamp']);
});
