import type { Kysely } from 'kysely';
import type { ServerSchema } from '../storage/schema.ts';
import { loadSecret } from '../storage/secret.ts';

/** Unique name of this server as a device: the same after each start. @see UPnP Device Architecture 2.0 §1.1.4, RFC 9562 §5.8 */
export async function uniqueDeviceName(database: Kysely<ServerSchema>): Promise<string> {
  const bytes = (await loadSecret(database, 'upnp-device')).subarray(0, 16);
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  const digits = bytes.toString('hex');
  return `uuid:${digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')}`;
}
