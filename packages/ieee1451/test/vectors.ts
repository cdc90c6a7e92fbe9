import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A message or a TEDS that was captured, with what it was decoded as. */
export interface Vector {
  readonly name: string;
  readonly hex: string;
  readonly serviceType?: number;
  readonly serviceId?: number;
  readonly messageType?: number;
  readonly length?: number;
  readonly topic?: string | null;
  readonly decoded: Readonly<Record<string, unknown>> | null;
}

/** The captures are not ours to distribute: they are tested against where somebody has put them. */
const FILE =
  process.env.THINGWARD_IEEE1451_VECTORS ??
  fileURLToPath(new URL('../../../../shared/specs/ieee1451-vectors.json', import.meta.url));
const isThere = existsSync(FILE);

export const VECTORS: readonly Vector[] = isThere ? JSON.parse(readFileSync(FILE, 'utf8')) : [];

/** Why nothing captured is tested; undefined where it is. */
export const NO_VECTORS = isThere ? undefined : `there is no ${FILE}; THINGWARD_IEEE1451_VECTORS names another`;
