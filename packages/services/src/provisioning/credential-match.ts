import { createHash } from 'node:crypto';
import { BlockList, isIP } from 'node:net';
import type { Credential } from '@thingward/things';
import { Jid } from '@thingward/xmpp';

/** Who a grant is for: each condition that is there has to be met by one of what it lists. Nothing at all is met by everybody. */
export interface AccessConditions {
  /** `*` stands for any characters. Compared with the bare JID. */
  readonly jid?: readonly string[] | undefined;
  readonly userName?: readonly string[] | undefined;
  readonly hostName?: readonly string[] | undefined;
  /** Addresses, or ranges like 10.0.0.0/8. */
  readonly address?: readonly string[] | undefined;
  /** SHA-256 or SHA-1 of a certificate in DER, in lower-case hexadecimal without colons. */
  readonly certificate?: readonly string[] | undefined;
  readonly protocol?: readonly string[] | undefined;
  readonly sso?: readonly string[] | undefined;
  readonly within?: { readonly latitude: number; readonly longitude: number; readonly km: number } | undefined;
}

const EARTH_KM = 6371;

/** What the service knows of a user, by what it is, in one form. */
export interface KnownUser {
  readonly jid: readonly string[];
  readonly userName: readonly string[];
  readonly hostName: readonly string[];
  readonly address: readonly string[];
  readonly certificate: readonly string[];
  readonly protocol: readonly string[];
  readonly sso: readonly string[];
  readonly latitude?: number | undefined;
  readonly longitude?: number | undefined;
}

/** Names that the examples of XEP-0324 §3.6.2 and its table give credentials. */
const NAMES: Readonly<Record<string, keyof KnownUser>> = {
  jid: 'jid',
  username: 'userName',
  hostname: 'hostName',
  ip4: 'address',
  ip6: 'address',
  ipaddress: 'address',
  x509certificatethumbprint: 'certificate',
  protocol: 'protocol',
  sso: 'sso',
  ssotoken: 'sso',
  latitude: 'latitude',
  longitude: 'longitude',
};

/** Credentials of either form in one; those that can't be what they say are passed over. */
export function knownUser(credentials: readonly Credential[]): KnownUser {
  const lists = {
    jid: [] as string[],
    userName: [] as string[],
    hostName: [] as string[],
    address: [] as string[],
    certificate: [] as string[],
    protocol: [] as string[],
    sso: [] as string[],
  };
  const place: { latitude?: number; longitude?: number } = {};
  const take = (name: keyof KnownUser | undefined, text: string) => {
    if (name === undefined) return;
    if (name === 'latitude' || name === 'longitude') {
      const value = Number(text);
      if (text.trim() !== '' && Number.isFinite(value)) place[name] = value;
    } else if (name === 'jid') lists.jid.push(...[Jid.tryParse(text)?.bare.toString() ?? []].flat());
    else if (name === 'certificate') lists.certificate.push(text.toLowerCase().replaceAll(/[^0-9a-f]/g, ''));
    else if (name === 'hostName') lists.hostName.push(text.toLowerCase());
    else lists[name].push(text);
  };
  for (const credential of credentials) {
    switch (credential.kind) {
      case 'other':
        take(NAMES[credential.type.toLowerCase()], credential.value);
        break;
      case 'x509Certificate':
        for (const hash of ['sha256', 'sha1']) {
          lists.certificate.push(createHash(hash).update(credential.value).digest('hex'));
        }
        break;
      case 'x509CertificateThumbprint':
        lists.certificate.push(Buffer.from(credential.value).toString('hex'));
        break;
      default:
        take(NAMES[credential.kind.toLowerCase()], String(credential.value));
    }
  }
  return { ...lists, ...place };
}

export function meets(user: KnownUser, conditions: AccessConditions): boolean {
  for (const name of ['jid', 'userName', 'hostName'] as const) {
    const patterns = conditions[name];
    if (patterns && !user[name].some((value) => patterns.some((pattern) => isLike(value, pattern)))) return false;
  }
  for (const name of ['certificate', 'protocol', 'sso'] as const) {
    const values = conditions[name];
    if (values && !user[name].some((value) => values.includes(value))) return false;
  }
  const { address, within } = conditions;
  if (address && !user.address.some((value) => isInRanges(value, address))) return false;
  if (!within) return true;
  const { latitude, longitude } = user;
  if (latitude === undefined || longitude === undefined) return false;
  return distanceKm({ latitude, longitude }, within) <= within.km;
}

/** `*` stands for any characters. Takes time in proportion to the product of both lengths at most: no pattern makes it hang. */
export function isLike(text: string, pattern: string): boolean {
  let at = 0;
  let next = 0;
  let star = -1;
  let resume = 0;
  while (at < text.length) {
    if (pattern[next] === '*') {
      star = next++;
      resume = at;
    } else if (next < pattern.length && pattern[next] === text[at]) {
      at++;
      next++;
    } else if (star >= 0) {
      next = star + 1;
      at = ++resume;
    } else return false;
  }
  while (pattern[next] === '*') next++;
  return next === pattern.length;
}

function isInRanges(address: string, ranges: readonly string[]): boolean {
  const family = isIP(address);
  if (family === 0) return false;
  const list = new BlockList();
  for (const range of ranges) {
    const [network = '', bits] = range.split('/');
    const type = isIP(network) === 6 ? 'ipv6' : 'ipv4';
    if (bits === undefined) list.addAddress(network, type);
    else list.addSubnet(network, Number(bits), type);
  }
  return list.check(address, family === 6 ? 'ipv6' : 'ipv4');
}

/** Along the surface of a sphere. */
function distanceKm(
  a: { readonly latitude: number; readonly longitude: number },
  b: { readonly latitude: number; readonly longitude: number },
): number {
  const radians = (degrees: number) => (degrees * Math.PI) / 180;
  const height = Math.sin(radians(b.latitude - a.latitude) / 2) ** 2;
  const width = Math.sin(radians(b.longitude - a.longitude) / 2) ** 2;
  const arc = height + Math.cos(radians(a.latitude)) * Math.cos(radians(b.latitude)) * width;
  return 2 * EARTH_KM * Math.asin(Math.min(1, Math.sqrt(arc)));
}
