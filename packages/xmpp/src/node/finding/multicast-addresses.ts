import { networkInterfaces } from 'node:os';

/** The IPv4 address of each network interface but loopback: where one looks for neighbours. */
export function multicastAddresses(): readonly string[] {
  return Object.values(networkInterfaces()).flatMap((addresses = []) => {
    const first = addresses.find(({ family, internal }) => family === 'IPv4' && !internal);
    return first ? [first.address] : [];
  });
}
