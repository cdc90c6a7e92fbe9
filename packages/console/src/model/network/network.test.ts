import { signal } from '@preact/signals-core';
import { PeerError, StanzaError } from '@thingward/xmpp';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { deferred } from '../connection.fixture.ts';
import { boiler, gateway, NCAP_ID, TestNetwork, TIM_ID } from './network.fixture.ts';
import { Network } from './network.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function setUp() {
  const connection = new TestNetwork();
  const isOnline = signal(true);
  const network = new Network(connection, isOnline);
  const tims = () => network.ncaps.value.flatMap((ncap) => ncap.tims.map(({ name, isPresent }) => [name, isPresent]));
  return { connection, isOnline, network, tims };
}

describe('Network', () => {
  it('follows first and asks then, so that it misses nothing', async () => {
    const { connection, network, tims } = setUp();
    const answer = deferred<readonly ReturnType<typeof gateway>[]>();
    connection.onDiscover = () => answer.promise;
    const stop = network.watch();
    await vi.advanceTimersByTimeAsync(1);
    expect(connection.asked).toEqual(['follow', 'discover']);
    // It comes while the answer is on its way, which does not know of it.
    connection.change({ kind: 'joined', ncap: gateway({ tims: [boiler({ id: NCAP_ID, name: 'Pump' })], things: [] }) });
    answer.resolve([gateway()]);
    await vi.advanceTimersByTimeAsync(1);
    expect(network.state.value).toEqual({ kind: 'loaded' });
    expect(tims()).toEqual([
      ['Boiler', true],
      ['Pump', true],
    ]);
    stop();
    expect(connection.asked.at(-1)).toBe('unfollow');
  });

  it('shows what joins and what leaves, at once, and keeps what left as absent', async () => {
    const { connection, network, tims } = setUp();
    connection.ncaps = [gateway({ tims: [] })];
    network.watch();
    await vi.advanceTimersByTimeAsync(1);
    connection.change({ kind: 'joined', ncap: gateway({ things: [] }) });
    expect(tims()).toEqual([['Boiler', true]]);
    expect(network.ncaps.value[0]?.things).toHaveLength(2);
    connection.change({ kind: 'left', ncap: gateway({ things: [] }), reason: 'no heartbeat' });
    expect(tims()).toEqual([['Boiler', false]]);
    expect(network.ncaps.value[0]?.isPresent).toBe(true);
    expect(network.events.value.map(({ kind, what, detail }) => [kind, what.join('/'), detail])).toEqual([
      ['left', 'Plant/Boiler', 'no heartbeat'],
      ['joined', 'Plant/Boiler', undefined],
    ]);
  });

  it('takes all TIMs away with their NCAP', async () => {
    const { connection, network, tims } = setUp();
    network.watch();
    await vi.advanceTimersByTimeAsync(1);
    connection.change({ kind: 'left', ncap: gateway({ tims: [], things: [] }) });
    expect(network.ncaps.value.map(({ isPresent }) => isPresent)).toEqual([false]);
    expect(tims()).toEqual([['Boiler', false]]);
    // It comes back with what it has now.
    connection.change({ kind: 'joined', ncap: gateway({ tims: [] }) });
    expect(tims()).toEqual([]);
  });

  it('tells of nothing that has come or gone where only what is there has changed', async () => {
    const { connection, network } = setUp();
    network.watch();
    await vi.advanceTimersByTimeAsync(1);
    const things = [{ service: 'direct-io' as const, name: 'New host' }];
    const pump = boiler({ id: NCAP_ID, name: 'Pump', isPresent: false });
    connection.change({ kind: 'joined', ncap: gateway({ things, tims: [boiler({ name: 'Boiler 2' }), pump] }) });
    expect(network.events.value).toEqual([]);
    expect(network.ncaps.value[0]).toMatchObject({ things, tims: [{ name: 'Boiler 2' }, { isPresent: false }] });
    connection.change({ kind: 'left', ncap: gateway({ tims: [], things: [] }) });
    connection.change({ kind: 'left', ncap: gateway({ tims: [], things: [] }) });
    connection.change({ kind: 'joined', ncap: gateway() });
    // All that came and went with it, too; what was away before can't leave.
    expect(network.events.value.map(({ kind, what }) => `${what.join('/')} ${kind}`)).toEqual([
      'Plant/Boiler joined',
      'Plant joined',
      'Plant/Boiler 2 left',
      'Plant left',
    ]);
  });

  it('tells what a channel told, by its names', async () => {
    const { connection, network } = setUp();
    network.watch();
    await vi.advanceTimersByTimeAsync(1);
    connection.tell({ ncap: NCAP_ID, tim: TIM_ID, channel: 1, time: new Date(), unit: 'K', samples: [300, 301] });
    expect(network.events.value[0]).toMatchObject({
      what: ['Plant', 'Boiler', 'Water temperature'],
      detail: '300, 301 K',
    });
  });

  it('says that there is no MCAP, and finds one that is started later', async () => {
    const { connection, network } = setUp();
    connection.onFollow = async () => {
      throw new StanzaError('item-not-found', 'localhost has no MCAP.');
    };
    network.watch();
    await vi.advanceTimersByTimeAsync(1);
    expect(network.state.value).toEqual({ kind: 'absent', problem: 'localhost has no MCAP.' });
    connection.onFollow = async () => {};
    await vi.advanceTimersByTimeAsync(60_000);
    expect(network.state.value).toEqual({ kind: 'loaded' });
  });

  it('tells an MCAP that fails from one that is not there', async () => {
    const { connection, network } = setUp();
    connection.onFollow = async () => {
      throw new StanzaError('resource-constraint', 'There are too many followers.');
    };
    network.watch();
    await vi.advanceTimersByTimeAsync(1);
    expect(network.state.value).toEqual({ kind: 'failed', problem: 'There are too many followers.' });
  });

  it('keeps the tree over a lost connection, and follows anew', async () => {
    const { connection, isOnline, network, tims } = setUp();
    network.watch();
    await vi.advanceTimersByTimeAsync(1);
    connection.onFollow = async () => {
      isOnline.value = false;
      throw new PeerError('connection-lost', 'gone');
    };
    await vi.advanceTimersByTimeAsync(30_000);
    expect(network.state.value).toEqual({ kind: 'loaded' });
    expect(tims()).toEqual([['Boiler', true]]);
    connection.onFollow = async () => {};
    connection.ncaps = [gateway({ tims: [] })];
    isOnline.value = true;
    await vi.advanceTimersByTimeAsync(1);
    expect(tims()).toEqual([]);
  });

  it('says what is wrong when the MCAP fails later, and keeps what was there', async () => {
    const { connection, network, tims } = setUp();
    network.watch();
    await vi.advanceTimersByTimeAsync(1);
    connection.onDiscover = async () => {
      throw new StanzaError('internal-server-error', 'The disk is full.');
    };
    await vi.advanceTimersByTimeAsync(30_000);
    expect(network.state.value).toEqual({ kind: 'loaded', problem: 'The disk is full.' });
    expect(tims()).toEqual([['Boiler', true]]);
  });

  it('remembers no more events than fit on a page', async () => {
    const { connection, network } = setUp();
    network.watch();
    for (let i = 0; i < 60; i++) {
      connection.tell({ ncap: NCAP_ID, tim: TIM_ID, channel: 1, time: new Date(), samples: [i] });
    }
    expect(network.events.value).toHaveLength(50);
    expect(network.events.value[0]?.number).toBe(60);
  });
});
