import type { Duplex } from 'node:stream';
import { AsciiFrameReader, encodeAsciiFrame } from './ascii-frame.ts';
import { ModbusError } from './error.ts';
import { encodeRtuFrame, RtuFrameReader } from './rtu-frame.ts';
import type { SerialFrame, SerialMode } from './serial-frame.ts';
import { answerPdu, type ModbusUnit } from './unit.ts';

export interface SerialServerOptions {
  readonly mode: SerialMode;
  /** A pause that ends a frame whose length nobody knows, or one that was cut off; 50 ms when not given. */
  readonly gapMs?: number;
}

/** Takes what arrives on a line, of whoever speaks first there. Ends with the line. */
export function receiveSerialFrames(
  line: Duplex,
  { mode, gapMs = 50 }: SerialServerOptions,
  take: (frame: SerialFrame) => void,
): void {
  const reader = mode === 'rtu' ? new RtuFrameReader('request') : new AsciiFrameReader();
  let gap: NodeJS.Timeout | undefined;
  const deliver = (read: () => SerialFrame[]) => {
    try {
      for (const frame of read()) take(frame);
    } catch (error) {
      // What is damaged on the line is not answered: the master's time-out ends it.
      if (!(error instanceof ModbusError)) throw error;
    }
  };
  line.on('data', (chunk: Uint8Array) => {
    clearTimeout(gap);
    gap = setTimeout(() => deliver(() => reader.silence()), gapMs);
    deliver(() => reader.push(chunk));
  });
  line.on('error', () => line.destroy());
  line.once('close', () => clearTimeout(gap));
}

/** Octets of a frame in a mode. */
export function encodeSerialFrame(mode: SerialMode, frame: SerialFrame): Uint8Array {
  return mode === 'rtu' ? encodeRtuFrame(frame) : encodeAsciiFrame(frame);
}

/** Simulated devices on a serial line. A unit that is not there is silent, as on a real one; unit 0 reaches all of them. */
export function serveSerialLine(
  line: Duplex,
  units: ReadonlyMap<number, ModbusUnit>,
  options: SerialServerOptions,
): void {
  receiveSerialFrames(line, options, ({ unit, pdu }) => {
    if (unit === 0) {
      for (const device of units.values()) answerPdu(device, pdu);
      return;
    }
    const device = units.get(unit);
    if (device) line.write(encodeSerialFrame(options.mode, { unit, pdu: answerPdu(device, pdu) }));
  });
}
