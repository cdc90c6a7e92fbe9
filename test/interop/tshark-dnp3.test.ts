import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  Dnp3Channel,
  Dnp3Master,
  Dnp3TcpServer,
  decodePackets,
  encodePacket,
  type Fragment,
  LinkFrameReader,
  latch,
  objectTypes,
  type Packet,
  PacketAssembler,
  packetFromXml,
  packetOf,
  packetToXml,
} from '@thingward/dnp3';
import { Substation, SubstationProcess } from '@thingward/dnp3/simulator';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { captureFile, type Sent } from './pcap.ts';

const PORT = 20_000;

function hasTshark(): boolean {
  try {
    execFileSync('tshark', ['--version'], { stdio: 'ignore', timeout: 30_000 });
    return true;
  } catch {
    return false;
  }
}

/** What tshark says of octets that went over a connection: the fields of each frame, and its complaints. */
function dissect(sent: readonly Sent[], fields: readonly string[]) {
  const directory = mkdtempSync(join(tmpdir(), 'thingward-'));
  try {
    const file = join(directory, 'capture.pcap');
    writeFileSync(file, captureFile(sent, PORT));
    const run = (...args: readonly string[]) =>
      execFileSync('tshark', ['-r', file, '-d', `tcp.port==${PORT},dnp3`, ...args], {
        encoding: 'utf8',
        timeout: 60_000,
        stdio: ['ignore', 'pipe', 'ignore'],
        maxBuffer: 64_000_000,
      });
    const lines = run('-Y', 'dnp3', '-T', 'fields', ...fields.flatMap((field) => ['-e', field]));
    // Comments and hints are no complaints.
    const complaints = run('-Y', '_ws.malformed || _ws.expert.severity >= 0x00600000');
    return { lines: lines.split('\n').filter((line) => line !== ''), complaints: complaints.trim() };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** A proxy that notes what goes through it. */
async function recorder(port: number) {
  const sent: Sent[] = [];
  const server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1');
    client.on('data', (octets) => {
      sent.push({ fromClient: true, octets });
      upstream.write(octets);
    });
    upstream.on('data', (octets) => {
      sent.push({ fromClient: false, octets });
      client.write(octets);
    });
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      one.on('error', () => other.destroy());
      one.on('close', () => other.destroy());
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  return { sent, port: typeof address === 'object' && address ? address.port : 0 };
}

/** Functions of the fragments that go one way, as our own codec sees them. */
function packetsOf(sent: readonly Sent[], fromClient: boolean): readonly Packet[] {
  const reader = new LinkFrameReader();
  const assembler = new PacketAssembler();
  return sent
    .filter((one) => one.fromClient === fromClient)
    .flatMap(({ octets }) => reader.push(octets).flatMap((frame) => assembler.push(frame)));
}

describe.skipIf(!hasTshark())('tshark (skipped unless it is there)', () => {
  it('dissects all that a master and an outstation say, without a complaint, and sees the same', async () => {
    const plant = new SubstationProcess(() => 0.5);
    const substation = new Substation(plant, { unsolicitedHoldMs: 10, timeSyncIntervalMs: 60_000, restartMs: 50 });
    const server = new Dnp3TcpServer([substation.outstation]);
    const proxy = await recorder(await server.listen(0));
    onTestFinished(() => server.close());
    const channel = new Dnp3Channel({ host: '127.0.0.1', port: proxy.port });
    onTestFinished(() => channel.close());
    channel.open();
    const master = new Dnp3Master({ channel, timeoutMs: 2000, linkConfirm: { timeoutMs: 1000, retries: 1 } });
    await vi.waitUntil(() => master.isConnected);
    let told = 0;
    master.on('measurements', (_, isUnsolicited) => {
      if (isUnsolicited) told++;
    });
    await master.disableUnsolicited([1, 2, 3]);
    await master.integrityPoll();
    await master.clearRestart();
    await master.synchroniseTime('lan');
    await master.synchroniseTime('serial');
    await master.enableUnsolicited([1, 2, 3]);
    await master.selectAndOperate([latch(0, false), latch(1, true)]);
    await master.directOperate([{ kind: 'setpoint', index: 0, value: 405.5 }]);
    await master.directOperate([{ kind: 'setpoint', index: 0, value: 400, type: 'int16' }]);
    await master.directOperate([latch(9, true)]).catch(() => undefined);
    for (let i = 0; i < 20; i++) {
      plant.step(0.5);
      substation.scan();
    }
    await vi.waitUntil(() => told > 0, 5000);
    await master.freezeCounters(true);
    await master.integrityPoll();
    await master.assignClass(0, [
      { group: 30, variation: 0, prefix: 'none', range: 'start-stop-8', start: 0, stop: 2, items: [] },
    ]);
    await master.checkLink();
    const gone = once(master, 'disconnected');
    await master.restart('warm');
    await gone;
    const { lines, complaints } = dissect(proxy.sent, ['dnp3.al.func']);
    expect(complaints).toBe('');
    const theirs = lines
      .join(',')
      .split(/[,\t]/)
      .filter((code) => code !== '')
      .map(Number);
    const ours = [true, false].flatMap((fromClient) =>
      packetsOf(proxy.sent, fromClient).flatMap(({ fragment }) => (fragment ? [fragment.function] : [])),
    );
    expect(theirs.sort()).toEqual([...ours].sort());
    expect(new Set(ours).size).toBeGreaterThanOrEqual(14);
    // What went over the wire is octet for octet what our XML makes of it.
    for (const fromClient of [true, false]) {
      for (const packet of packetsOf(proxy.sent, fromClient)) {
        expect(encodePacket(packetFromXml(packetToXml(packet)))).toEqual(encodePacket(packet));
        expect(decodePackets(encodePacket(packet))).toEqual([packet]);
      }
    }
  });

  it('dissects objects of every group and variation of the subset levels', () => {
    const groups = new Set([1, 2, 3, 4, 10, 11, 12, 20, 21, 22, 23, 30, 31, 32, 33, 40, 41, 42, 50, 51, 52]);
    // tshark 4.0 knows nothing of these, or only their names.
    const unknown = new Set(
      '4.3 12.2 12.3 22.7 31.1 31.2 31.3 31.4 31.5 31.6 33.1 33.2 33.3 33.4 50.3 50.4 51.2 52.1'.split(' '),
    );
    const types = objectTypes().filter(
      ({ group, variation, layout }) =>
        groups.has(group) && layout.kind !== 'none' && !unknown.has(`${group}.${variation}`),
    );
    const control = { fromMaster: false, primary: true, frameCount: false, countValidOrBusy: false, function: 4 };
    const sent = types.map(({ group, variation, layout }, sequence): Sent => {
      const isPoint = group < 50;
      const isPacked = layout.kind === 'bits';
      const items = [3, 4].map((index) => ({
        index,
        value: 1,
        flags: 1,
        time: 1_700_000_000_000,
        relativeTime: 5,
        code: 3,
        count: 1,
      }));
      const fragment: Fragment = {
        control: { first: true, final: true, confirm: false, unsolicited: false, sequence: sequence & 0x0f },
        function: 129,
        indications: 0,
        objects: [
          isPacked
            ? { group, variation, prefix: 'none', range: 'start-stop-8', start: 3, stop: 4, items }
            : isPoint
              ? { group, variation, prefix: 'index-8', range: 'count-8', count: 2, items }
              : {
                  group,
                  variation,
                  prefix: 'none',
                  range: 'count-8',
                  count: 1,
                  items: [{ time: 1_700_000_000_000, delay: 5 }],
                },
        ],
      };
      return {
        fromClient: false,
        octets: encodePacket(packetOf(fragment, { destination: 1, source: 10, control, sequence: sequence & 0x3f })),
      };
    });
    const { lines, complaints } = dissect(sent, ['dnp3.al.obj']);
    expect(complaints).toBe('');
    const seen = lines
      .join(',')
      .split(/[,\t]/)
      .filter((text) => text !== '')
      .map(Number);
    expect(seen).toEqual(types.map(({ group, variation }) => group * 256 + variation));
  });
});
