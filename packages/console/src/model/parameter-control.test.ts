import type { ParameterValue } from '@thingward/things';
import { ControlRefused, ParameterError } from '@thingward/things';
import { PeerError, StanzaError } from '@thingward/xmpp';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ParameterControl } from './parameter-control.ts';

const on: ParameterValue = { type: 'boolean', value: true };
const off: ParameterValue = { type: 'boolean', value: false };

beforeEach(() => {
  vi.useFakeTimers({ now: 1000 });
});
afterEach(() => {
  vi.useRealTimers();
});

function setUp(send: (value: ParameterValue) => Promise<void> = async () => {}) {
  const sent = vi.fn(send);
  const control = new ParameterControl({ name: 'Pump', type: 'boolean', label: 'Pump' }, sent);
  control.observe(off, 500);
  return { control, sent };
}

describe('ParameterControl', () => {
  it('is pending until a read-out after the acceptance reports the value', async () => {
    const { control } = setUp();
    const done = control.set(on);
    expect(control.state.value).toEqual({ reported: off, pending: { value: on, phase: 'sending' } });
    await done;
    expect(control.state.value).toEqual({ reported: off, pending: { value: on, phase: 'confirming' } });
    control.observe(on, 1001);
    expect(control.state.value).toEqual({ reported: on });
  });

  it('does not take a read-out that began before the acceptance for a refusal', async () => {
    const { control } = setUp();
    await control.set(on);
    for (let i = 0; i < 10; i++) control.observe(off, 999);
    expect(control.state.value.pending).toBeDefined();
  });

  it('reverts when the device goes on reporting something else', async () => {
    const { control } = setUp();
    await control.set(on);
    for (let i = 0; i < 3; i++) control.observe(off, 1001 + i);
    expect(control.state.value.pending).toBeDefined();
    control.observe(off, 1010);
    expect(control.state.value).toEqual({
      reported: off,
      problem: 'The device accepted “on” but still reports “off”.',
    });
  });

  it('says so when nothing confirms it', async () => {
    const { control } = setUp();
    await control.set(on);
    await vi.advanceTimersByTimeAsync(15_000);
    expect(control.state.value).toMatchObject({ reported: off, problem: expect.stringMatching(/no read-out/) });
    expect(control.state.value.pending).toBeUndefined();
  });

  it('reverts with the words of the device when it refuses', async () => {
    const refusal = new ControlRefused(
      [new ParameterError('rejected-by-device', 'Pump', 'The pump is in local mode')],
      new StanzaError('bad-request'),
    );
    const { control } = setUp(async () => {
      throw refusal;
    });
    await control.set(on);
    expect(control.state.value).toEqual({ reported: off, problem: 'The pump is in local mode' });
    control.observe(off, 2000);
    expect(control.state.value.problem).toBe('The pump is in local mode');
  });

  it.each([
    [new StanzaError('remote-server-timeout'), true],
    [new PeerError('connection-lost', 'x'), true],
    [new PeerError('not-connected', 'x'), false],
    [new StanzaError('forbidden'), false],
  ])('says that the outcome is not known where that is so: %s', async (error, isUnknown) => {
    const { control } = setUp(async () => {
      throw error;
    });
    await control.set(on);
    expect(/not known whether/.test(control.state.value.problem ?? '')).toBe(isUnknown);
  });

  it('sends once, however often it is asked while it is pending', async () => {
    const { control, sent } = setUp();
    await Promise.all([control.set(on), control.set(off), control.set(on)]);
    await control.set(off);
    expect(sent.mock.calls).toEqual([[on]]);
  });

  it('forgets the problem when it is tried again', async () => {
    let fail = true;
    const { control } = setUp(async () => {
      if (fail) throw new StanzaError('forbidden');
    });
    await control.set(on);
    fail = false;
    await control.set(on);
    expect(control.state.value.problem).toBeUndefined();
  });
});
