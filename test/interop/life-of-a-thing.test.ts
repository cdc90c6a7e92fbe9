import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect } from 'vitest';
import { DEVICE, type LifeStage, NODE, tellLife } from '../life-of-a-thing.ts';
import { hasCommand } from './daemon.ts';
import { hasNetworkNamespaces, Link } from './links.ts';

const PLANT = fileURLToPath(new URL('../../packages/modbus/dist/simulator/main.js', import.meta.url));
const PLANT_PORT = 5020;
const DOMAIN = 'pronto.example';

/** Two machines on a link: the server's, with people who have accounts, and the device's, beside a plant. */
async function onLink(announce: string, templateServer: object, prepare = async (_: Link) => {}): Promise<LifeStage> {
  const link = new Link();
  try {
    await prepare(link);
    const doors = 'listen: { c2s: 10.77.0.1:5222, c2sTls: 10.77.0.1:5223 }';
    await link.serve('network', `domain: ${DOMAIN}\ndataDir: ./data\n${doors}\n${announce}`);
    await link.start('neighbour', ['node', PLANT, '--listen', `127.0.0.1:${PLANT_PORT}`], /plc ready/);
  } catch (error) {
    await link.close();
    throw error;
  }
  return {
    domain: DOMAIN,
    directory: link.directory,
    templateServer,
    plantPort: PLANT_PORT,
    run: (...args) => link.outcome('network', [...args, ...configOf(args, link)]),
    startGateway: async (config) => ({
      stop: await link.startCommand('neighbour', ['gateway', '--config', config], /gateway ready/),
    }),
    async signedIn(config) {
      if (!('trustOnFirstUse' in templateServer)) return;
      const { stdout } = await link.outcome('neighbour', ['gateway', 'pin', '--json', '--config', config]);
      const { fingerprint } = JSON.parse(readFileSync(join(link.directory, 'made', 'server.json'), 'utf8'));
      expect(JSON.parse(stdout)).toMatchObject({ domain: DOMAIN, fingerprint: plain(fingerprint) });
    },
    close: () => link.close(),
  };
}

const plain = (fingerprint: string) => fingerprint.replace('sha256:', '').replaceAll(':', '').toLowerCase();

/** Those that work on the server's data directory have to be told where that is. */
function configOf([verb = '']: readonly string[], link: Link): readonly string[] {
  return verb === 'user' || verb === 'device' ? ['--config', link.serverConfig] : [];
}

/** A name server and DHCP server that knows where the XMPP server of the site is. */
async function startDnsmasq(link: Link): Promise<void> {
  const file = link.file('dnsmasq.conf', [
    ...['no-resolv', 'no-hosts', 'bind-interfaces', 'listen-address=10.77.0.1', 'user=root', 'pid-file='],
    ...['log-facility=-', `local=/${DOMAIN}/`, `host-record=xmpp.${DOMAIN},10.77.0.1`],
    `srv-host=_xmpps-client._tcp.${DOMAIN},xmpp.${DOMAIN},5223`,
    ...['dhcp-range=10.77.0.10,10.77.0.50', `dhcp-leasefile=${link.directory}/leases`, `dhcp-option=224,"${DOMAIN}"`],
  ]);
  await link.start('network', ['dnsmasq', '--keep-in-foreground', `--conf-file=${file}`], /started/);
}

const isPermitted = hasNetworkNamespaces();

/** No address of a server is known to anybody: what finds it is what is on the network. @see XEP-0347 §3.3 */
describe.skipIf(!isPermitted || !hasCommand('dnsmasq'))(
  'found by DHCP, with the server’s certificate known from the enrolment (skipped unless dnsmasq is installed and networks can be made)',
  () => tellLife(DEVICE, () => onLink('', { find: true }, startDnsmasq)),
);

describe.skipIf(!isPermitted)(
  'found by multicast DNS, and trusted at the first use (skipped unless networks can be made)',
  () => tellLife(NODE, () => onLink('announce: { mdns: true }', { find: true, trustOnFirstUse: true })),
);
