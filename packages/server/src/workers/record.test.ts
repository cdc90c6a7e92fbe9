import { connect as connectTo, createServer, type Socket } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RECORD, type RecordKind, RecordReader, RecordWriter } from './record.ts';

/** Both ends of a connection over loopback. */
async function pair(): Promise<{ near: Socket; far: Socket; close: () => void }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve));
  const near = connectTo(port, '127.0.0.1');
  const far = await accepted;
  return {
    near,
    far,
    close: () => {
      near.destroy();
      far.destroy();
      server.close();
    },
  };
}

const KINDS = Object.values(RECORD);
const record = fc.record({
  kind: fc.constantFrom<RecordKind>(...KINDS),
  connection: fc.nat({ max: 0xffff_ffff }),
  payload: fc.uint8Array({ maxLength: 300 }),
});

/** The bytes of a record as the format says. */
function bytesOf({ kind, connection, payload }: { kind: number; connection: number; payload: Uint8Array }): Buffer {
  const header = Buffer.alloc(9);
  header.writeUInt32LE(payload.length, 0);
  header[4] = kind;
  header.writeUInt32LE(connection, 5);
  return Buffer.concat([header, payload]);
}

describe('RecordReader', () => {
  it('gives records whole and in order, whatever pieces they come in', () => {
    fc.assert(
      fc.property(fc.array(record, { maxLength: 20 }), fc.array(fc.nat({ max: 400 })), (records, cuts) => {
        const seen: { kind: number; connection: number; payload: Uint8Array }[] = [];
        const reader = new RecordReader((kind, connection, bytes, start, end) =>
          seen.push({ kind, connection, payload: Uint8Array.from(bytes.subarray(start, end)) }),
        );
        let rest = Buffer.concat(records.map(bytesOf));
        for (const cut of cuts) {
          reader.push(rest.subarray(0, cut));
          rest = rest.subarray(cut);
        }
        reader.push(rest);
        expect(seen).toEqual(records.map((each) => ({ ...each, payload: Uint8Array.from(each.payload) })));
      }),
    );
  });
});

describe('RecordWriter', () => {
  it('writes what the reader reads', async () => {
    const { near, far, close } = await pair();
    const seen: string[] = [];
    const done = new Promise<void>((resolve) => {
      const reader = new RecordReader((kind, connection, bytes, start, end) => {
        seen.push(`${kind} ${connection} ${bytes.toString('utf8', start, end)}`);
        if (kind === RECORD.close) resolve();
      });
      far.on('data', (chunk) => reader.push(chunk));
    });
    const writer = new RecordWriter(near, { maxBacklog: 1_000_000 });
    writer.writeText(RECORD.error, 1, 'a');
    writer.writeJson(RECORD.source, 2, { b: 1 });
    writer.write(RECORD.frame, 3, Buffer.from('c'), Buffer.from('d'));
    writer.writePart(RECORD.bytes, 4, Buffer.from('xefx'), 1, 3);
    writer.write(RECORD.close, 0xffff_ffff);
    await done;
    close();
    expect(seen).toEqual([
      `${RECORD.error} 1 a`,
      `${RECORD.source} 2 {"b":1}`,
      `${RECORD.frame} 3 cd`,
      `${RECORD.bytes} 4 ef`,
      `${RECORD.close} 4294967295 `,
    ]);
  });

  it('says when too much waits for the other side, and when it was taken', async () => {
    const { near, far, close } = await pair();
    far.pause();
    const events: string[] = [];
    const room = new Promise<void>((resolve) => {
      const writer = new RecordWriter(near, {
        maxBacklog: 100_000,
        onFull: () => {
          events.push('full');
          far.resume();
        },
        onRoom: () => {
          events.push('room');
          expect(writer.isFull).toBe(false);
          resolve();
        },
      });
      for (let i = 0; i < 200; i++) writer.write(RECORD.bytes, 1, Buffer.alloc(65_536));
      expect(writer.isFull).toBe(true);
    });
    await room;
    close();
    expect(events).toEqual(['full', 'room']);
  });
});
