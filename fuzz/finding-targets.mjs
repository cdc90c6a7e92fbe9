/*
 * What neighbours on the network and programs of the system say about where the server is, changed at random.
 */
import {
  decodeDhcp,
  decodeSsdp,
  encodeDescription,
  encodeInform,
  encodeSsdp,
  FindingError,
  keyedOption,
  lastDhclientOption,
  rawOption,
  serversInDescription,
  xmppServerName,
} from '@thingward/xmpp/finding';

const INFORM = encodeInform({
  transaction: 7,
  hardwareAddress: Uint8Array.of(2, 0, 0, 0, 0, 1),
  address: '192.0.2.9',
  options: [224, 15],
});

const SEARCH = encodeSsdp('search', { HOST: '239.255.255.250:1900', MAN: '"ssdp:discover"', MX: 1, ST: 'ssdp:all' });
const DESCRIPTION = encodeDescription({
  udn: 'uuid:00000000-0000-8000-8000-000000000000',
  domain: 'example.org',
  doors: [{ tls: 'direct', port: 5223 }],
  registries: ['registry.example.org'],
  provisioningServers: [],
  version: '1',
  configId: 1,
});

export function findingTargets({ pick, mutated, noise, utf8 }) {
  const answer = (options) => Uint8Array.from([...INFORM.subarray(0, 240), ...options]);
  const named = [52, 1, 3, 224, 12, ...utf8('pronto.local'), 255];
  const leases = utf8('  option unknown-224 "pronto.local";\nOPTION_224=70:72\n  option unknown-224 61:62;\n');
  return {
    dhcp: [
      () => pick([mutated(INFORM), answer(mutated(named)), answer(noise(40))]),
      (input) => {
        const { options } = decodeDhcp(input);
        const name = options.get(224);
        if (name) xmppServerName(name, 'example.org');
      },
      FindingError,
    ],
    ssdp: [
      () => pick([mutated(SEARCH), noise(200)]),
      (input) => {
        const { kind, headers } = decodeSsdp(input);
        decodeSsdp(encodeSsdp(kind, Object.fromEntries(headers)));
      },
      FindingError,
    ],
    description: [
      () => Buffer.from(mutated(utf8(DESCRIPTION))).toString('utf8'),
      (input) => {
        for (const { port } of serversInDescription(input, '192.0.2.1')) {
          if (!(port > 0 && port < 65_536)) throw new Error(String(port));
        }
      },
      FindingError,
    ],
    leases: [
      () => pick([mutated(leases), answer(mutated(named))]),
      (input) => {
        for (const read of [lastDhclientOption, keyedOption, rawOption]) {
          const name = read(input, 224);
          if (name !== undefined && !/^[a-z\d._-]+$/.test(name)) throw new Error(name);
        }
      },
      [],
    ],
  };
}
