import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterEach, expect, it } from 'vitest';
import { keyedOption, lastDhclientOption, rawOption, serversInLeases } from './dhcp-leases.ts';

const directories: string[] = [];
afterEach(() => {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true });
});

const HEXADECIMAL = Buffer.from('pronto.local').toString('hex');
const DHCLIENT = `lease {
  interface "eth0";
  option unknown-224 "old.example";
}
lease {
  interface "eth0";
  option subnet-mask 255.255.255.0;
  option unknown-224 "new.example";
  option unknown-225 "other.example";
}
`;

it('reads the leases of four clients', async () => {
  const root = mkdtempSync(join(tmpdir(), 'thingward-leases-'));
  directories.push(root);
  const raw = Buffer.alloc(256);
  raw.set([99, 130, 83, 99, 224, 3, 97, 46, 98, 255], 236);
  for (const [path, contents] of [
    ['var/lib/dhcp/dhclient.eth0.leases', DHCLIENT],
    ['run/systemd/netif/leases/2', `ADDRESS=192.0.2.9\nOPTION_224=${HEXADECIMAL}\n`],
    ['var/lib/NetworkManager/internal-x-eth1.lease', 'ADDRESS=192.0.2.9\nOPTION_224=612e63\n'],
    ['var/lib/dhcpcd/eth0.lease', raw],
    ['var/lib/dhcpcd/notes.txt', raw],
  ] as const) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), contents);
  }
  expect(await serversInLeases(224, root)).toEqual(['new.example', 'pronto.local', 'a.c', 'a.b']);
  expect(await serversInLeases(225, root)).toEqual(['other.example']);
  expect(await serversInLeases(224, join(root, 'nowhere'))).toEqual([]);
});

it('reads bytes in hexadecimal, as dhclient writes what is no text', () => {
  expect(lastDhclientOption(Buffer.from('  option unknown-224 61:2e:62:0;\n'), 224)).toBe('a.b');
  expect(lastDhclientOption(Buffer.from('  option unknown-224 "<x/>";\n'), 224)).toBeUndefined();
});

it('of anything else reads a name or nothing', () => {
  const text = fc.oneof(
    fc.string(),
    fc.string().map((value) => `option unknown-224 ${value};\nOPTION_224=${value}\n`),
  );
  fc.assert(
    fc.property(text, (contents) => {
      for (const read of [lastDhclientOption, keyedOption, rawOption]) {
        const name = read(Buffer.from(contents), 224);
        if (name !== undefined) expect(name).toMatch(/^[a-z\d._-]+$/);
      }
    }),
  );
});
