import { afterEach, describe, expect, it, vi } from 'vitest';
import { hasCommand } from './daemon.ts';
import { hasNetworkNamespaces, Link } from './links.ts';
import { hasPythonPackage } from './python.ts';

const links: Link[] = [];
afterEach(async () => {
  for (const link of links.splice(0)) await link.close();
});

function newLink(options?: ConstructorParameters<typeof Link>[0]): Link {
  const link = new Link(options);
  links.push(link);
  return link;
}

const isPermitted = hasNetworkNamespaces();
const DOORS = 'listen: { c2s: 0.0.0.0:5222, c2sTls: 0.0.0.0:5223 }';
/** By IPv6, too. */
const ALL_DOORS = 'listen: { c2s: "[::]:5222", c2sTls: "[::]:5223" }';
const FINGERPRINT = expect.stringMatching(/^[0-9a-f]{64}$/);

/** A name server that knows one domain; it may be a DHCP server, too. */
async function startDnsmasq(link: Link, lines: readonly string[] = []): Promise<void> {
  const file = link.file('dnsmasq.conf', [
    ...['no-resolv', 'no-hosts', 'bind-interfaces', 'listen-address=10.77.0.1', 'user=root', 'pid-file='],
    ...['log-facility=-', 'local=/pronto.example/', 'host-record=xmpp.pronto.example,10.77.0.2'],
    'srv-host=_xmpps-client._tcp.pronto.example,xmpp.pronto.example,5223',
    ...lines,
  ]);
  await link.start('network', ['dnsmasq', '--keep-in-foreground', `--conf-file=${file}`], /started/);
}

const serveAt = (link: Link, more = '', doors = DOORS) =>
  link.serve('neighbour', `domain: pronto.example\ndataDir: ${link.directory}/data\n${doors}\n${more}`);

/** As found by DHCP, with the certificate the server really showed. */
const BY_DHCP = {
  method: 'dhcp',
  domain: 'pronto.example',
  host: 'xmpp.pronto.example',
  port: 5223,
  tls: 'direct',
  fingerprint: FINGERPRINT,
  isVouchedFor: false,
};

