/** How a server was found. @see XEP-0347 §3.3 */
export type FindingMethod = (typeof FINDING_METHODS)[number];

/**
 * In the order in which what they find is to be preferred: what an administrator has told the network or the name servers comes before
 * what any machine on the link may say of itself.
 */
export const FINDING_METHODS = ['dhcp', 'dns', 'mdns', 'ssdp'] as const;

/** A door for clients that somebody says is there. Nobody has vouched for it: see `shownCertificate`. */
export interface FoundServer {
  readonly method: FindingMethod;
  /** The XMPP domain behind it. */
  readonly domain: string;
  /** Name or IP address to connect to. */
  readonly host: string;
  readonly port: number;
  /** `direct`: TLS from the first byte (XEP-0368). */
  readonly tls: 'direct' | 'starttls';
  /** Thing Registries and Provisioning Servers it names; JIDs. @see XEP-0347 §3.3.2.2 */
  readonly registries?: readonly string[];
  readonly provisioningServers?: readonly string[];
}

/**
 * Puts the best first: by method, then TLS from the first byte, then in the order in which they were found. One door that several
 * methods found stays where it is best.
 */
export function inOrderOfPreference(found: readonly FoundServer[]): readonly FoundServer[] {
  const rank = ({ method, tls }: FoundServer) => FINDING_METHODS.indexOf(method) * 2 + (tls === 'direct' ? 0 : 1);
  const seen = new Set<string>();
  return [...found]
    .sort((a, b) => rank(a) - rank(b))
    .filter((server) => {
      const key = doorOf(server);
      if (seen.has(key)) return false;
      seen.add(key);
      return true;
    });
}

/** The same for the same door, whoever found it. */
export function doorOf({ domain, host, port, tls }: FoundServer): string {
  return `${domain} ${host} ${port} ${tls}`.toLowerCase();
}
