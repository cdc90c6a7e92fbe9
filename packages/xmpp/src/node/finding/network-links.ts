import { networkInterfaces } from 'node:os';

/** A network interface, and with it the link it is on. */
export interface NetworkLink {
  readonly name: string;
  readonly ipv4: readonly string[];
  /** Those of the link alone have the name of the interface behind a percent sign. @see RFC 4007 §11 */
  readonly ipv6: readonly string[];
}

/**
 * The network interfaces that are up.
 * @param chosen names and addresses of some; all but loopback when not given
 */
export function networkLinks(chosen?: readonly string[]): readonly NetworkLink[] {
  return Object.entries(networkInterfaces()).flatMap(([name, addresses = []]): NetworkLink[] => {
    const isChosen = chosen
      ? chosen.includes(name) || addresses.some(({ address }) => chosen.some((each) => withoutZone(each) === address))
      : addresses.some(({ internal }) => !internal);
    if (!isChosen) return [];
    const of = (family: string) => addresses.filter((each) => each.family === family).map(({ address }) => address);
    // The one that was chosen comes first.
    const ipv4 = of('IPv4').sort((a, b) => Number(chosen?.includes(b) ?? false) - Number(chosen?.includes(a) ?? false));
    const ipv6 = of('IPv6').map((address) => (isLinkLocal(address) ? `${address}%${name}` : address));
    return [{ name, ipv4, ipv6 }];
  });
}

/** Addresses by which a link is spoken to by SSDP: one of IPv4, and one of IPv6, of the link alone where there is one. */
export function ssdpAddresses({ name, ipv4: [ipv4], ipv6 }: NetworkLink): readonly string[] {
  const [first] = ipv6;
  const zoned = ipv6.find((address) => address.includes('%')) ?? (first && `${first}%${name}`);
  return [ipv4, zoned].filter((address) => address !== undefined);
}

/** Does it hold on its link alone? @see RFC 4291 §2.5.6 */
export function isLinkLocal(address: string): boolean {
  return /^fe[89ab]/i.test(address);
}

export function withoutZone(address: string): string {
  return address.replace(/%.*$/, '');
}