describe('a server is found', () => {
  it.skipIf(!isPermitted || !hasCommand('dnsmasq'))(
    'by an option of dnsmasq (skipped unless dnsmasq is installed and networks can be made)',
    async () => {
      const link = newLink();
      const lease = ['dhcp-range=10.77.0.10,10.77.0.50', `dhcp-leasefile=${link.directory}/leases`];
      await startDnsmasq(link, [...lease, 'dhcp-option=224,"pronto.example"']);
      await serveAt(link);
      expect(link.find('neighbour')).toEqual([BY_DHCP]);
      expect(link.find('neighbour', '--domain', 'pronto.example', '--dhcp-option', '225')).toEqual([
        { ...BY_DHCP, method: 'dns' },
      ]);
    },
  );

  it.skipIf(!isPermitted || !hasCommand('dnsmasq') || !hasCommand('dhcpd'))(
    'by an option of ISC dhcpd (skipped unless it and dnsmasq are installed and networks can be made)',
    async () => {
      const link = newLink();
      await startDnsmasq(link);
      const file = link.file('dhcpd.conf', [
        'authoritative;',
        'option xmpp-server code 224 = text;',
        'subnet 10.77.0.0 netmask 255.255.255.0 { range 10.77.0.10 10.77.0.50; option domain-name "example"; option xmpp-server "pronto"; }',
      ]);
      const leases = link.file('dhcpd.leases', []);
      const args = ['-f', '-d', '-user', 'root', '-group', 'root', '-cf', file, '-lf', leases, '--no-pid', 'link0'];
      await link.start('network', ['dhcpd', ...args], /Server starting service/);
      await serveAt(link);
      expect(link.find('neighbour')).toEqual([BY_DHCP]);
    },
  );

  it.skipIf(!isPermitted || !hasCommand('avahi-daemon') || !hasCommand('avahi-browse') || !hasCommand('dbus-daemon'))(
    'by multicast DNS, ours by Avahi and that of Avahi by us (skipped unless avahi-daemon, avahi-utils and dbus are installed and networks can be made)',
    async () => {
      const link = newLink();
      await serveAt(link, 'announce: { mdns: true, name: pronto }');
      await link.startAvahi('network', 'neighbour');
      for (const [type, port] of [
        ['_xmpp-client._tcp', 5222],
        ['_xmpps-client._tcp', 5223],
      ] as const) {
        const lines = link.run('network', ['timeout', '20', 'avahi-browse', '-rpt', type]);
        const resolved = lines.filter((line) => line.startsWith('='));
        // Told over both, of doors that are for IPv4 alone.
        expect([...resolved].sort()).toEqual(
          ['IPv4', 'IPv6'].map(
            (family) =>
              `=;link0;${family};pronto;${type};local;pronto.local;10.77.0.2;${port};"ordom=pronto.example" "txtvers=1"`,
          ),
        );
      }
      const chat = ['-s', 'chat', '_xmpp-client._tcp', '5222', 'txtvers=1', 'ordom=example.com', 'regis=registry'];
      await link.start('network', ['avahi-publish', ...chat], /Established/);
      const found = link.find('neighbour', '--interface', '10.77.0.2');
      expect(found).toContainEqual({
        ...{ method: 'mdns', domain: 'example.com', host: '10.77.0.1', port: 5222, tls: 'starttls' },
        ...{ registries: ['registry@example.com'], isVouchedFor: false },
        failure: expect.stringContaining('ECONNREFUSED'),
      });
    },
  );

  it.skipIf(!isPermitted || !hasCommand('avahi-daemon') || !hasCommand('avahi-browse') || !hasCommand('dbus-daemon'))(
    'by multicast DNS over IPv6, by Avahi and by us, and under another name where Avahi has it (skipped unless avahi-daemon, avahi-utils and dbus are installed and networks can be made)',
    async () => {
      const link = newLink();
      await link.startAvahi('network', 'pronto');
      await serveAt(link, 'announce: { mdns: true, name: pronto }', ALL_DOORS);
      const lines = () => link.run('network', ['timeout', '20', 'avahi-browse', '-rpt', '_xmpps-client._tcp']);
      await vi.waitFor(
        () => {
          const resolved = lines().filter((line) => line.startsWith('='));
          const start = (family: string) => `=;link0;${family};pronto-1;_xmpps-client._tcp;local;pronto-1.local;`;
          expect(resolved).toHaveLength(2);
          for (const family of ['IPv4', 'IPv6'])
            expect(resolved.some((line) => line.startsWith(start(family)))).toBe(true);
          expect(resolved.filter((line) => line.endsWith(';5223;"ordom=pronto.example" "txtvers=1"'))).toHaveLength(2);
        },
        { timeout: 30_000, interval: 1000 },
      );
      expect(link.run('network', ['timeout', '10', 'avahi-resolve', '-6', '-n', 'pronto-1.local'])[0]).toMatch(/fe80:/);
      // Without IPv4 the link itself is enough.
      link.dropIpv4();
      const found = link.find('network', '--interface', 'link0').filter(({ method }) => method === 'mdns');
      expect(found).toContainEqual({
        ...{ method: 'mdns', domain: 'pronto.example', port: 5223, tls: 'direct' },
        host: expect.stringMatching(/^fe80:.*%link0$/),
        ...{ isVouchedFor: false, fingerprint: FINGERPRINT },
      });
    },
  );

  it.skipIf(!isPermitted || !hasCommand('gssdp-discover'))(
    'by SSDP, by gssdp and by us (skipped unless gssdp-tools is installed and networks can be made)',
    async () => {
      const link = newLink();
      await serveAt(link, 'announce: { ssdp: true, descriptionPort: 8090 }');
      const type = 'urn:thingward:device:XmppServer:1';
      const discover = (...args: string[]) =>
        link.run('network', ['timeout', '20', 'gssdp-discover', '-i', 'link0', '-n', '3', ...args]).join('\n');
      const heard = discover('-t', type);
      expect(heard).toContain(`::${type}`);
      expect(heard).toContain('Location: http://10.77.0.2:8090/upnp/description.xml');
      const all = discover();
      for (const target of ['upnp:rootdevice', type]) expect(all).toContain(`::${target}`);
      const found = link.find('network', '--interface', '10.77.0.1').filter(({ method }) => method === 'ssdp');
      expect(found).toEqual(
        [
          { port: 5223, tls: 'direct' },
          { port: 5222, tls: 'starttls' },
        ].map((door) => ({
          ...{ method: 'ssdp', domain: 'pronto.example', host: '10.77.0.2', ...door },
          registries: ['registry.pronto.example'],
          provisioningServers: ['provisioning.pronto.example'],
          ...{ isVouchedFor: false, fingerprint: FINGERPRINT },
        })),
      );
    },
  );

  it.skipIf(!isPermitted || !hasPythonPackage('async_upnp_client'))(
    'by SSDP, with its description, by async_upnp_client (skipped unless that Python package is installed and networks can be made)',
    async () => {
      const link = newLink();
      await serveAt(link, 'announce: { ssdp: true }', ALL_DOORS);
      // Over IPv4, and over IPv6.
      for (const origin of ['10.77.0.1', 'link0']) {
        expect(link.runPeer('network', 'upnp_search.py', [origin, 'urn:thingward:device:XmppServer:1'])).toEqual([
          {
            device_type: 'urn:thingward:device:XmppServer:1',
            friendly_name: 'XMPP server of pronto.example',
            model_name: 'Thingward',
            udn: expect.stringMatching(/^uuid:[\da-f]{8}-[\da-f]{4}-8/),
          },
        ]);
      }
    },
  );

  it.skipIf(!isPermitted)('by SSDP where there is no IPv4 (skipped unless networks can be made)', async () => {
    const link = newLink({ triesOut: true });
    link.dropIpv4();
    await serveAt(link, 'announce: { ssdp: true }', ALL_DOORS);
    const found = await vi.waitUntil(
      async () => {
        const args = ['find-server', '--json', '--seconds', '3', '--interface', 'link0'];
        const { code, stdout } = await link.outcome('network', args);
        if (code !== 0) return false;
        const lines = stdout.split('\n').filter((line) => line !== '');
        const servers = lines.map((line) => JSON.parse(line)).filter(({ method }) => method === 'ssdp');
        return servers.length > 0 && servers;
      },
      { timeout: 30_000, interval: 500 },
    );
    expect(found).toEqual(
      [
        { port: 5223, tls: 'direct' },
        { port: 5222, tls: 'starttls' },
      ].map((door) => ({
        ...{ method: 'ssdp', domain: 'pronto.example', host: expect.stringMatching(/^fe80:.*%link0$/), ...door },
        registries: ['registry.pronto.example'],
        provisioningServers: ['provisioning.pronto.example'],
        ...{ isVouchedFor: false, fingerprint: FINGERPRINT },
      })),
    );
  });

  it.skipIf(!isPermitted).each([['mdns'], ['ssdp']])(
    'by a gateway without an address, by %s (skipped unless networks can be made)',
    async (method) => {
      const link = newLink();
      await serveAt(link, `announce: { ${method}: true }`);
      link.runCommand('neighbour', ['user', 'add', 'plc', '--password-stdin', '--config', link.serverConfig], 'secret');
      const gateway = link.file('gateway.yaml', [
        'server: { find: { interfaces: [10.77.0.1] }, trustOnFirstUse: true }',
        `dataDir: ${link.directory}/gateway`,
        'things: [{ driver: direct-io, name: Host, account: { jid: plc@pronto.example, password: secret } }]',
      ]);
      await link.startCommand('network', ['gateway', '--config', gateway], /gateway ready/);
      const [shown = '{}'] = link.runCommand('network', ['gateway', 'pin', '--json', '--config', gateway]);
      expect(JSON.parse(shown)).toMatchObject({ domain: 'pronto.example', fingerprint: FINGERPRINT });
    },
  );
});
