import { Frame, XmlError } from '@thingward/xml';
import { NS } from '@thingward/xmpp';
import { RECORD, RecordError, type RecordWriter, readJson } from './record.ts';

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

/**
 * @param payload that `writeFrame` has written: the bytes of its element have been validated
 * @throws RecordError
 */
export function readFrame(payload: Uint8Array): Frame {
  try {
    return parseFrame(payload);
  } catch (error) {
    if (!(error instanceof XmlError)) throw error;
    throw new RecordError(`a frame that is no XML: ${error.message}`);
  }
}

function parseFrame(payload: Uint8Array): Frame {
  if (payload.length === 0) throw new RecordError('a frame without flags');
  const flags = payload[0] as number;
  const isSimple = (flags & SIMPLE) !== 0;
  if ((flags & SELF_CONTAINED) !== 0) return Frame.validated(payload.subarray(1), CLIENT_BINDING, true, isSimple);
  if (payload.length < 5) throw new RecordError('a frame without the length of its bindings');
  const end = 5 + new DataView(payload.buffer, payload.byteOffset, payload.byteLength).getUint32(1, true);
  if (end > payload.length) throw new RecordError('a frame that ends within its bindings');
  const bindings = readJson<Record<string, string> | null>(payload.subarray(5, end));
  if (typeof bindings !== 'object' || bindings === null) throw new RecordError('a frame without bindings');
  return Frame.validated(payload.subarray(end), bindings, false, isSimple);
}
