import { BlockList, isIP, isIPv6 } from 'node:net';

/** Networks that are not the public Internet. @see IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890), RFC 5771, RFC 4291 */
const SPECIAL: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
];

const special = new BlockList();
for (const [network, prefix] of SPECIAL) special.addSubnet(network, prefix, 'ipv4');

/** All of IPv6 but 2000::/3 is special, and so are these parts of it; translated addresses lead to IPv4 (RFC 6052, RFC 3056, RFC 4380). */
const SPECIAL_6: readonly (readonly [string, number])[] = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
];
const global6 = new BlockList();
global6.addSubnet('2000::', 3, 'ipv6');
for (const [network, prefix] of SPECIAL_6) special.addSubnet(network, prefix, 'ipv6');

/** Is it an address of the public Internet? One of a private network, of this machine or of many at once is not. */
export function isPublicAddress(address: string): boolean {
  const plain = address.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '');
  if (isIP(plain) === 0) return false;
  if (isIPv6(plain)) return global6.check(plain, 'ipv6') && !special.check(plain, 'ipv6');
  return !special.check(plain, 'ipv4');
}
