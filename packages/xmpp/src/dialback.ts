import { type Element, xml } from '@thingward/xml';
import { Jid } from './jid.ts';
import { NS } from './namespaces.ts';
import { StanzaError } from './stanza-error.ts';
import { StreamError } from './stream-error.ts';

/** @see XEP-0220 §2.4 */
export const DIALBACK = 'jabber:server:dialback';
export const DIALBACK_FEATURE = 'urn:xmpp:features:dialback';

const MAX_KEY_LENGTH = 1024;

/** What became of a request: granted, refused, or not to be found out. */
export type DialbackOutcome = 'valid' | 'invalid' | StanzaError;

/** The two domains a stanza goes between, normalised as those of JIDs. */
export interface DomainPair {
  readonly from: string;
  readonly to: string;
}

/** One element of server dialback: a request has a key, an answer an outcome. `verify` names the stream it is about. */
export type Dialback = DomainPair &
  ({ readonly kind: 'result' } | { readonly kind: 'verify'; readonly id: string }) &
  (
    | { readonly key: string; readonly outcome?: undefined }
    | { readonly key?: undefined; readonly outcome: DialbackOutcome }
  );

/** @see XEP-0220 §2.1, §2.2 */
export function encodeDialback(dialback: Dialback): Element {
  const { kind, from, to, key, outcome } = dialback;
  const id = dialback.kind === 'verify' ? dialback.id : undefined;
  if (outcome === undefined) return xml(kind, { xmlns: DIALBACK, from, to, id }, key);
  if (!(outcome instanceof StanzaError)) return xml(kind, { xmlns: DIALBACK, from, to, id, type: outcome });
  const error = outcome.toElement();
  const inServerNamespace = xml('error', { xmlns: NS.server, ...error.attributes }, error.children);
  return xml(kind, { xmlns: DIALBACK, from, to, id, type: 'error' }, inServerNamespace);
}

/**
 * Reads an element of the namespace `jabber:server:dialback`.
 * @throws StreamError `improper-addressing`, `bad-format`, `unsupported-stanza-type`
 */
export function decodeDialback(element: Element): Dialback {
  const pair = { from: domainOf(element, 'from'), to: domainOf(element, 'to') };
  const content = contentOf(element);
  if (element.name === 'result') return { kind: 'result', ...pair, ...content };
  if (element.name !== 'verify') {
    throw new StreamError('unsupported-stanza-type', `<${element.name}/> is not part of server dialback`);
  }
  const id = element.attribute('id');
  if (!id) throw new StreamError('bad-format', 'the verification of a key needs the id of a stream');
  return { kind: 'verify', ...pair, id, ...content };
}

/** Told of in stream features. @see XEP-0220 §2.4.2 */
export function dialbackFeature(): Element {
  return xml('dialback', { xmlns: DIALBACK_FEATURE }, xml('errors'));
}

function contentOf(element: Element): { key: string } | { outcome: DialbackOutcome } {
  const type = element.attribute('type');
  switch (type) {
    case undefined: {
      const key = element.text.trim();
      if (key === '' || key.length > MAX_KEY_LENGTH) throw new StreamError('bad-format', 'expected a dialback key');
      return { key };
    }
    case 'valid':
    case 'invalid':
      return { outcome: type };
    case 'error':
      return { outcome: errorOf(element) };
    default:
      throw new StreamError('bad-format', `"${type}" is no type of dialback`);
  }
}

/** The error is in the namespace of the stream's stanzas; some put it into that of dialback. */
function errorOf(element: Element): StanzaError {
  const error = element.elements.find(({ name }) => name === 'error');
  return StanzaError.fromStanza(
    xml('result', { xmlns: NS.server }, error && xml('error', { ...error.attributes }, error.children)),
  );
}

function domainOf(element: Element, attribute: 'from' | 'to'): string {
  const jid = Jid.tryParse(element.attribute(attribute));
  if (!jid || jid.local !== undefined || jid.resource !== undefined) {
    throw new StreamError('improper-addressing', `dialback needs a domain in "${attribute}"`);
  }
  return jid.domain;
}
