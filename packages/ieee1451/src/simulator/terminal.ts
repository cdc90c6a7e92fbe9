import { openSync } from 'node:fs';
import type { Duplex } from 'node:stream';
import { ReadStream } from 'node:tty';

/** A terminal, real or not, whose speed and mode somebody has set already. @throws the system's error when it can't be opened */
export function openTerminal(path: string): Duplex {
  return new ReadStream(openSync(path, 'r+')).setRawMode(true);
}
