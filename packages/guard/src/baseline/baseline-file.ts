import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { MAX_RANGES } from './address-ranges.ts';
import type { StoredBaseline } from './baseline.ts';
import { BaselineError } from './baseline-error.ts';
import { MAX_KINDS } from './profile.ts';

const time = z.number().nonnegative();
const text = z.string().max(3100);
const range = z.tuple([z.number(), z.number()]);
const headSchema = z.strictObject({ version: z.literal(1), things: z.array(z.tuple([text, time])) });
const profileSchema = z.strictObject({
  principal: text,
  thing: text,
  since: time,
  last: time,
  isNewcomer: z.boolean(),
  operations: time,
  peak: time,
  peakAt: time,
  kinds: z.array(z.tuple([text, time, time, time])).max(MAX_KINDS),
  ranges: z.array(z.tuple([text, z.array(range).max(MAX_RANGES)])),
  raised: z.array(z.strictObject({ at: time, signal: text, text })),
});
const PROFILES_AT_ONCE = 100;

/** A baseline on the disk: a line for the Things, then a line for each profile. */
export class BaselineFile {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** Undefined where there is none. @throws BaselineError where it can't be read or is none */
  load(): StoredBaseline | undefined {
    if (!existsSync(this.path)) return undefined;
    let number = 0;
    try {
      const [head = '', ...lines] = readFileSync(this.path, 'utf8').trimEnd().split('\n');
      const read = <Schema extends z.ZodType>(line: string, schema: Schema) => {
        number++;
        return schema.parse(JSON.parse(line));
      };
      const { things } = read(head, headSchema);
      return { things, profiles: lines.map((line) => read(line, profileSchema)) };
    } catch (error) {
      const why = error instanceof z.ZodError ? z.prettifyError(error) : (error as Error).message;
      throw new BaselineError(`${this.path}:${number}: ${why}`, { cause: error });
    }
  }

  /** Writes it as a whole or not at all. Other work gets its turn in between. */
  async save({ things, profiles }: StoredBaseline): Promise<void> {
    mkdirSync(dirname(this.path), { recursive: true });
    const fresh = `${this.path}.new`;
    const file = await open(fresh, 'w', 0o600);
    try {
      await file.write(`${JSON.stringify({ version: 1, things })}\n`);
      for (let i = 0; i < profiles.length; i += PROFILES_AT_ONCE) {
        const lines = profiles.slice(i, i + PROFILES_AT_ONCE).map((profile) => `${JSON.stringify(profile)}\n`);
        await file.write(lines.join(''));
      }
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(fresh, this.path);
  }
}
