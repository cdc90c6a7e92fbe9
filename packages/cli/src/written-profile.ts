import { writeFileSync } from 'node:fs';
import { type ServerConfig, serverTls } from '@thingward/server';
import { stringify } from 'yaml';
import { CommandError } from './errors.ts';

/** Hosts that stand for all addresses: where they are to be reached, the domain says. */
const EVERYWHERE: readonly string[] = ['0.0.0.0', '::', '[::]'];

/** Writes a profile for an account of a server, for its user alone. @throws CommandError when the file is there, or can't be written */
export async function writeProfile(file: string, jid: string, password: string, config: ServerConfig): Promise<void> {
  const { c2s, c2sTls } = config.listen;
  const door = c2s ?? c2sTls;
  const { fingerprint } = await serverTls(config);
  const server = {
    ...(door && !EVERYWHERE.includes(door.host) ? { host: door.host } : {}),
    ...(door ? { port: door.port, tls: door === c2s ? 'starttls' : 'direct' } : {}),
    fingerprint,
  };
  try {
    writeFileSync(file, stringify({ jid, password, server }), { mode: 0o600, flag: 'wx' });
  } catch (error) {
    throw new CommandError(`the account was made, but ${file} can't be written: ${(error as Error).message}`);
  }
}
