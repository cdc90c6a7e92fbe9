import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DHCP_OPTION, decodeDhcp, xmppServerName } from './dhcp-message.ts';
import { FindingError } from './finding-error.ts';

/** Where DHCP clients keep what they were told. */
const PLACES = [
  { directory: '/var/lib/dhcp', name: /^dhclient.*\.leases?$/, read: lastDhclientOption },
  { directory: '/var/lib/dhclient', name: /^dhclient.*\.leases?$/, read: lastDhclientOption },
  { directory: '/run/systemd/netif/leases', name: /^\d+$/, read: keyedOption },
  { directory: '/var/lib/NetworkManager', name: /\.lease$/, read: keyedOption },
  { directory: '/var/lib/dhcpcd', name: /\.lease$/, read: rawOption },
] as const;

const MAX_FILES = 64;
const MAX_LEASE_BYTES = 1_048_576;

/**
 * The servers that the leases of this machine name. Whatever can't be read is left out: leases are of programs that are not ours.
 * @param option code of the option; 224 when not given
 * @param root where the file system begins; for tests
 */
export async function serversInLeases(option: number = DHCP_OPTION.xmppServer, root = '/'): Promise<readonly string[]> {
  const found = new Set<string>();
  for (const { directory, name, read } of PLACES) {
    const folder = join(root, directory);
    const files = (await readdir(folder).catch(() => [])).filter((file) => name.test(file)).sort();
    for (const file of files.slice(0, MAX_FILES)) {
      const bytes = await readFile(join(folder, file)).catch(() => undefined);
      if (bytes === undefined || bytes.length > MAX_LEASE_BYTES) continue;
      const server = read(bytes, option);
      if (server !== undefined) found.add(server);
    }
  }
  return [...found];
}

/** `option unknown-224 "name";` or its bytes in hexadecimal; the lease written last counts. */
export function lastDhclientOption(bytes: Uint8Array, option: number): string | undefined {
  const values = Buffer.from(bytes)
    .toString('latin1')
    .split('\n')
    .flatMap((line) => /^\s*option\s+([\w.-]+)\s+(.{1,1024});\s*$/.exec(line)?.slice(1, 3) ?? [])
    .flatMap((text, i, all) => {
      const isOurs = i % 2 === 0 && (text === `unknown-${option}` || text === 'xmpp-server');
      return isOurs ? [all[i + 1] as string] : [];
    });
  const last = values.at(-1);
  if (last === undefined) return undefined;
  return named(last.startsWith('"') ? Buffer.from(last.slice(1, -1), 'latin1') : fromHexadecimal(last));
}

/** `OPTION_224=` and the bytes in hexadecimal, as systemd-networkd and NetworkManager write it. */
export function keyedOption(bytes: Uint8Array, option: number): string | undefined {
  const line = new RegExp(`^OPTION_${option}=([0-9a-f:]{1,1024})$`, 'im').exec(Buffer.from(bytes).toString('latin1'));
  return line?.[1] === undefined ? undefined : named(fromHexadecimal(line[1]));
}

/** The server's answer as it came, as dhcpcd keeps it. */
export function rawOption(bytes: Uint8Array, option: number): string | undefined {
  try {
    const value = decodeDhcp(bytes).options.get(option);
    return value && xmppServerName(value);
  } catch (error) {
    if (error instanceof FindingError) return undefined;
    throw error;
  }
}

function fromHexadecimal(text: string): Uint8Array {
  const digits = text.includes(':') ? text.split(':').map((part) => part.padStart(2, '0')) : [text];
  return Buffer.from(digits.join(''), 'hex');
}

function named(value: Uint8Array): string | undefined {
  try {
    return xmppServerName(value);
  } catch (error) {
    if (error instanceof FindingError) return undefined;
    throw error;
  }
}
