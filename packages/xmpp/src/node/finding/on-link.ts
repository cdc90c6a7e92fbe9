import { BlockList, isIPv4 } from 'node:net';
import { networkInterfaces } from 'node:os';

/**
 * Tells who is a neighbour: who has an address in a network of the interface that has this one, or one of the link alone. What is said on a link
 * is for neighbours, and answers to others could be made to go anywhere.
 * @see RFC 6762 §11
 */
export function neighboursOf(address: string): (source: string) => boolean {
  const networks = new BlockList();
  networks.addSubnet('169.254.0.0', 16, 'ipv4');
  networks.addSubnet('fe80::', 10, 'ipv6');
  const own = Object.values(networkInterfaces()).find((addresses = []) =>
    addresses.some((each) => each.address === address),
  );
  for (const { cidr, family } of own ?? []) {
    const [network, prefix] = cidr?.split('/') ?? [];
    if (network !== undefined) networks.addSubnet(network, Number(prefix), family === 'IPv4' ? 'ipv4' : 'ipv6');
  }
  return (source) => {
    const [plain = ''] = source.split('%');
    return networks.check(plain, isIPv4(plain) ? 'ipv4' : 'ipv6');
  };
}
