import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Command, decodePackets, IIN, latch, type Measurement, type ObjectHeader } from '@thingward/dnp3';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { AdapterStage } from '../adapter-stage.ts';
import { connectMaster, dnp3Ends, dnp3Octets, outstationRecorder, rawMaster, substation } from '../dnp3-ends.ts';

/** A master and an outstation, neither knowing of XMPP, with a real server and two adapters between them. */
describe('DNP3 over XMPP', { timeout: 60_000 }, () => {
  const stage = new AdapterStage(['scada', 'reader', 'stranger', 'plant']);
  const { directory } = stage;
  const { egress, ingress } = dnp3Ends(stage);
  beforeAll(() => stage.start());
  afterAll(() => stage.stop());

  const TRIP_BREAKER: Command = { kind: 'control', index: 0, operation: 1, tripClose: 2 };

  it('polls, operates, sets the clock, in several fragments, and says what the outstation says', async () => {
    const device = await substation({ unsolicited: true, maxFragmentOctets: 249, timeSyncIntervalMs: 600_000 });
    await egress(device.port);
    const scada = await connectMaster((await ingress()).port);
    const { measurements, indications } = await scada.integrityPoll();
    expect(measurements.find(({ kind, index }) => kind === 'analog' && index === 0)?.value).toBe(400);
    expect(measurements.filter(({ kind }) => kind === 'analog')).toHaveLength(7);
    expect(indications & IIN.deviceRestart).toBe(IIN.deviceRestart);
    await scada.clearRestart();
    await scada.synchroniseTime('lan');
    expect((await scada.readClasses([1])).indications & (IIN.deviceRestart | IIN.needTime)).toBe(0);
    await scada.selectAndOperate([TRIP_BREAKER]);
    device.process.step(1);
    expect(device.process.inputs.breakerClosed).toBe(false);
    await scada.directOperate([{ kind: 'setpoint', index: 0, value: 402 }]);
    expect(device.process.inputs.voltageSetpoint).toBe(402);
    await expect(scada.directOperate([{ kind: 'setpoint', index: 0, value: 500 }])).rejects.toMatchObject({
      code: 'command-refused',
      status: 12,
    });
    await expect(scada.selectAndOperate([latch(9, true)])).rejects.toMatchObject({ status: 4 });
  });

  it('tells the master what the outstation says unasked, which is told that it has arrived', async () => {
    const device = await substation({ unsolicited: true, confirmTimeoutMs: 1000 });
    const far = await egress(device.port);
    const scada = await connectMaster((await ingress()).port);
    const told: Measurement[] = [];
    scada.on('measurements', (measurements, isUnsolicited) => {
      if (isUnsolicited) told.push(...measurements);
    });
    await scada.integrityPoll();
    await scada.enableUnsolicited([1, 2, 3]);
    device.outstation.database.update('binary', 3, { value: 1 });
    await vi.waitFor(
      () => expect(told).toContainEqual(expect.objectContaining({ kind: 'binary', index: 3, value: 1 })),
      {
        timeout: 5000,
      },
    );
    await vi.waitFor(() => expect(device.outstation.database.events.select(() => true)).toEqual([]), { timeout: 5000 });
    expect(far.status()[0]?.egress?.reported).toBeGreaterThan(0);
  });

  it('gives each side the octets that the other has sent', async () => {
    const classes = (variation: number): ObjectHeader => ({
      group: 60,
      variation,
      prefix: 'none',
      range: 'all',
      items: [],
    });
    const points = (count: number): ObjectHeader => ({
      group: 30,
      variation: 1,
      prefix: 'none',
      range: 'start-stop-16',
      start: 0,
      stop: count - 1,
      items: Array.from({ length: count }, (_, index) => ({ index, value: index * 3, flags: 1 })),
    });
    const controls: ObjectHeader = {
      group: 12,
      variation: 1,
      prefix: 'index-16',
      range: 'count-16',
      count: 60,
      items: Array.from({ length: 60 }, (_, index) => ({
        index,
        code: 3,
        count: 1,
        onTime: index,
        offTime: 0,
        status: 0,
      })),
    };
    const turns: readonly (readonly [sent: Uint8Array, answer: Uint8Array | undefined])[] = [
      [
        dnp3Octets(1, [classes(2), classes(3), classes(4), classes(1)], { sequence: 1 }),
        dnp3Octets(129, [points(150)], { sequence: 1 }),
      ],
      [dnp3Octets(3, [controls], { sequence: 2 }), dnp3Octets(129, [controls], { sequence: 2 })],
      [dnp3Octets(4, [controls], { sequence: 3 }), dnp3Octets(129, [controls], { sequence: 3 })],
      [
        dnp3Octets(1, [classes(1)], { sequence: 4 }),
        dnp3Octets(129, [points(2)], { sequence: 4, final: false, confirm: true }),
      ],
      // The confirmation lets the outstation go on, without a new request.
      [dnp3Octets(0, [], { sequence: 4 }), dnp3Octets(129, [points(3)], { sequence: 5, first: false })],
      [dnp3Octets(6, [controls], { sequence: 6 }), dnp3Octets(130, [points(4)], { sequence: 9, confirm: true })],
      [dnp3Octets(0, [], { sequence: 9, unsolicited: true }), undefined],
    ];
    const answers = turns.map(([, answer]) => answer);
    let waiting = Buffer.alloc(0);
    let turn = 0;
    const device = await outstationRecorder((chunk) => {
      waiting = Buffer.concat([waiting, chunk]);
      const expected = turns[turn]?.[0];
      if (!expected || waiting.length < expected.length) return undefined;
      waiting = waiting.subarray(expected.length);
      return answers[turn++];
    });
    await egress(device.port);
    const scada = await rawMaster((await ingress()).port);
    let expected = 0;
    for (const [sent, answer] of turns) {
      scada.send(sent);
      expected += answer?.length ?? 0;
      await vi.waitFor(() => expect(scada.received().length).toBe(expected), { timeout: 5000 });
    }
    await vi.waitFor(() => expect(turn).toBe(turns.length), { timeout: 5000 });
    expect(device.received()).toEqual(Buffer.concat(turns.map(([sent]) => sent)));
    expect(scada.received()).toEqual(Buffer.concat(answers.filter((answer) => answer !== undefined)));
  });

  it('lets a master that may only read do no more, and nobody else anything', async () => {
    const device = await substation();
    const far = await egress(device.port);
    const reader = await connectMaster((await ingress('reader')).port, { local: 2 });
    expect((await reader.integrityPoll()).measurements.length).toBeGreaterThan(10);
    const notAuthorized = { code: 'command-refused', status: 9 };
    await expect(reader.selectAndOperate([TRIP_BREAKER])).rejects.toMatchObject(notAuthorized);
    await expect(reader.directOperate([{ kind: 'setpoint', index: 0, value: 402 }])).rejects.toMatchObject(
      notAuthorized,
    );
    await expect(reader.restart('cold')).rejects.toMatchObject({ code: 'refused' });
    expect(device.process.inputs).toMatchObject({ breakerClosed: true, voltageSetpoint: 400 });
    expect(far.status()[0]?.egress).toMatchObject({ refused: 3 });
    // The address of another master is not its to speak from.
    const impostor = await connectMaster((await ingress('reader')).port, { local: 1 });
    await expect(impostor.integrityPoll()).rejects.toMatchObject({ code: 'refused' });
    const stranger = await connectMaster((await ingress('stranger')).port, { local: 1, timeoutMs: 500 });
    await expect(stranger.integrityPoll()).rejects.toMatchObject({ code: 'no-answer' });
    await expect(stranger.checkLink()).rejects.toMatchObject({ code: 'no-answer' });
  });

  it('asks policies at the outstation: a set-point within limits, and no breaker', async () => {
    const folder = join(directory, 'policies');
    await mkdir(folder, { recursive: true });
    await writeFile(
      join(folder, 'substation.cedar'),
      `forbid (principal, action in [Action::"write", Action::"execute"], resource == Thing::"plant@localhost")
       unless {
         context.protocol == "dnp3" && context has unit && context.unit == 10 &&
         context has table && context.table == "analogOutput" && context has address && context.address == 0 &&
         context has number && context.number.lessThanOrEqual(decimal("405.0"))
       };`,
    );
    const device = await substation();
    await egress(device.port, {}, { policies: folder });
    const scada = await connectMaster((await ingress()).port);
    await scada.integrityPoll();
    await scada.directOperate([{ kind: 'setpoint', index: 0, value: 404 }]);
    await expect(scada.directOperate([{ kind: 'setpoint', index: 0, value: 406 }])).rejects.toMatchObject({
      status: 9,
    });
    await expect(scada.selectAndOperate([TRIP_BREAKER])).rejects.toMatchObject({ status: 9 });
    await expect(scada.freezeCounters()).rejects.toMatchObject({ code: 'refused' });
    expect(device.process.inputs).toMatchObject({ breakerClosed: true, voltageSetpoint: 404 });
  });

  it('answers for the data link only while there is a way, and finds the way again', async () => {
    const device = await substation();
    const first = await egress(device.port);
    const { port: at, adapter: near } = await ingress();
    const scada = await connectMaster(at, { timeoutMs: 2500 });
    await scada.checkLink();
    await scada.integrityPoll();
    await first.stop();
    const gone = () => expect(Object.values(near.status()[0]?.ingress[0]?.routes ?? {})).toEqual([undefined]);
    await vi.waitFor(gone, { timeout: 5000 });
    await expect(scada.checkLink()).rejects.toMatchObject({ code: 'no-answer' });
    await expect(scada.integrityPoll()).rejects.toMatchObject({ code: 'no-answer' });
    await expect(scada.directOperate([latch(1, true)])).rejects.toMatchObject({ status: 18 });
    await egress(device.port);
    await vi.waitFor(() => scada.integrityPoll(), { timeout: 10_000 });
    await scada.checkLink();
  });

  it('sends a command whose answer is lost once, and answers nothing', async () => {
    let commands = 0;
    const device = await outstationRecorder((octets) => {
      const [{ fragment } = {}] = decodePackets(octets);
      if (fragment?.function === 5) commands++;
      return fragment?.function === 1 ? dnp3Octets(129, [], { sequence: fragment.control.sequence }) : undefined;
    });
    await egress(device.port, { timeoutMs: 300 });
    const scada = await connectMaster((await ingress()).port, { timeoutMs: 1500 });
    await expect(scada.directOperate([latch(0, true)])).rejects.toMatchObject({ code: 'outcome-unknown' });
    expect(commands).toBe(1);
    await scada.readClasses([1]);
    expect(commands).toBe(1);
  });

  it('has the data link confirm frames on either side where that is wanted', async () => {
    const device = await substation({ maxFragmentOctets: 2048 });
    await egress(device.port, { linkConfirm: true });
    const { port: at } = await ingress();
    const scada = await connectMaster(at, { linkConfirm: { timeoutMs: 1000, retries: 1 } });
    expect((await scada.integrityPoll()).measurements.length).toBeGreaterThan(10);
    await scada.selectAndOperate(Array.from({ length: 12 }, () => latch(1, true)));
    expect(device.process.inputs).toMatchObject({ fanOn: true });
  });
});
