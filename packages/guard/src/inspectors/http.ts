import { type PacketInspector, unknownOperation } from '../packet-inspector.ts';

/** @see XEP-0332 §4 */
export const HTTP_NAMESPACE = 'urn:xmpp:http';
const PROTOCOL = 'http';
/** Methods that change nothing. @see RFC 9110 §9.2.1 */
const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);
const ANSWERS = new Set(['resp', 'chunk', 'close']);
const BASE = 'http://thing.invalid';

/** HTTP over XMPP: safe methods `read`, all others `write`. @see XEP-0332 */
export const httpInspector: PacketInspector = {
  protocol: PROTOCOL,
  actions: ['read', 'write'],
  namespaces: [HTTP_NAMESPACE],
  answers: ANSWERS,
  about: 'addressee',
  inspect(payload, { to: jid }) {
    if (ANSWERS.has(payload.name)) return [];
    const resource = { kind: 'thing', jid } as const;
    const method = payload.attribute('method')?.trim().toUpperCase();
    const target = payload.attribute('resource');
    if (payload.name !== 'req' || !method || target === undefined) {
      return [unknownOperation(PROTOCOL, resource, payload, 'it is no HTTP request with method and resource')];
    }
    const path = normalPath(target);
    if (path === undefined) return [unknownOperation(PROTOCOL, resource, payload, 'the resource is no path')];
    const action = SAFE.has(method) ? 'read' : 'write';
    return [{ action, resource, facts: { protocol: PROTOCOL, method, path, name: path, text: target } }];
  },
};

/** The path as a server would look for it, so that no spelling of it evades a rule. @returns undefined where it can't be told */
export function normalPath(target: string): string | undefined {
  if (target === '*') return target;
  const slashed = target.replaceAll('\\', '/');
  // In origin form it is a path even where it begins with two slashes (RFC 9112 §3.2.1).
  const url = slashed.startsWith('/') ? BASE + slashed : slashed;
  if (!URL.canParse(url, BASE)) return undefined;
  let path: string;
  try {
    path = decodeURIComponent(new URL(url, BASE).pathname);
  } catch {
    return undefined;
  }
  // Decoded a second time it would be another: who can say how often a server decodes?
  if (path.includes('%') || path.includes('\0')) return undefined;
  const single = path.replaceAll('\\', '/').replaceAll(/\/{2,}/g, '/');
  return new URL(BASE + single.replaceAll('?', '%3F').replaceAll('#', '%23')).pathname;
}
