import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { Dnp3Channel, Dnp3Master, Dnp3TcpServer, latch, type Measurement } from '@thingward/dnp3';
import { Substation, SubstationProcess } from '@thingward/dnp3/simulator';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { AdapterStage } from '../adapter-stage.ts';
import { freePort, hasCommand } from './daemon.ts';
import { captureFile, type Sent } from './pcap.ts';
import { hasPythonPackage, runPeer, startPeer } from './python.ts';

/** The library has binaries for some versions of Python alone: THINGWARD_DNP3_PYTHON names one that has it. */
const CANDIDATES = [process.env.THINGWARD_DNP3_PYTHON, 'python3.10', 'python3.9', 'python3.8', 'python3'];
const PYTHON = CANDIDATES.find((name) => name !== undefined && name !== '' && hasPythonPackage('pydnp3', name));
const PORT = 20_000;

/** Masters and outstations of others, with our server and adapters between them. */
describe('DNP3 over XMPP', { timeout: 90_000 }, () => {
  const stage = new AdapterStage();
  const { directory } = stage;
  beforeAll(() => stage.start());
  afterAll(() => stage.stop());

  /** @returns the port where a master connects */
  const between = (outstation: number): Promise<number> =>
    stage.between({
      ingress: [
        {
          account: stage.account('scada'),
          protocol: 'dnp3',
          listen: '127.0.0.1:0',
          routes: [{ outstations: 10, to: 'plant@localhost' }],
        },
      ],
      egress: [
        {
          account: stage.account('plant'),
          protocol: 'dnp3',
          masters: [{ jid: 'scada@localhost', address: 1, writes: true }],
          lines: [{ connect: `127.0.0.1:${outstation}` }],
        },
      ],
    });

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

  describe.skipIf(!PYTHON)(
    'OpenDNP3 (skipped unless a Python has the package dnp3-python; THINGWARD_DNP3_PYTHON names it)',
    () => {
      it('as the master: polls, operates, sets the clock, hears of changes, restarts', async () => {
        const { plant, outstation, device } = substation();
        const restarts: string[] = [];
        outstation.on('restart', (how) => restarts.push(how));
        const at = await between(await device.listen(0));
        const seen = await runPeer('opendnp3_master.py', ['127.0.0.1', String(at)], PYTHON);
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
          // While the outstation restarts, a master that keeps its connection asks in vain.
          failedBeforeRestart: [],
          tasks: expect.arrayContaining(['ENABLE_UNSOLICITED', 'LAN_TIME_SYNC', 'STARTUP_INTEGRITY_POLL']),
        });
        expect(plant.inputs).toMatchObject({ breakerClosed: false, voltageSetpoint: 402 });
        expect(restarts).toEqual(['cold']);
      });

      it('as the outstation: is polled, operated and told the time, and tells of changes', async () => {
        const port = await freePort();
        const peer = await startPeer('opendnp3_outstation.py', [String(port)], PYTHON);
        onTestFinished(() => peer.kill());
        const channel = new Dnp3Channel({ host: '127.0.0.1', port: await between(port) });
        onTestFinished(() => channel.close());
        const master = new Dnp3Master({ channel, timeoutMs: 5000 });
        const told: Measurement[] = [];
        master.on('measurements', (measurements, isUnsolicited) => {
          if (isUnsolicited) told.push(...measurements);
        });
        channel.open();
        await vi.waitUntil(() => master.isConnected, 5000);
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
      });
    },
  );

  it.skipIf(!hasCommand('tshark'))('tshark has nothing to complain about (skipped unless it is there)', async () => {
    const { device } = substation();
    const upstream = await device.listen(0);
    const sent: Sent[] = [];
    const tap = createServer((client) => {
      const socket = connect(upstream, '127.0.0.1');
      const pass = (fromClient: boolean, to: typeof socket) => (octets: Buffer) => {
        sent.push({ fromClient, octets });
        to.write(octets);
      };
      client.on('data', pass(true, socket));
      socket.on('data', pass(false, client));
      client.on('error', () => socket.destroy()).on('close', () => socket.destroy());
      socket.on('error', () => client.destroy()).on('close', () => client.destroy());
    });
    await new Promise<void>((resolve) => tap.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void tap.close());
    const address = tap.address();
    const at = await between(typeof address === 'object' && address ? address.port : 0);
    const channel = new Dnp3Channel({ host: '127.0.0.1', port: at });
    onTestFinished(() => channel.close());
    const master = new Dnp3Master({ channel, timeoutMs: 5000, linkConfirm: { timeoutMs: 2000, retries: 1 } });
    channel.open();
    await vi.waitUntil(() => master.isConnected, 5000);
    await master.integrityPoll();
    await master.clearRestart();
    await master.synchroniseTime('lan');
    await master.enableUnsolicited([1, 2, 3]);
    await master.selectAndOperate(Array.from({ length: 16 }, () => latch(1, true)));
    await master.freezeCounters();
    await master.disableUnsolicited([1, 2, 3]);
    const file = join(directory, 'capture.pcap');
    writeFileSync(file, captureFile(sent, PORT));
    const dissect = (...args: readonly string[]) =>
      execFileSync('tshark', ['-r', file, '-d', `tcp.port==${PORT},dnp3`, ...args], {
        encoding: 'utf8',
        timeout: 60_000,
        stdio: ['ignore', 'pipe', 'ignore'],
      });
    const functions = dissect('-Y', `dnp3.al.func && tcp.dstport==${PORT}`, '-T', 'fields', '-e', 'dnp3.al.func');
    expect(
      new Set(
        functions
          .split(/\s+/)
          .filter((text) => text !== '')
          .map(Number),
      ),
    ).toEqual(new Set([0, 1, 2, 3, 4, 7, 20, 21, 24]));
    expect(dissect('-Y', '_ws.malformed || _ws.expert.severity >= 0x00600000').trim()).toBe('');
  });
});
