import { once } from 'node:events';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { substation } from '../../test/peers.ts';
import type { OutstationOptions } from '../outstation/index.ts';
import { type AssociationOptions, Dnp3Association } from './association.ts';
import { Dnp3Channel } from './channel.ts';
import { Dnp3Master } from './master.ts';
import type { Measurement } from './measurements.ts';

async function associated(
  outstation: Omit<OutstationOptions, 'points' | 'outputs'> = {},
  options: Partial<AssociationOptions> = {},
) {
  const peer = await substation(outstation);
  const channel = new Dnp3Channel({ host: '127.0.0.1', port: peer.port, maxBackoffMs: 50 });
  const master = new Dnp3Master({ channel, timeoutMs: 300 });
  const association = new Dnp3Association({ master, random: () => 0, ...options });
  const told: Measurement[] = [];
  master.on('measurements', (measurements) => told.push(...measurements));
  onTestFinished(async () => {
    await association.close();
    channel.close();
  });
  channel.open();
  association.open();
  await vi.waitUntil(() => association.isOnline);
  return { ...peer, channel, master, association, told };
}

describe('an association', () => {
  it('knows how all is, and hears of changes', async () => {
    const { outstation, process, plant, told } = await associated({ timeSyncIntervalMs: 60_000 });
    expect(told.filter(({ isEvent }) => !isEvent).length).toBeGreaterThan(20);
    expect(outstation.indications()).toBe(0);
    process.inputs.doorOpen = true;
    plant.scan();
    await vi.waitFor(() =>
      expect(told).toContainEqual(expect.objectContaining({ kind: 'binary', index: 3, value: 1, isEvent: true })),
    );
  });

  it('polls for changes where the outstation does not report them', async () => {
    const { process, plant, told } = await associated({ unsolicited: false }, { eventPollMs: 20 });
    process.inputs.doorOpen = true;
    plant.scan();
    await vi.waitFor(() =>
      expect(told).toContainEqual(expect.objectContaining({ kind: 'binary', index: 3, isEvent: true })),
    );
  });

  it('reads all again when events were lost, and at its times', async () => {
    const { told } = await associated({ unsolicited: false }, { integrityMs: 30, eventPollMs: 10_000 });
    const readings = () => told.filter(({ kind, index }) => kind === 'analog-output' && index === 0).length;
    const before = readings();
    await vi.waitFor(() => expect(readings()).toBeGreaterThan(before + 2));
  });

  it('begins anew after a restart and after a lost connection, and says when it is not online', async () => {
    const { association, master, server, outstation, told, port } = await associated();
    const problems: string[] = [];
    association.on('offline', ({ code }) => problems.push(code));
    const gone = once(association, 'offline');
    await master.restart('cold');
    await gone;
    told.length = 0;
    await vi.waitUntil(() => association.isOnline && told.length > 20, 3000);
    expect(outstation.indications()).toBe(0);
    await server.close();
    await vi.waitUntil(() => association.problem?.message.includes('connection refused'));
    expect(association.isOnline).toBe(false);
    expect(problems).toContain('not-connected');
    await server.listen(port);
    await vi.waitUntil(() => association.isOnline, 3000);
    expect(association.problem).toBeUndefined();
  });

  it('says that the outstation does not answer, and goes on trying', async () => {
    const { port } = await substation({ address: 11 });
    const channel = new Dnp3Channel({ host: '127.0.0.1', port, maxBackoffMs: 50 });
    const master = new Dnp3Master({ channel, timeoutMs: 50 });
    const association = new Dnp3Association({ master, random: () => 0 });
    const problems: string[] = [];
    association.on('offline', ({ message }) => problems.push(message));
    channel.open();
    association.open();
    await vi.waitFor(() => expect(problems.length).toBeGreaterThan(1), 3000);
    expect(problems[0]).toMatch(/^no answer from outstation 10 at 127\.0\.0\.1:\d+ within 50 ms/);
    await association.close();
    channel.close();
  });

  it('asks whether the outstation is there after a long silence', async () => {
    const { association, master } = await associated({}, { keepAliveMs: 30 });
    const check = vi.spyOn(master, 'checkLink');
    await vi.waitFor(() => expect(check.mock.calls.length).toBeGreaterThan(1));
    expect(association.isOnline).toBe(true);
  });
});
