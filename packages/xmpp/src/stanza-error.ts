import { type Element, xml } from '@thingward/xml';
import { NS } from './namespaces.ts';

/** What the sender may do about an error. @see RFC 6120 §8.3.2 */
export type StanzaErrorType = 'auth' | 'cancel' | 'continue' | 'modify' | 'wait';

/** The defined conditions with the error type each is used with unless something else is said. @see RFC 6120 §8.3.3 */
export const STANZA_ERROR_CONDITIONS = {
  'bad-request': 'modify',
  conflict: 'cancel',
  'feature-not-implemented': 'cancel',
  forbidden: 'auth',
  gone: 'cancel',
  'internal-server-error': 'cancel',
  'item-not-found': 'cancel',
  'jid-malformed': 'modify',
  'not-acceptable': 'modify',
  'not-allowed': 'cancel',
  'not-authorized': 'auth',
  'policy-violation': 'modify',
  'recipient-unavailable': 'wait',
  redirect: 'modify',
  'registration-required': 'auth',
  'remote-server-not-found': 'cancel',
  'remote-server-timeout': 'wait',
  'resource-constraint': 'wait',
  'service-unavailable': 'cancel',
  'subscription-required': 'auth',
  'undefined-condition': 'cancel',
  'unexpected-request': 'wait',
} as const satisfies Record<string, StanzaErrorType>;

export type StanzaErrorCondition = keyof typeof STANZA_ERROR_CONDITIONS;

export interface StanzaErrorOptions {
  readonly type?: StanzaErrorType;
  /** Application-specific condition, in a namespace of its own. @see RFC 6120 §8.3.4 */
  readonly application?: Element | undefined;
  /** Several of them, where a protocol says so, as XEP-0325 §5.1 does; instead of one. */
  readonly applications?: readonly Element[] | undefined;
  /** Where the addressee has gone: of `gone` and `redirect`, a URI. @see RFC 6120 §8.3.3.5, §8.3.3.14 */
  readonly address?: string | undefined;
  /** What the reply holds beside the error, where a protocol wants that. */
  readonly payload?: Element | undefined;
}

/** An error of a stanza: thrown by a handler it is the reply; received it rejects the request. Goes on the wire as it is. */
export class StanzaError extends Error {
  override readonly name = 'StanzaError';
  readonly condition: StanzaErrorCondition;
  readonly type: StanzaErrorType;
  readonly text: string | undefined;
  /** The first application-specific condition, as a rule the only one. */
  readonly application: Element | undefined;
  readonly applications: readonly Element[];
  readonly address: string | undefined;
  readonly payload: Element | undefined;

  constructor(condition: StanzaErrorCondition, text?: string, options: StanzaErrorOptions = {}) {
    super(text === undefined ? condition : `${condition}: ${text}`);
    this.condition = condition;
    this.type = options.type ?? STANZA_ERROR_CONDITIONS[condition];
    this.text = text;
    this.applications = options.applications ?? (options.application ? [options.application] : []);
    [this.application] = this.applications;
    this.address = options.address;
    this.payload = options.payload;
  }

  /** Stable code of the error: its condition. */
  get code(): StanzaErrorCondition {
    return this.condition;
  }

  /** The `<error/>` element, to be put into a stanza. */
  toElement(): Element {
    return xml(
      'error',
      { type: this.type },
      xml(this.condition, { xmlns: NS.stanzaErrors }, this.address),
      this.text === undefined ? undefined : xml('text', { xmlns: NS.stanzaErrors, 'xml:lang': 'en' }, this.text),
      this.applications,
    );
  }

  /** Reads the error of a stanza of type `error`; what it does not understand is `undefined-condition` (RFC 6120 §8.3.1). */
  static fromStanza(stanza: Element): StanzaError {
    const error = stanza.child('error');
    let condition: StanzaErrorCondition = 'undefined-condition';
    let text: string | undefined;
    const applications: Element[] = [];
    let address: string | undefined;
    for (const child of error?.elements ?? []) {
      if (child.namespace !== NS.stanzaErrors) applications.push(child);
      else if (child.name === 'text') text = child.text;
      else if (Object.hasOwn(STANZA_ERROR_CONDITIONS, child.name)) {
        condition = child.name as StanzaErrorCondition;
        address = child.text || undefined;
      }
    }
    const type = error?.attribute('type');
    const payload = stanza.elements.find((child) => child !== error);
    return new StanzaError(condition, text, {
      ...(isErrorType(type) ? { type } : {}),
      applications,
      address,
      payload,
    });
  }
}

function isErrorType(type: string | undefined): type is StanzaErrorType {
  return type === 'auth' || type === 'cancel' || type === 'continue' || type === 'modify' || type === 'wait';
}
