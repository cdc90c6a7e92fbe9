import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';

const FILE = new URL('./deviations.yaml', import.meta.url);

const schema = z.record(z.string(), z.array(z.strictObject({ scene: z.string(), why: z.string() })).default([]));

/** Scenes that a server is known to play otherwise, and why. @param server as it is called in deviations.yaml */
export function knownDeviations(server: string): ReadonlyMap<string, string> {
  const all = schema.parse(parse(readFileSync(FILE, 'utf8')) ?? {});
  return new Map((all[server] ?? []).map(({ scene, why }) => [scene, why]));
}
