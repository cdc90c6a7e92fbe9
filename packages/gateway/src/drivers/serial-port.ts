import { createRequire } from 'node:module';
import type { Duplex } from 'node:stream';

export interface SerialPortSettings {
  /** Such as `/dev/ttyUSB0` or `COM3`. */
  readonly path: string;
  readonly baudRate: number;
  readonly dataBits: 7 | 8;
  readonly parity: 'none' | 'even' | 'odd';
  readonly stopBits: 1 | 2;
}

/** Opens a serial port; emits `open`, or `error` when it can't. Loaded when there is one, as few adapters have it. */
export function openSerialPort(settings: SerialPortSettings): Duplex {
  const { SerialPort } = createRequire(import.meta.url)('serialport') as typeof import('serialport');
  return new SerialPort({ ...settings, autoOpen: true });
}
