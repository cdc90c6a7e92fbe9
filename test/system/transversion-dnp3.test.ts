import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Command,
  Dnp3Channel,
  Dnp3Master,
  Dnp3TcpServer,
  decodePackets,
  encodePacket,
  type Fragment,
  IIN,
  latch,
  type Measurement,
  type ObjectHeader,
  type OutstationOptions,
  packetOf,
} from '@thingward/dnp3';
import { Substation, SubstationProcess } from '@thingward/dnp3/simulator';
import { Adapter, type AdapterConfigInput, adapterConfigSchema } from '@thingward/gateway';
import { serverConfigSchema, ThingwardServer } from '@thingward/server';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';

type Egress = Extract<NonNullable<AdapterConfigInput['egress']>[number], { protocol: 'dnp3' }>;

/** A master and an outstation, neither knowing of XMPP, with a real server and two adapters between them. */
describe('DNP3 over XMPP', { timeout: 60_000 }, () => {
  let directory: string;
  let server: ThingwardServer;
  let fingerprint: string;
  let port: number;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'thingward-dnp3-'));
    const config = serverConfigSchema.parse({
      domain: 'localhost',
      dataDir: join(directory, 'server'),
      listen: { c2s: '127.0.0.1:0' },
    });
    server = await ThingwardServer.start(config);
    port = server.address(0)?.port ?? 0;
    fingerprint = server.tls.fingerprint;
    for (const name of ['scada', 'reader', 'stranger', 'plant']) await server.accounts.add(name, `secret-${name}`);
  });
  afterAll(async () => {
    await server.stop();
    await rm(directory, { recursive: true });
  });

  const account = (name: string) => ({ jid: `${name}@localhost`, password: `secret-${name}` });

  async function adapter(parts: Pick<AdapterConfigInput, 'ingress' | 'egress' | 'policies'>): Promise<Adapter> {
    const config = adapterConfigSchema.parse({
      server: { domain: 'localhost', host: '127.0.0.1', port, fingerprint },
      dataDir: `adapter-${Math.random()}`,
      eventLog: 'none',
      ...parts,
    });
    const started = new Adapter(config, { baseDirectory: directory });
    onTestFinished(() => started.stop());
    await started.start();
    await started.ready(AbortSignal.timeout(10_000));
    return started;
  }

  /** @param device the port of the outstation */
  function egress(device: number, line: Partial<Egress['lines'][number]> = {}, policies?: string): Promise<Adapter> {
    return adapter({
      ...(policies === undefined ? {} : { policies }),
      egress: [
        {
          account: account('plant'),
          protocol: 'dnp3',
          masters: [
            { jid: 'scada@localhost', address: 1, writes: true },
            { jid: 'reader@localhost', address: 2 },
          ],
          lines: [{ connect: `127.0.0.1:${device}`, timeoutMs: 1000, ...line }],
        },
      ],
    });
  }

  /** @returns the port where masters connect, once there is a way to the outstations */
  async function ingress(name = 'scada'): Promise<{ readonly port: number; readonly adapter: Adapter }> {
    const started = await adapter({
      ingress: [
        {
          account: account(name),
          protocol: 'dnp3',
          listen: '127.0.0.1:0',
          timeoutMs: 3000,
          routes: [{ outstations: '10-20', to: 'plant@localhost' }],
        },
      ],
    });
    const status = () => started.status()[0]?.ingress[0];
    if (name !== 'stranger') {
      await vi.waitFor(() => expect(Object.values(status()?.routes ?? {})[0]).toBeDefined(), { timeout: 10_000 });
    }
    return { port: Number(status()?.at.split(':')[1]), adapter: started };
  }

  async function master(at: number, options: { local?: number; remote?: number; timeoutMs?: number } = {}) {
    const channel = new Dnp3Channel({ host: '127.0.0.1', port: at });
    onTestFinished(() => channel.close());
    const started = new Dnp3Master({ channel, local: 1, remote: 10, timeoutMs: 4000, ...options });
    channel.open();
    await vi.waitUntil(() => started.isConnected, 5000);
    return started;
  }

  async function substation(options: Partial<OutstationOptions> = {}) {
    const process = new SubstationProcess(() => 0.5);
    const { outstation, ...rest } = new Substation(process, { unsolicitedHoldMs: 10, ...options });
    const device = new Dnp3TcpServer([outstation]);
    onTestFinished(() => device.close());
    return { process, outstation, ...rest, port: await device.listen(0) };
  }

  /** An outstation that keeps the octets it gets, and answers each packet as it is told. */
  async function recorder(answer: (octets: Uint8Array, socket: Socket) => Uint8Array | undefined) {
    const received: Buffer[] = [];
    const device = createServer((socket) => {
      socket.on('error', () => socket.destroy());
      socket.on('data', (chunk) => {
        received.push(chunk);
        const reply = answer(chunk, socket);
        if (reply) socket.write(reply);
      });
    });
    await new Promise<void>((resolve) => device.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void device.close());
    const address = device.address();
    return { port: typeof address === 'object' && address ? address.port : 0, received: () => Buffer.concat(received) };
  }

  /** A connection to an ingress, and the octets that come from it. */
  async function rawMaster(at: number) {
    const socket = connect({ host: '127.0.0.1', port: at });
    onTestFinished(() => void socket.destroy());
    const received: Buffer[] = [];
    socket.on('data', (chunk) => received.push(chunk));
    return {
      send: (octets: Uint8Array) => socket.write(octets),
      received: () => Buffer.concat(received),
    };
  }

  function packet(
    code: number,
    objects: readonly ObjectHeader[],
    more: Partial<Fragment['control']> & { sequence: number },
  ) {
    const isResponse = code >= 129;
    const fragment: Fragment = {
      control: { first: true, final: true, confirm: false, unsolicited: code === 130, ...more },
      function: code,
      ...(isResponse ? { indications: 0 } : {}),
      objects,
    };
    const control = { fromMaster: !isResponse, primary: true, frameCount: false, countValidOrBusy: false, function: 4 };
    const addresses = isResponse ? { destination: 1, source: 10 } : { destination: 10, source: 1 };
    return encodePacket(packetOf(fragment, { ...addresses, control, sequence: (more.sequence * 5) & 0x3f }));
  }

  const TRIP_BREAKER: Command = { kind: 'control', index: 0, operation: 1, tripClose: 2 };

  it('polls, operates, sets the clock, in several fragments, and says what the outstation says', async () => {
    const device = await substation({ maxFragmentOctets: 249, timeSyncIntervalMs: 600_000 });
    await egress(device.port);
    const scada = await master((await ingress()).port);
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
    const scada = await master((await ingress()).port);
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
        packet(1, [classes(2), classes(3), classes(4), classes(1)], { sequence: 1 }),
        packet(129, [points(150)], { sequence: 1 }),
      ],
      [packet(3, [controls], { sequence: 2 }), packet(129, [controls], { sequence: 2 })],
      [packet(4, [controls], { sequence: 3 }), packet(129, [controls], { sequence: 3 })],
      [
        packet(1, [classes(1)], { sequence: 4 }),
        packet(129, [points(2)], { sequence: 4, final: false, confirm: true }),
      ],
      // The confirmation lets the outstation go on, without a new request.
      [packet(0, [], { sequence: 4 }), packet(129, [points(3)], { sequence: 5, first: false })],
      [packet(6, [controls], { sequence: 6 }), packet(130, [points(4)], { sequence: 9, confirm: true })],
      [packet(0, [], { sequence: 9, unsolicited: true }), undefined],
    ];
    const answers = turns.map(([, answer]) => answer);
    let waiting = Buffer.alloc(0);
    let turn = 0;
    const device = await recorder((chunk) => {
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
    const reader = await master((await ingress('reader')).port, { local: 2 });
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
    const impostor = await master((await ingress('reader')).port, { local: 1 });
    await expect(impostor.integrityPoll()).rejects.toMatchObject({ code: 'refused' });
    const stranger = await master((await ingress('stranger')).port, { local: 1, timeoutMs: 500 });
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
    await egress(device.port, {}, folder);
    const scada = await master((await ingress()).port);
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
    const scada = await master(at, { timeoutMs: 2500 });
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
    const device = await recorder((octets) => {
      const [{ fragment } = {}] = decodePackets(octets);
      if (fragment?.function === 5) commands++;
      return fragment?.function === 1 ? packet(129, [], { sequence: fragment.control.sequence }) : undefined;
    });
    await egress(device.port, { timeoutMs: 300 });
    const scada = await master((await ingress()).port, { timeoutMs: 1500 });
    await expect(scada.directOperate([latch(0, true)])).rejects.toMatchObject({ code: 'outcome-unknown' });
    expect(commands).toBe(1);
    await scada.readClasses([1]);
    expect(commands).toBe(1);
  });

  it('has the data link confirm frames on either side where that is wanted', async () => {
    const device = await substation({ maxFragmentOctets: 2048 });
    await egress(device.port, { linkConfirm: true });
    const { port: at } = await ingress();
    const channel = new Dnp3Channel({ host: '127.0.0.1', port: at });
    onTestFinished(() => channel.close());
    const scada = new Dnp3Master({ channel, timeoutMs: 4000, linkConfirm: { timeoutMs: 1000, retries: 1 } });
    channel.open();
    await vi.waitUntil(() => scada.isConnected, 5000);
    expect((await scada.integrityPoll()).measurements.length).toBeGreaterThan(10);
    await scada.selectAndOperate(Array.from({ length: 12 }, () => latch(1, true)));
    expect(device.process.inputs).toMatchObject({ fanOn: true });
  });
});
