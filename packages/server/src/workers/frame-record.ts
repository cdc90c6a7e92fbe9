import { Frame } from '@thingward/xml';
import { NS } from '@thingward/xmpp';
import { RECORD, type RecordWriter, readJson } from './record.ts';

const SELF_CONTAINED = 1;
/** It has one child element at most: its head can be read without going through its content. */
const SIMPLE = 2;
const CLIENT_BINDING: Readonly<Record<string, string>> = { '': NS.client };
const FLAGS = [0, 1, 2, 3].map((flags) => Uint8Array.of(flags));

/** Tells of an element: flags, the bindings of its stream where it depends on them (length and JSON), and its bytes. */
export function writeFrame(link: RecordWriter, connection: number, frame: Frame): void {
  const isSimple = frame.head.otherChildren?.length === 0;
  // Whatever the stream's content namespace is, it is the main process that judges it.
  const isOrdinary = frame.selfContained && frame.bindings[''] === NS.client;
  const flags = FLAGS[(isOrdinary ? SELF_CONTAINED : 0) | (isSimple ? SIMPLE : 0)] as Uint8Array;
  if (isOrdinary) {
    link.write(RECORD.frame, connection, flags, frame.bytes);
    return;
  }
  const bindings = Buffer.from(JSON.stringify(frame.bindings));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(bindings.length);
  link.write(RECORD.frame, connection, flags, length, bindings, frame.bytes);
}

/** @param payload that `writeFrame` has written: its bytes have been validated */
export function readFrame(payload: Uint8Array): Frame {
  const flags = payload[0] as number;
  const isSimple = (flags & SIMPLE) !== 0;
  if ((flags & SELF_CONTAINED) !== 0) return Frame.validated(payload.subarray(1), CLIENT_BINDING, true, isSimple);
  const end = 5 + new DataView(payload.buffer, payload.byteOffset, payload.byteLength).getUint32(1, true);
  const bindings = readJson<Record<string, string>>(payload.subarray(5, end));
  return Frame.validated(payload.subarray(end), bindings, false, isSimple);
}
