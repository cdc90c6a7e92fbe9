import { once } from 'node:events';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { connectedChannel, connectedMaster, substation } from '../../test/peers.ts';
import { CLOSE, PULSE_ON, TRIP } from '../control-code.ts';
import { Dnp3Error } from '../error.ts';
import { IIN } from '../internal-indications.ts';
import { Dnp3TcpServer, Outstation } from '../outstation/index.ts';
import { latch } from './commands.ts';
import { Dnp3Master } from './master.ts';
import type { Measurement } from './measurements.ts';

const code = (name: string) => expect.objectContaining({ name: 'Dnp3Error', code: name });
const find = (measurements: readonly Measurement[], kind: string, index: number) =>
  measurements.find((one) => one.kind === kind && one.index === index && !one.isEvent);

describe('a master and an outstation', () => {
  it('read how all is, and then what has changed', async () => {
    const { process, plant, port } = await substation({ unsolicited: false });
    const master = await connectedMaster(port);
    const { measurements, indications } = await master.integrityPoll();
    expect(find(measurements, 'analog', 0)?.value).toBeCloseTo(400, 0);
    expect(find(measurements, 'double-bit', 0)).toMatchObject({ value: 2, flags: 1 });
    expect(find(measurements, 'binary-output', 0)?.value).toBe(1);
    expect(find(measurements, 'counter', 1)?.value).toBe(0);
    expect(find(measurements, 'frozen-counter', 1)?.flags).toBe(2);
    expect(indications & IIN.deviceRestart).toBe(IIN.deviceRestart);

    process.inputs.doorOpen = true;
    plant.scan();
    const changes = await master.readClasses([1]);
    expect(changes.measurements).toEqual([
      expect.objectContaining({ kind: 'binary', index: 3, value: 1, flags: 1, isEvent: true }),
    ]);
    // Confirmed, so it is not told again.
    await vi.waitUntil(() => plant.outstation.database.events.size === 0);
    expect((await master.readClasses([1, 2, 3])).measurements).toEqual([]);
    await master.clearRestart();
    expect((await master.readClasses([1])).indications).toBe(0);
  });

  it('say by themselves what has changed, once that is enabled', async () => {
    const { process, plant, port } = await substation();
    const master = await connectedMaster(port);
    const told: Measurement[] = [];
    master.on('measurements', (measurements, isUnsolicited) => {
      if (isUnsolicited) told.push(...measurements);
    });
    process.inputs.doorOpen = true;
    plant.scan();
    await master.enableUnsolicited([1, 3]);
    await vi.waitFor(() => expect(told).toHaveLength(1));
    expect(told[0]).toMatchObject({ kind: 'binary', index: 3, value: 1, isEvent: true });
    await master.directOperate([latch(1, true)]);
    await vi.waitFor(() => expect(told.map(({ kind }) => kind)).toContain('octet-string'));
    expect(told.find(({ kind }) => kind === 'octet-string')?.octets).toEqual(new TextEncoder().encode('fan on'));
    told.length = 1;
    await vi.waitUntil(() => plant.outstation.database.events.size === 0);
    await master.disableUnsolicited([1]);
    process.inputs.doorOpen = false;
    plant.scan();
    expect((await master.readClasses([1])).measurements).toHaveLength(1);
    expect(told).toHaveLength(1);
  });

  it('select and operate, operate directly, and refuse with a status', async () => {
    const { process, port } = await substation({ unsolicited: false });
    const master = await connectedMaster(port);
    await master.selectAndOperate([{ kind: 'control', index: 0, operation: PULSE_ON, tripClose: TRIP, onTime: 100 }]);
    expect(process.inputs.breakerClosed).toBe(false);
    await master.directOperate([{ kind: 'control', index: 0, operation: PULSE_ON, tripClose: CLOSE }, latch(2, false)]);
    expect(process.inputs).toMatchObject({ breakerClosed: true, fanAuto: false });
    await master.directOperate([{ kind: 'setpoint', index: 0, value: 405.5 }]);
    expect(process.inputs.voltageSetpoint).toBe(405.5);
    for (const type of ['int16', 'int32', 'float64'] as const) {
      await master.selectAndOperate([{ kind: 'setpoint', index: 0, value: 401, type }]);
    }
    expect(process.inputs.voltageSetpoint).toBe(401);
    await expect(master.selectAndOperate([{ kind: 'setpoint', index: 0, value: 500 }])).rejects.toMatchObject({
      code: 'command-refused',
      status: 12,
      message: 'output 0: out of range',
    });
    await expect(master.directOperate([latch(7, true)])).rejects.toMatchObject({ code: 'command-refused', status: 4 });
    process.inputs.localMode = true;
    await expect(master.directOperate([latch(0, false)])).rejects.toMatchObject({ code: 'command-refused', status: 7 });
    await expect(master.directOperate([])).rejects.toThrow(code('limit-exceeded'));
  });

  it('operate only what was selected, in time, and with nothing between', async () => {
    let now = 0;
    const { process, port } = await substation({ unsolicited: false, now: () => now, selectTimeoutMs: 1000 });
    const master = await connectedMaster(port);
    const objects = [
      {
        group: 12,
        variation: 1,
        prefix: 'index-8',
        range: 'count-8',
        count: 1,
        items: [{ index: 1, code: 3, count: 1 }],
      },
    ] as const;
    const statusOf = async (functionCode: number) => {
      const response = await master.request(functionCode, objects);
      return response.objects[0]?.items[0]?.status;
    };
    expect(await statusOf(4)).toBe(2);
    expect(await statusOf(3)).toBe(0);
    await master.readClasses([1]);
    expect(await statusOf(4)).toBe(2);
    expect(await statusOf(3)).toBe(0);
    now = 1001;
    expect(await statusOf(4)).toBe(1);
    expect(process.inputs.fanOn).toBe(false);
    expect(await statusOf(3)).toBe(0);
    expect(await statusOf(4)).toBe(0);
    expect(process.inputs.fanOn).toBe(true);
  });

  it('set the clock, over a LAN and otherwise', async () => {
    const { outstation, port } = await substation({
      unsolicited: false,
      timeSyncIntervalMs: 60_000,
      clock: () => Date.UTC(2020, 0, 1),
    });
    const master = await connectedMaster(port);
    expect((await master.readClasses([1])).indications & IIN.needTime).toBe(IIN.needTime);
    await master.synchroniseTime('lan');
    expect(Math.abs(outstation.time - Date.now())).toBeLessThan(1000);
    expect((await master.readClasses([1])).indications & IIN.needTime).toBe(0);
    outstation.setTime(0, 0);
    await master.synchroniseTime('serial');
    expect(Math.abs(outstation.time - Date.now())).toBeLessThan(1000);
  });

  it('freeze counters, and clear them', async () => {
    const { process, plant, port } = await substation({ unsolicited: false });
    const master = await connectedMaster(port);
    for (let i = 0; i < 100; i++) process.step(1);
    plant.scan();
    await master.freezeCounters();
    const { measurements } = await master.integrityPoll();
    const frozen = find(measurements, 'frozen-counter', 0);
    expect(frozen?.value).toBeGreaterThan(1000);
    expect(frozen?.value).toBe(find(measurements, 'counter', 0)?.value);
    expect(measurements).toContainEqual(expect.objectContaining({ kind: 'frozen-counter', index: 0, isEvent: true }));
    await master.freezeCounters(true);
    const [counters] = (
      await master.read([
        { group: 20, variation: 5, prefix: 'none', range: 'start-stop-8', start: 0, stop: 0, items: [] },
      ])
    ).measurements;
    expect(counters).toMatchObject({ value: 0, flags: undefined });
  });

  it('restart, and go on when it is there again', async () => {
    const { outstation, port } = await substation({ unsolicited: false });
    const master = await connectedMaster(port);
    await master.clearRestart();
    const lost = once(master, 'disconnected').then(() => master.readClasses([1]));
    expect(await master.restart('cold')).toBe(50);
    await expect(lost).rejects.toThrow(code('not-connected'));
    await vi.waitUntil(() => master.isConnected);
    const { indications } = await vi.waitFor(() => master.readClasses([1]), { timeout: 3000, interval: 50 });
    expect(indications & IIN.deviceRestart).toBe(IIN.deviceRestart);
    expect(outstation.database.events.size).toBe(0);
  });

  it('confirm frames on the data link where that is wanted, and ask whether the other is there', async () => {
    const { port } = await substation({ unsolicited: false });
    const master = await connectedMaster(port, { linkConfirm: { timeoutMs: 200, retries: 2 } });
    for (let i = 0; i < 3; i++) expect((await master.integrityPoll()).measurements.length).toBeGreaterThan(20);
    await master.checkLink();
  });

  it('change classes and deadbands, and read them', async () => {
    const { process, plant, port } = await substation({ unsolicited: false });
    const master = await connectedMaster(port);
    await master.assignClass(0, [{ group: 1, variation: 0, prefix: 'none', range: 'all', items: [] }]);
    process.inputs.doorOpen = true;
    plant.scan();
    expect((await master.readClasses([1])).measurements).toEqual([]);
    await master.request(2, [
      { group: 34, variation: 3, prefix: 'index-8', range: 'count-8', count: 1, items: [{ index: 5, value: 2.5 }] },
    ]);
    const deadbands = await master.read([{ group: 34, variation: 0, prefix: 'none', range: 'all', items: [] }]);
    expect(deadbands.objects[0]?.items[5]?.value).toBe(2.5);
  });

  it('say what is not known or not there', async () => {
    const { port } = await substation({ unsolicited: false });
    const master = await connectedMaster(port);
    await expect(master.request(99)).resolves.toMatchObject({
      indications: IIN.functionNotSupported | IIN.deviceRestart,
    });
    await expect(
      master.read([{ group: 200, variation: 1, prefix: 'none', range: 'all', items: [] }]),
    ).rejects.toMatchObject({ code: 'refused', message: 'the outstation refuses "read": object unknown' });
    const beyond = {
      group: 30,
      variation: 0,
      prefix: 'none',
      range: 'start-stop-8',
      start: 6,
      stop: 8,
      items: [],
    } as const;
    const { indications, measurements } = await master.read([beyond]);
    expect(measurements).toHaveLength(1);
    expect(indications & IIN.parameterError).toBe(IIN.parameterError);
    await expect(master.enableUnsolicited([1])).rejects.toThrow(code('refused'));
  });

  it('answer in as many fragments as it takes', async () => {
    const points = Array.from({ length: 600 }, (_, index) => ({ kind: 'analog', index, pointClass: 2 }) as const);
    const outstation = new Outstation({ points, maxFragmentOctets: 400, confirmTimeoutMs: 300 });
    const server = new Dnp3TcpServer([outstation]);
    const port = await server.listen(0);
    onTestFinished(() => server.close());
    for (const { index } of points) outstation.database.update('analog', index, { value: 1 });
    for (const { index } of points) outstation.database.update('analog', index, { value: index / 4 });
    const master = await connectedMaster(port);
    let fragments = 0;
    master.on('indications', () => fragments++);
    const { measurements } = await master.integrityPoll();
    const values = (isEvent: boolean) =>
      measurements.filter((one) => one.isEvent === isEvent).map(({ value }) => value);
    expect(values(false)).toEqual(points.map(({ index }) => index / 4));
    expect(values(true)).toEqual(points.filter(({ index }) => index !== 4).map(({ index }) => index / 4));
    expect(fragments).toBeGreaterThan(20);
    expect(outstation.database.events.size).toBe(0);
    const impatient = new Dnp3Master({ channel: master.channel, local: 2, timeoutMs: 500, maxResponseFragments: 3 });
    await expect(impatient.integrityPoll()).rejects.toMatchObject({
      code: 'malformed-fragment',
      message: 'the response has no end',
    });
  });

  it('lose the oldest events when there are too many, and say so until there is room', async () => {
    const { process, plant, port } = await substation({ unsolicited: false, maxEvents: 3 });
    const master = await connectedMaster(port);
    for (let i = 0; i < 5; i++) {
      process.inputs.doorOpen = !process.inputs.doorOpen;
      plant.scan();
    }
    const { measurements, indications } = await master.readClasses([1]);
    expect(measurements.map(({ value }) => value)).toEqual([1, 0, 1]);
    expect(indications & IIN.eventBufferOverflow).toBe(IIN.eventBufferOverflow);
    await vi.waitFor(async () => expect((await master.readClasses([1])).indications & IIN.eventBufferOverflow).toBe(0));
  });

  it('give events with times relative to a common one', async () => {
    let now = 1_000_000;
    const { process, plant, port } = await substation({ unsolicited: false, clock: () => now });
    const master = await connectedMaster(port);
    for (const passed of [0, 20, 70_000]) {
      now += passed;
      process.inputs.doorOpen = !process.inputs.doorOpen;
      plant.scan();
    }
    const events = await master.read([{ group: 2, variation: 3, prefix: 'none', range: 'all', items: [] }]);
    expect(events.objects.map(({ group, items }) => [group, items.length])).toEqual([
      [51, 1],
      [2, 2],
      [51, 1],
      [2, 1],
    ]);
    expect(events.measurements.map(({ time }) => time)).toEqual([1_000_000, 1_000_020, 1_070_020]);
  });
});

