import { setTimeout as delay } from 'node:timers/promises';
import { decodePackets, latch, type Measurement } from '@thingward/dnp3';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { AdapterStage } from '../adapter-stage.ts';
import { badWay } from '../bad-way.ts';
import { connectMaster, dnp3Ends, dnp3Octets, outstationRecorder, substation } from '../dnp3-ends.ts';

const DIRECT_OPERATE = 5;

/** A master and an outstation with a way between the adapters that is slow, holds back, or is cut. */
describe('DNP3 over a bad way', { timeout: 60_000 }, () => {
  const stage = new AdapterStage();
  const { egress, ingress } = dnp3Ends(stage);
  beforeAll(() => stage.start());
  afterAll(() => stage.stop());

  /** An outstation that answers reads and counts commands, and does what is told when one comes. */
  async function counting(onCommand: (octets: Uint8Array) => Uint8Array | undefined) {
    const counts = { commands: 0 };
    const device = await outstationRecorder((octets) => {
      const [{ fragment } = {}] = decodePackets(octets);
      if (fragment?.function === DIRECT_OPERATE) {
        counts.commands++;
        return onCommand(octets);
      }
      return fragment?.function === 1 ? dnp3Octets(129, [], { sequence: fragment.control.sequence }) : undefined;
    });
    return { port: device.port, counts };
  }

  /** The answer to a command that says that it was done. */
  function done(octets: Uint8Array): Uint8Array {
    const [{ fragment } = {}] = decodePackets(octets);
    return dnp3Octets(129, fragment?.objects ?? [], { sequence: fragment?.control.sequence ?? 0 });
  }

  it('takes a way of 300 ms in each direction: polls, operates, hears of changes once', async () => {
    const device = await substation({ unsolicited: true, confirmTimeoutMs: 3000, selectTimeoutMs: 10_000 });
    const way = await badWay(stage.port);
    await egress(device.port, { timeoutMs: 5000 }, { at: way.port });
    const scada = await connectMaster((await ingress('scada', 8000)).port, { timeoutMs: 9000 });
    way.delayMs = 300;
    expect((await scada.integrityPoll()).measurements.length).toBeGreaterThan(10);
    await scada.selectAndOperate([{ kind: 'control', index: 0, operation: 1, tripClose: 2 }]);
    device.process.step(1);
    expect(device.process.inputs.breakerClosed).toBe(false);
    const told: Measurement[] = [];
    scada.on('measurements', (measurements, isUnsolicited) => {
      if (isUnsolicited) told.push(...measurements);
    });
    await scada.enableUnsolicited([1, 2, 3]);
    device.outstation.database.update('binary', 3, { value: 1 });
    const events = () => device.outstation.database.events.select(() => true);
    await vi.waitFor(() => expect(events()).toEqual([]), { timeout: 10_000 });
    expect(told.filter(({ kind, index }) => kind === 'binary' && index === 3)).toHaveLength(1);
  });

  it('loses no unsolicited response that a way holds back, nor gives it to the master twice', async () => {
    // It sends again what is not confirmed within a moment.
    const device = await substation({ unsolicited: true, confirmTimeoutMs: 500 });
    const way = await badWay(stage.port);
    await egress(device.port, {}, { at: way.port });
    const scada = await connectMaster((await ingress()).port);
    await scada.integrityPoll();
    await scada.enableUnsolicited([1, 2, 3]);
    const told: Measurement[] = [];
    scada.on('measurements', (measurements) => told.push(...measurements));
    way.hold();
    device.outstation.database.update('binary', 3, { value: 1 });
    await delay(1200);
    device.outstation.database.update('binary', 3, { value: 0 });
    await delay(300);
    way.release();
    const events = () => device.outstation.database.events.select(() => true);
    await vi.waitFor(() => expect(events()).toEqual([]), { timeout: 10_000 });
    const values = told.filter(({ kind, index }) => kind === 'binary' && index === 3).map(({ value }) => value);
    expect(values).toEqual([1, 0]);
  });

  it('hears after a cut of what happened while there was no way', async () => {
    const device = await substation({ unsolicited: true, confirmTimeoutMs: 500 });
    const way = await badWay(stage.port);
    await egress(device.port, {}, { at: way.port });
    const scada = await connectMaster((await ingress()).port);
    await scada.integrityPoll();
    await scada.enableUnsolicited([1, 2, 3]);
    const told: Measurement[] = [];
    scada.on('measurements', (measurements) => told.push(...measurements));
    way.cut();
    device.outstation.database.update('binary', 3, { value: 1 });
    const events = () => device.outstation.database.events.select(() => true);
    await vi.waitFor(() => expect(events()).toEqual([]), { timeout: 30_000 });
    expect(told.filter(({ kind, index }) => kind === 'binary' && index === 3)).toHaveLength(1);
  });

  it('does not send a command that the way has held back for too long, and goes on afterwards', async () => {
    const device = await counting(done);
    const way = await badWay(stage.port);
    await egress(device.port, {}, { at: way.port });
    const scada = await connectMaster((await ingress('scada', 1500)).port, { timeoutMs: 1500 });
    // The clocks are compared with the first command.
    await scada.directOperate([latch(0, true)]);
    way.hold();
    await expect(scada.directOperate([latch(0, false)])).rejects.toMatchObject({ code: 'outcome-unknown' });
    await delay(500);
    way.release();
    await vi.waitFor(() => scada.readClasses([1]), { timeout: 10_000 });
    await scada.directOperate([latch(0, true)]);
    expect(device.counts.commands).toBe(2);
  });

  it('leaves the outcome of a command unknown when it is cut within it, sends it once, and reads again', async () => {
    const way = await badWay(stage.port);
    const device = await counting((octets) => {
      way.cut();
      return done(octets);
    });
    await egress(device.port, {}, { at: way.port });
    const scada = await connectMaster((await ingress('scada', 2000)).port, { timeoutMs: 2500 });
    await expect(scada.directOperate([latch(0, true)])).rejects.toMatchObject({ code: 'outcome-unknown' });
    await vi.waitFor(() => scada.readClasses([1]), { timeout: 30_000 });
    expect(device.counts.commands).toBe(1);
  });

  it('leaves the outcome unknown when the connection to the outstation is cut within a command', async () => {
    let cut = (): void => undefined;
    const device = await counting(() => {
      cut();
      return undefined;
    });
    const way = await badWay(device.port);
    cut = way.cut;
    await egress(way.port);
    const scada = await connectMaster((await ingress('scada', 2000)).port, { timeoutMs: 2500 });
    await expect(scada.directOperate([latch(0, true)])).rejects.toMatchObject({ code: 'outcome-unknown' });
    await vi.waitFor(() => scada.readClasses([1]), { timeout: 30_000 });
    expect(device.counts.commands).toBe(1);
  });
});
