import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import {
  COLD_RESTART,
  Dnp3TcpServer,
  encodeLinkFrame,
  LinkFrameReader,
  latch,
  type Measurement,
  UNCONFIRMED_USER_DATA,
} from '@thingward/dnp3';
import { Substation, SubstationProcess } from '@thingward/dnp3/simulator';
import type { AdapterConfigInput } from '@thingward/gateway';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { AdapterStage } from '../adapter-stage.ts';
import { connectMaster } from '../dnp3-ends.ts';
import { freePort, hasCommand } from './daemon.ts';
import { captureFile, type Sent } from './pcap.ts';
import { hasPythonPackage, runPeer, startPeer } from './python.ts';
import { serialLine } from './serial-line.ts';

/** The library has binaries for some versions of Python alone: THINGWARD_DNP3_PYTHON names one that has it. */
const CANDIDATES = [process.env.THINGWARD_DNP3_PYTHON, 'python3.10', 'python3.9', 'python3.8', 'python3'];
const PYTHON = CANDIDATES.find((name) => name !== undefined && name !== '' && hasPythonPackage('pydnp3', name));
const PORT = 20_000;
/** Where a frame has the function of its fragment: after the header, the transport header and the application control. */
const FUNCTION_OFFSET = 12;
const MEDIA = hasCommand('socat') ? (['tcp', 'serial'] as const) : (['tcp'] as const);
/** What a master does that polls, operates, sets the clock and restarts its outstation. */
const SEEN = {
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
  // While the outstation restarts, a master that keeps its connection asks in vain.
  failedBeforeRestart: [],
  tasks: expect.arrayContaining(['ENABLE_UNSOLICITED', 'LAN_TIME_SYNC', 'STARTUP_INTEGRITY_POLL']),
};

type Dnp3<Part extends 'ingress' | 'egress'> = Extract<
  NonNullable<AdapterConfigInput[Part]>[number],
  { protocol: 'dnp3' }
>;
type Door = Pick<Dnp3<'ingress'>, 'listen' | 'serial'>;
type Line = Dnp3<'egress'>['lines'][number];