describe('a master', () => {
  it('tells an outstation that does not answer from one that does, on the same connection', async () => {
    const { port } = await substation({ unsolicited: false });
    const channel = await connectedChannel(port);
    const there = new Dnp3Master({ channel, timeoutMs: 500 });
    const absent = new Dnp3Master({ channel, remote: 11, timeoutMs: 100 });
    expect(() => new Dnp3Master({ channel })).toThrow(code('limit-exceeded'));
    const [failed, read] = await Promise.allSettled([absent.readClasses([1]), there.readClasses([1])]);
    expect(read.status).toBe('fulfilled');
    expect(failed).toMatchObject({ reason: { code: 'no-answer', message: expect.stringContaining('outstation 11') } });
    await expect(absent.directOperate([latch(0, true)])).rejects.toThrow(code('outcome-unknown'));
    await expect(absent.checkLink(50)).rejects.toThrow(code('no-answer'));
  });

  it('stops waiting when it is told to: what was read for nothing, a command with an unknown outcome', async () => {
    const { port } = await substation({ unsolicited: false });
    const channel = await connectedChannel(port);
    const absent = new Dnp3Master({ channel, remote: 11, timeoutMs: 5000 });
    const abort = new AbortController();
    const { signal } = abort;
    const sent = absent.readClasses([1], { signal });
    const queued = absent.directOperate([latch(0, true)], { signal });
    const outcomes = Promise.allSettled([sent, queued]);
    await new Promise((resolve) => setTimeout(resolve, 20));
    abort.abort(new Error('enough'));
    expect(await outcomes).toMatchObject([{ reason: { message: 'enough' } }, { reason: { message: 'enough' } }]);
    const other = new AbortController();
    const command = absent.directOperate([latch(0, true)], { signal: other.signal });
    const outcome = expect(command).rejects.toThrow(code('outcome-unknown'));
    await new Promise((resolve) => setTimeout(resolve, 20));
    other.abort();
    await outcome;
    await expect(absent.readClasses([1], { signal })).rejects.toThrow('enough');
  });

  it('fails what waits when the connection is lost or closed, and refuses too many requests', async () => {
    const { server, port } = await substation({ unsolicited: false });
    const channel = await connectedChannel(port);
    const absent = new Dnp3Master({ channel, remote: 11, timeoutMs: 5000, maxQueued: 1 });
    const command = expect(absent.directOperate([latch(0, true)])).rejects.toThrow(code('outcome-unknown'));
    await new Promise((resolve) => setTimeout(resolve, 20));
    const read = expect(absent.readClasses([1])).rejects.toThrow(code('not-connected'));
    await expect(absent.readClasses([1])).rejects.toThrow(code('limit-exceeded'));
    await server.close();
    await Promise.all([command, read]);
    channel.close();
    await expect(absent.readClasses([1])).rejects.toThrow(code('closed'));
    expect(await absent.readClasses([1]).catch((error: unknown) => error)).toBeInstanceOf(Dnp3Error);
  });
});
