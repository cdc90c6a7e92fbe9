import { parseElement, XmlError, xml } from '@thingward/xml';

/** Namespace of host-meta files. @see RFC 6415 §2 */
export const XRD = 'http://docs.oasis-open.org/ns/xri/xrd-1.0';

const RELATION = 'urn:xmpp:alt-connections:';
const KINDS = ['websocket', 'xbosh'] as const;

/** Ways to connect that no DNS record tells of, by the last part of their relation. @see XEP-0156 §3.1 */
export type AlternativeConnection = (typeof KINDS)[number];

/** Where they are. */
export type AlternativeConnections = Partial<Record<AlternativeConnection, string>>;

/** As XML. @see XEP-0156 §3.3 */
export function encodeHostMeta(connections: AlternativeConnections): string {
  const links = linksOf(connections).map((link) => xml('Link', link));
  return `<?xml version='1.0' encoding='utf-8'?>${xml('XRD', { xmlns: XRD }, links)}`;
}

/** As JSON. @see RFC 6415 appendix A */
export function encodeHostMetaJson(connections: AlternativeConnections): { readonly links: readonly object[] } {
  return { links: linksOf(connections) };
}

/** Reads XML or JSON. @returns the first of each kind; nothing of what is not understood */
export function decodeHostMeta(text: string): AlternativeConnections {
  const links = text.trimStart().startsWith('{') ? jsonLinks(text) : xmlLinks(text);
  const found: AlternativeConnections = {};
  for (const { rel, href } of links) {
    const kind = KINDS.find((name) => rel === RELATION + name);
    if (kind && typeof href === 'string' && URL.canParse(href)) found[kind] ??= href;
  }
  return found;
}

interface Link {
  readonly rel?: unknown;
  readonly href?: unknown;
}

function linksOf(connections: AlternativeConnections): { rel: string; href: string | undefined }[] {
  return KINDS.filter((kind) => connections[kind] !== undefined).map((kind) => ({
    rel: RELATION + kind,
    href: connections[kind],
  }));
}

function xmlLinks(text: string): readonly Link[] {
  try {
    return parseElement(text)
      .childrenNamed('Link', XRD)
      .map(({ attributes }) => attributes);
  } catch (error) {
    if (error instanceof XmlError) return [];
    throw error;
  }
}

function jsonLinks(text: string): readonly Link[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return [];
  }
  const links = typeof value === 'object' && value !== null && 'links' in value ? value.links : undefined;
  return Array.isArray(links) ? links.filter((link) => typeof link === 'object' && link !== null) : [];
}
