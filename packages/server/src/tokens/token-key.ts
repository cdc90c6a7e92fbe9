import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StorageError } from '../storage/database.ts';

const BYTES = 32;

/**
 * The key tokens are made with. It is kept beside the database, not in it: who gets hold of a copy of the database alone has no tokens.
 * Without it, all tokens are void and clients come back with their passwords.
 * @throws StorageError
 */
export function loadTokenKey(dataDir: string): Buffer {
  const file = join(dataDir, 'token.key');
  try {
    mkdirSync(dataDir, { recursive: true });
    try {
      writeFileSync(file, randomBytes(BYTES).toString('base64url'), { flag: 'wx', mode: 0o600 });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const key = Buffer.from(readFileSync(file, 'utf8').trim(), 'base64url');
    if (key.length !== BYTES) throw new Error(`expected ${BYTES} bytes, found ${key.length}`);
    return key;
  } catch (error) {
    throw new StorageError(`can't use the key of tokens ${file}: ${(error as Error).message}`, { cause: error });
  }
}
