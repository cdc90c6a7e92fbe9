import { execFile, execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { AdapterConfigInput } from '@thingward/gateway';
import { encodeTcpFrame, TcpFrameReader } from '@thingward/modbus';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { AdapterStage } from '../adapter-stage.ts';
import { freePort, hasCommand } from './daemon.ts';
import { hasPythonPackage, runPeer, startPeer } from './python.ts';
import { serialLine } from './serial-line.ts';

const SEEN = {
  input: [5, 6, 7],
  holding: [17, 17],
  discrete: [true, true, true],
  coil: true,
  coils: true,
  'read coils': [true, false, false, false, false, true, false, true],
  register: true,
  registers: true,
  written: [0xbeef, 1, 2, 3],
  masked: true,
  'after mask': [0xbe11],
  both: [1, 42],
  absent: { exception: 2 },
  identity: { 0: 'pymodbus', 1: 'PM', 2: '3.0' },
};
const hasPymodbus = hasPythonPackage('pymodbus');
const hasSerial = hasPymodbus && hasPythonPackage('serial') && hasCommand('socat');

/** Masters and devices of others, with our server and adapters between them. */
describe('Modbus over XMPP', () => {
  const stage = new AdapterStage();
  const { directory } = stage;
  beforeAll(() => stage.start());
  afterAll(() => stage.stop());

  type Egress = Extract<NonNullable<AdapterConfigInput['egress']>[number], { protocol: 'modbus' }>;
  type Line = Egress['lines'][number];
  type Ingress = Extract<NonNullable<AdapterConfigInput['ingress']>[number], { protocol: 'modbus' }>;
  type Door = Pick<Ingress, 'listen' | 'serial' | 'framing'>;

  /** @returns the port where a master connects */
  const between = (door: Door, line: Line): Promise<number> =>
    stage.between({
      ingress: [
        {
          account: stage.account('scada'),
          protocol: 'modbus',
          timeoutMs: 5000,
          routes: [{ units: '0-247', to: 'plant@localhost' }],
          ...door,
        },
      ],
      egress: [
        {
          account: stage.account('plant'),
          protocol: 'modbus',
          masters: [{ jid: 'scada@localhost', writes: true }],
          lines: [line],
        },
      ],
    });

  async function device(...args: string[]): Promise<void> {
    const peer = await startPeer('pymodbus_device.py', args);
    onTestFinished(() => peer.kill());
  }

  it.skipIf(!hasPymodbus)(
    'between pymodbus and pymodbus over TCP (skipped unless the Python package pymodbus is there)',
    async () => {
      const port = await freePort();
      await device('tcp', String(port));
      const at = await between({ listen: '127.0.0.1:0' }, { connect: `127.0.0.1:${port}` });
      expect(await runPeer('pymodbus_master.py', ['tcp', '127.0.0.1', String(at)])).toEqual(SEEN);
    },
  );

  it.skipIf(!hasSerial).each(['rtu', 'ascii'] as const)(
    'from Modbus TCP to a device on a serial line, %s (skipped unless pymodbus, pyserial and socat are there)',
    async (framing) => {
      const [ours, theirs] = await serialLine(directory, `device-${framing}`);
      await device(framing, theirs);
      const at = await between(
        { listen: '127.0.0.1:0' },
        { serial: { path: ours, parity: 'none' }, framing, timeoutMs: 2000 },
      );
      expect(await runPeer('pymodbus_master.py', ['tcp', '127.0.0.1', String(at)])).toEqual(SEEN);
    },
  );

  it.skipIf(!hasSerial)(
    'from a master on a serial line to a device on another (skipped unless pymodbus, pyserial and socat are there)',
    async () => {
      const [ours, theirs] = await serialLine(directory, 'device');
      const [door, master] = await serialLine(directory, 'master');
      await device('rtu', theirs);
      await between(
        { serial: { path: door, parity: 'none' }, framing: 'rtu' },
        { serial: { path: ours, parity: 'none' }, framing: 'rtu', timeoutMs: 2000 },
      );
      expect(await runPeer('pymodbus_master.py', ['rtu', master])).toEqual(SEEN);
    },
  );

  const hasLibmodbus = hasPymodbus && hasCommand('cc') && existsSync('/usr/include/modbus/modbus.h');
  it.skipIf(!hasLibmodbus)(
    'from a program with libmodbus (skipped unless libmodbus-dev and a C compiler are there)',
    async () => {
      const source = fileURLToPath(new URL('./peers/libmodbus_master.c', import.meta.url));
      const program = join(directory, 'libmodbus_master');
      execFileSync('cc', ['-o', program, source, '-lmodbus']);
      const port = await freePort();
      await device('tcp', String(port));
      const at = await between({ listen: '127.0.0.1:0' }, { connect: `127.0.0.1:${port}` });
      const { stdout } = await promisify(execFile)(program, ['127.0.0.1', String(at)], { timeout: 30_000 });
      expect(JSON.parse(stdout)).toEqual({
        read: 3,
        input: [5, 6],
        written: 2,
        after: [7, 8],
        coil: 1,
        bits: [0, 1, 0, 0],
        both: [7, 7],
        absent: 2,
      });
    },
  );

  it.skipIf(!hasCommand('tshark'))(
    'what reaches the device is the capture that the master sent, and Wireshark has nothing to complain about (skipped unless tshark is there)',
    async () => {
      const received: Buffer[] = [];
      const recorder = createServer((socket) => {
        const reader = new TcpFrameReader();
        socket.on('error', () => socket.destroy());
        socket.on('data', (chunk) => {
          received.push(chunk);
          for (const { transactionId, unit, pdu } of reader.push(chunk)) {
            socket.write(encodeTcpFrame({ transactionId, unit, pdu: Uint8Array.of((pdu[0] as number) | 0x80, 1) }));
          }
        });
      });
      await new Promise<void>((resolve) => recorder.listen(0, '127.0.0.1', resolve));
      onTestFinished(() => {
        recorder.close();
      });
      const address = recorder.address();
      const port = typeof address === 'object' && address ? address.port : 0;
      const at = await between({ listen: '127.0.0.1:0' }, { connect: `127.0.0.1:${port}` });
      const capture = CAPTURE.map((pdu, i) => encodeTcpFrame({ transactionId: 100 + i, unit: 1 + (i % 3), pdu }));
      const socket = connect({ host: '127.0.0.1', port: at });
      onTestFinished(() => {
        socket.destroy();
      });
      for (const frame of capture) {
        socket.write(frame);
        await new Promise((resolve) => socket.once('data', resolve));
      }
      expect(Buffer.concat(received)).toEqual(Buffer.concat(capture));
      const file = join(directory, 'egress.txt');
      writeFileSync(
        file,
        received.map((frame) => `000000 ${frame.toString('hex').replace(/../g, '$& ')}\n`).join('\n'),
      );
      execFileSync('text2pcap', ['-q', '-T', '40000,502', file, `${file}.pcap`]);
      const dissected = execFileSync(
        'tshark',
        ['-r', `${file}.pcap`, '-T', 'fields', '-e', 'modbus.func_code', '-e', '_ws.expert.message'],
        {
          stdio: ['ignore', 'pipe', 'ignore'],
        },
      );
      const lines = dissected
        .toString()
        .trimEnd()
        .split('\n')
        .map((line) => line.split('\t'));
      expect(lines.map(([code]) => Number(code))).toEqual(CAPTURE.map(([code]) => code));
      expect(lines.map(([, complaint]) => complaint ?? '')).toEqual(CAPTURE.map(() => ''));
    },
  );
});

/** One request of each public function, as in MODBUS Application Protocol V1.1b3 §6. */
const CAPTURE = [
  '0100130013',
  '0200c40016',
  '03006b0003',
  '0400080001',
  '0500acff00',
  '0600010003',
  '07',
  '08000 0a537',
  '0b',
  '0c',
  '0f0013000a02cd01',
  '100001000204000a0102',
  '11',
  '140e0600040001000206000300090002',
  '150d0600040007000306af04be100d',
  '16000400f20025',
  '17000300060 00e00030600ff00ff00ff',
  '1804de',
  '2b0e0100',
].map((text) => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex')));