/** Masters and outstations of others, with our server and adapters between them. */
describe('DNP3 over XMPP', { timeout: 90_000 }, () => {
  const stage = new AdapterStage();
  const { directory } = stage;
  beforeAll(() => stage.start());
  afterAll(() => stage.stop());

  /** @returns the port where a master connects, where it is not on a serial line */
  const between = (line: Line, door: Door = { listen: '127.0.0.1:0' }): Promise<number> =>
    stage.between({
      ingress: [
        {
          account: stage.account('scada'),
          protocol: 'dnp3',
          routes: [{ outstations: 10, to: 'plant@localhost' }],
          ...door,
        },
      ],
      egress: [
        {
          account: stage.account('plant'),
          protocol: 'dnp3',
          masters: [{ jid: 'scada@localhost', address: 1, writes: true }],
          lines: [line],
        },
      ],
    });
  const tcp = (port: number): Line => ({ connect: `127.0.0.1:${port}` });

  function substation() {
    const plant = new SubstationProcess(() => 0.5);
    const started = new Substation(plant, { timeSyncIntervalMs: 600_000 });
    const device = new Dnp3TcpServer([started.outstation]);
    const ticker = setInterval(() => {
      plant.step(0.1);
      started.scan();
    }, 100);
    onTestFinished(async () => {
      clearInterval(ticker);
      await device.close();
    });
    return { plant, outstation: started.outstation, device };
  }

  /** A way to a port that keeps what passes. */
  async function tap(to: number) {
    const sent: Sent[] = [];
    const server = createServer((client) => {
      const socket = connect(to, '127.0.0.1');
      const pass = (fromClient: boolean, into: typeof socket) => (octets: Buffer) => {
        sent.push({ fromClient, octets });
        into.write(octets);
      };
      client.on('data', pass(true, socket));
      socket.on('data', pass(false, client));
      client.on('error', () => socket.destroy()).on('close', () => socket.destroy());
      socket.on('error', () => client.destroy()).on('close', () => client.destroy());
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const address = server.address();
    return { sent, port: typeof address === 'object' && address ? address.port : 0 };
  }

  /** What tshark makes of a capture. */
  function dissect(sent: readonly Sent[], ...args: readonly string[]): string {
    const file = join(directory, 'capture.pcap');
    writeFileSync(file, captureFile(sent, PORT));
    return execFileSync('tshark', ['-r', file, '-d', `tcp.port==${PORT},dnp3`, ...args], {
      encoding: 'utf8',
      timeout: 60_000,
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  }
  const complaints = (sent: readonly Sent[]) =>
    dissect(sent, '-Y', '_ws.malformed || _ws.expert.severity >= 0x00600000');

  describe.skipIf(!PYTHON)(
    'OpenDNP3 (skipped unless a Python has the package dnp3-python; THINGWARD_DNP3_PYTHON names it)',
    () => {
      it.each(MEDIA)(
        'as the master, over %s: polls, operates, sets the clock, hears of changes, restarts (serial lines need socat)',
        async (medium) => {
          const { plant, outstation, device } = substation();
          const restarts: string[] = [];
          outstation.on('restart', (how) => restarts.push(how));
          const line = tcp(await device.listen(0));
          let way: readonly [string, string];
          if (medium === 'tcp') way = ['127.0.0.1', String(await between(line))];
          else {
            const [ours, theirs] = await serialLine(directory, 'master');
            await between(line, { serial: { path: ours } });
            way = ['serial', theirs];
          }
          expect(await runPeer('opendnp3_master.py', way, PYTHON)).toMatchObject(SEEN);
          expect(plant.inputs).toMatchObject({ breakerClosed: false, voltageSetpoint: 402 });
          expect(restarts).toEqual(['cold']);
        },
      );

      it.each(MEDIA)(
        'as the outstation, over %s: is polled, operated and told the time, and tells of changes (serial lines need socat)',
        async (medium) => {
          let at: string;
          let line: Line;
          if (medium === 'tcp') {
            const port = await freePort();
            [at, line] = [String(port), tcp(port)];
          } else {
            const [ours, theirs] = await serialLine(directory, 'outstation');
            [at, line] = [theirs, { serial: { path: ours } }];
          }
          const peer = await startPeer('opendnp3_outstation.py', [at], PYTHON);
          onTestFinished(() => peer.kill());
          const master = await connectMaster(await between(line), { timeoutMs: 5000 });
          const told: Measurement[] = [];
          master.on('measurements', (measurements, isUnsolicited) => {
            if (isUnsolicited) told.push(...measurements);
          });
          const values = (await master.integrityPoll()).measurements.filter(
            ({ kind, isEvent }) => kind === 'analog' && !isEvent,
          );
          expect(values.map(({ value }) => value)).toEqual([21, 22, 23]);
          await master.clearRestart();
          await master.synchroniseTime('lan');
          await master.enableUnsolicited([1, 2, 3]);
          await master.selectAndOperate([latch(0, true)]);
          await master.directOperate([{ kind: 'setpoint', index: 0, value: 12.5 }]);
          await expect(master.selectAndOperate([latch(5, true)])).rejects.toMatchObject({ status: 4 });
          await vi.waitFor(
            () => expect(told).toContainEqual(expect.objectContaining({ kind: 'binary', index: 0, value: 1 })),
            5000,
          );
          expect(await peer.end()).toMatchObject({
            commands: [
              [0, 'LATCH_ON', 'SELECT_BEFORE_OPERATE'],
              [0, 12.5, 'DIRECT_OPERATE'],
            ],
            times: 1,
          });
        },
      );

      it.skipIf(!hasCommand('tshark'))(
        'what it sends as the master reaches the outstation octet for octet, and back, and tshark finds no fault with it (skipped unless tshark is there)',
        async () => {
          const { device } = substation();
          const far = await tap(await device.listen(0));
          const near = await tap(await between(tcp(far.port)));
          expect(await runPeer('opendnp3_master.py', ['127.0.0.1', String(near.port)], PYTHON)).toMatchObject(SEEN);
          for (const fromClient of [true, false]) {
            const [before, after] = [near, far].map(({ sent }) => userData(beforeRestart(sent), fromClient));
            expect(before?.length).toBeGreaterThan(10);
            // What was said last may be on its way yet.
            const length = Math.min(before?.length ?? 0, after?.length ?? 0) - 2;
            expect(after?.slice(0, length)).toEqual(before?.slice(0, length));
          }
          expect(complaints(far.sent)).toBe('');
        },
      );
    },
  );

  it.skipIf(!hasCommand('tshark'))('tshark has nothing to complain about (skipped unless it is there)', async () => {
    const { device } = substation();
    const { sent, port } = await tap(await device.listen(0));
    const linkConfirm = { timeoutMs: 2000, retries: 1 };
    const master = await connectMaster(await between(tcp(port)), { timeoutMs: 5000, linkConfirm });
    await master.integrityPoll();
    await master.clearRestart();
    await master.synchroniseTime('lan');
    await master.enableUnsolicited([1, 2, 3]);
    await master.selectAndOperate(Array.from({ length: 16 }, () => latch(1, true)));
    await master.freezeCounters();
    await master.disableUnsolicited([1, 2, 3]);
    const functions = dissect(sent, '-Y', `dnp3.al.func && tcp.dstport==${PORT}`, '-T', 'fields', '-e', 'dnp3.al.func');
    expect(new Set(functions.split(/\s+/).map(Number))).toEqual(new Set([0, 1, 2, 3, 4, 7, 20, 21, 24]));
    expect(complaints(sent)).toBe('');
  });
});

/** What was said before the master restarts the outstation, which is away then. */
function beforeRestart(sent: readonly Sent[]): readonly Sent[] {
  const at = sent.findIndex(({ fromClient, octets }) => fromClient && octets[FUNCTION_OFFSET] === COLD_RESTART);
  return sent.slice(0, at);
}

/** The frames of user data in one direction, in hexadecimal: the data link has others of its own at each end. */
function userData(sent: readonly Sent[], fromClient: boolean): readonly string[] {
  const reader = new LinkFrameReader();
  return sent
    .filter((part) => part.fromClient === fromClient)
    .flatMap(({ octets }) => reader.push(octets))
    .filter(({ control }) => control.primary && control.function === UNCONFIRMED_USER_DATA)
    .map((frame) => Buffer.from(encodeLinkFrame(frame)).toString('hex'));
}
