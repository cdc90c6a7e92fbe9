import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Logger } from '@thingward/xmpp';
import { destination, pino } from 'pino';

/** A logger whose level may change while it is used. */
export type LevelLogger = Logger & { level: string };

/** Logs as JSON lines. @param file undefined: standard error */
export function createLogger(level: string, file?: string): LevelLogger {
  if (file === undefined) return pino({ level }, destination({ dest: 2, sync: false }));
  mkdirSync(dirname(file), { recursive: true });
  return pino({ level }, destination({ dest: file, sync: false }));
}
