import { Dnp3Channel, Dnp3Master, Dnp3TcpServer, IIN, latch, type Measurement } from '@thingward/dnp3';
import { Substation, SubstationProcess } from '@thingward/dnp3/simulator';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { freePort } from './daemon.ts';
import { DNP3_PYTHON } from './dnp3-python.ts';
import { type RunningPeer, runPeer, startPeer } from './python.ts';

describe.skipIf(!DNP3_PYTHON)(
  'OpenDNP3 (skipped unless a Python has the package dnp3-python; THINGWARD_DNP3_PYTHON names it)',
  () => {
    it('as the master: polls, operates, sets the clock, hears of changes, restarts', async () => {
      const plant = new SubstationProcess(() => 0.5);
      const substation = new Substation(plant, { timeSyncIntervalMs: 600_000, clock: () => Date.now() - 5_000_000 });
      const server = new Dnp3TcpServer([substation.outstation]);
      const port = await server.listen(0);
      const ticker = setInterval(() => {
        plant.step(0.1);
        substation.scan();
      }, 100);
      onTestFinished(async () => {
        clearInterval(ticker);
        await server.close();
      });
      const restarts: string[] = [];
      let setBefore = 0;
      substation.outstation.on('restart', (how) => restarts.push(how));
      const watch = setInterval(() => {
        if (restarts.length === 0) setBefore = substation.outstation.time - Date.now();
      }, 20);
      onTestFinished(() => clearInterval(watch));
      const seen = await runPeer('opendnp3_master.py', ['127.0.0.1', String(port)], DNP3_PYTHON);
      expect(seen).toMatchObject({
        started: true,
        commands: {
          trip: [[0, 'SUCCESS']],
          setpoint: [[0, 'SUCCESS']],
          setpoint16: [[0, 'SUCCESS']],
          outOfRange: [[0, 'OUT_OF_RANGE']],
          absent: [[9, 'NOT_SUPPORTED']],
        },
        told: true,
        restart: [['SUCCESS', 1000]],
        again: true,
        failed: [],
        tasks: expect.arrayContaining(['ENABLE_UNSOLICITED', 'LAN_TIME_SYNC', 'STARTUP_INTEGRITY_POLL']),
        events: expect.arrayContaining(['Group11Var2', 'Group22Var5', 'Group32Var7', 'Group42Var7', 'Group4Var2']),
      });
      const points = seen.points as Record<string, Record<string, unknown>>;
      expect(points.Group3Var2).toEqual({ 0: 'DETERMINED_ON' });
      expect(points.Group30Var5?.[0]).toBeCloseTo(400, -1);
      expect(Object.keys(points).sort()).toEqual([
        'Group10Var2',
        'Group1Var2',
        'Group20Var1',
        'Group21Var5',
        'Group30Var2',
        'Group30Var5',
        'Group3Var2',
        'Group40Var3',
      ]);
      expect(plant.inputs).toMatchObject({ breakerClosed: false, voltageSetpoint: 402 });
      expect(Math.abs(setBefore)).toBeLessThan(1000);
      expect(restarts).toEqual(['cold']);
    });

    describe('as the outstation', () => {
      let peer: RunningPeer;
      let channel: Dnp3Channel;
      let master: Dnp3Master;

      beforeAll(async () => {
        const port = await freePort();
        peer = await startPeer('opendnp3_outstation.py', [String(port)], DNP3_PYTHON);
        channel = new Dnp3Channel({ host: '127.0.0.1', port });
        channel.open();
        master = new Dnp3Master({ channel, timeoutMs: 3000 });
        await vi.waitUntil(() => master.isConnected, 5000);
      });
      afterAll(() => {
        channel?.close();
        peer?.kill();
      });

      it('is polled, operated and told the time, and tells of changes', async () => {
        const told: Measurement[] = [];
        master.on('measurements', (measurements, isUnsolicited) => {
          if (isUnsolicited) told.push(...measurements);
        });
        const first = await master.integrityPoll();
        expect(first.indications & IIN.deviceRestart).toBe(IIN.deviceRestart);
        const now = first.measurements.filter(({ isEvent }) => !isEvent);
        const values = (kind: string) => now.filter((one) => one.kind === kind).map(({ value }) => value);
        expect(values('analog')).toEqual([21, 22, 23]);
        expect(values('binary')).toEqual([0, 1, 0]);
        expect(values('counter')).toEqual([100, 101, 102]);
        expect(values('double-bit')).toEqual([2, 2, 2]);
        await master.clearRestart();
        await master.synchroniseTime('lan');
        await master.enableUnsolicited([1, 2, 3]);
        expect((await master.readClasses([1])).indications & (IIN.deviceRestart | IIN.needTime)).toBe(0);
        await master.selectAndOperate([latch(0, true)]);
        await master.directOperate([{ kind: 'setpoint', index: 0, value: 12.5 }]);
        await expect(master.selectAndOperate([latch(5, true)])).rejects.toMatchObject({
          code: 'command-refused',
          status: 4,
        });
        await vi.waitFor(() => {
          expect(told).toContainEqual(expect.objectContaining({ kind: 'binary', index: 0, value: 1 }));
          expect(told).toContainEqual(expect.objectContaining({ kind: 'analog', index: 0, value: 25 }));
        }, 5000);
        await expect(master.freezeCounters()).rejects.toMatchObject({ code: 'refused' });
        expect(await master.restart('warm')).toBe(250);
        expect(await master.restart('cold')).toBe(65_000);
        await master.checkLink();
      });

      it('is asked with confirmed frames, too', async () => {
        channel.close();
        const [host, port] = channel.name.split(':') as [string, string];
        channel = new Dnp3Channel({ host, port: Number(port) });
        channel.open();
        master = new Dnp3Master({ channel, timeoutMs: 3000, linkConfirm: { timeoutMs: 1000, retries: 1 } });
        await vi.waitUntil(() => master.isConnected, 5000);
        for (let i = 0; i < 5; i++) expect((await master.readClasses([0])).measurements.length).toBeGreaterThan(10);
        expect(await peer.end()).toMatchObject({
          commands: [
            [0, 'LATCH_ON', 'SELECT_BEFORE_OPERATE'],
            [0, 12.5, 'DIRECT_OPERATE'],
          ],
          times: 1,
          restarts: 2,
        });
      });
    });
  },
);
