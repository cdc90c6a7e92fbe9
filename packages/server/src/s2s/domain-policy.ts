/** Which domains there may be traffic with. */
export interface DomainPolicy {
  /** Only these, where there are any; `*.example.org` means all below it. */
  readonly allow: readonly string[];
  /** Not these. */
  readonly deny: readonly string[];
}

/** @param domain as in a JID */
export function isAllowedDomain({ allow, deny }: DomainPolicy, domain: string): boolean {
  const isNamed = (entry: string) => (entry.startsWith('*.') ? domain.endsWith(entry.slice(1)) : domain === entry);
  return !deny.some(isNamed) && (allow.length === 0 || allow.some(isNamed));
}
