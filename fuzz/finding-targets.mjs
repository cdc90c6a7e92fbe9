/*
 * What neighbours on the network and programs of the system say about where the server is, changed at random.
 */
import {
  decodeDhcp,
  encodeInform,
  FindingError,
  keyedOption,
  lastDhclientOption,
  rawOption,
  xmppServerName,
} from '@thingward/xmpp/finding';

const INFORM = encodeInform({
  transaction: 7,
  hardwareAddress: Uint8Array.of(2, 0, 0, 0, 0, 1),
  address: '192.0.2.9',
  options: [224, 15],
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
