import { type Element, xml } from '@thingward/xml';
import { NS } from './namespaces.ts';

/** The defined conditions. @see RFC 6120 §4.9.3 */
export const STREAM_ERROR_CONDITIONS = [
  'bad-format',
  'bad-namespace-prefix',
  'conflict',
  'connection-timeout',
  'host-gone',
  'host-unknown',
  'improper-addressing',
  'internal-server-error',
  'invalid-from',
  'invalid-namespace',
  'invalid-xml',
  'not-authorized',
  'not-well-formed',
  'policy-violation',
  'remote-connection-failed',
  'reset',
  'resource-constraint',
  'restricted-xml',
  'see-other-host',
  'system-shutdown',
  'undefined-condition',
  'unsupported-encoding',
  'unsupported-feature',
  'unsupported-stanza-type',
  'unsupported-version',
] as const;

export type StreamErrorCondition = (typeof STREAM_ERROR_CONDITIONS)[number];

/** An unrecoverable error of a stream: the stream is closed after it. @see RFC 6120 §4.9 */
export class StreamError extends Error {
  override readonly name = 'StreamError';
  readonly condition: StreamErrorCondition;
  readonly text: string | undefined;
  /** Says more than the condition does. @see RFC 6120 §4.9.4 */
  readonly application: Element | undefined;
  /** Of `see-other-host`: where to connect to, as `host` or `host:port`. @see RFC 6120 §4.9.3.19 */
  readonly otherHost: string | undefined;

  constructor(condition: StreamErrorCondition, text?: string, application?: Element, otherHost?: string) {
    super(text === undefined ? condition : `${condition}: ${text}`);
    this.condition = condition;
    this.text = text;
    this.application = application;
    this.otherHost = otherHost;
  }

  /** Stable code of the error: its condition. */
  get code(): StreamErrorCondition {
    return this.condition;
  }

  /** The `<stream:error/>` element. */
  toElement(): Element {
    return xml(
      'error',
      { xmlns: NS.stream },
      xml(this.condition, { xmlns: NS.streamErrors }, this.otherHost),
      this.text === undefined ? undefined : xml('text', { xmlns: NS.streamErrors, 'xml:lang': 'en' }, this.text),
      this.application,
    );
  }

  static fromElement(element: Element): StreamError {
    const known = element.elements.find(
      (child) =>
        child.namespace === NS.streamErrors && (STREAM_ERROR_CONDITIONS as readonly string[]).includes(child.name),
    );
    return new StreamError(
      (known?.name as StreamErrorCondition | undefined) ?? 'undefined-condition',
      element.child('text', NS.streamErrors)?.text,
      element.elements.find((child) => child.namespace !== NS.streamErrors),
      (known?.name === 'see-other-host' && known.text.trim()) || undefined,
    );
  }
}
