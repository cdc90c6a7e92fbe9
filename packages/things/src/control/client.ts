import {
  DATA_FORM_NAMESPACE,
  DataFormError,
  decodeDataForm,
  type Jid,
  StanzaError,
  type XmppPeer,
} from '@thingward/xmpp';
import type { NodeReference } from '../thing/node.ts';
import { decodeParameterError, encodeControlFormRequest, encodeControlRequest } from './codec.ts';
import { type ControlForm, decodeControlForm } from './form.ts';
import type { ParameterError, ParameterValue } from './parameter.ts';

export interface ControlOptions {
  /** Which Things behind the JID; empty or undefined: the JID itself. */
  readonly nodes?: readonly NodeReference[] | undefined;
  /** How long to wait for the answer; 30,000 ms when not given. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The Thing refused parameters; none was set. */
export class ControlRefused extends Error {
  override readonly name = 'ControlRefused';
  readonly code = 'control-refused';
  readonly errors: readonly ParameterError[];

  /** @param cause the error reply; its text tells about all refused parameters, where there were several */
  constructor(errors: readonly ParameterError[], cause: StanzaError) {
    super(cause.text ?? errors.map((error) => `${error.parameter}: ${error.message}`).join('; '), { cause });
    this.errors = errors;
  }
}

/**
 * Sets parameters of a Thing, in the order given, all or none. Resolves when the Thing says that they are set. Never repeated.
 * @param to the full JID of a client, or the JID of a component
 * @throws ControlRefused when parameters were refused; StanzaError otherwise, `remote-server-timeout` when it is not known whether
 *   they are set; PayloadError for a value that is not of its type; PeerError when the connection went away (not known then either)
 * @see XEP-0325 §3.1, §3.2
 */
export async function setParameters(
  peer: XmppPeer,
  to: Jid,
  values: ReadonlyMap<string, ParameterValue>,
  { nodes = [], ...options }: ControlOptions = {},
): Promise<void> {
  const settings = [...values].map(([name, value]) => ({ name, value }));
  try {
    await peer.request('set', to, encodeControlRequest({ nodes, settings }), requestOptions(options));
  } catch (error) {
    const refused = error instanceof StanzaError ? decodeParameterError(error) : undefined;
    throw refused ? new ControlRefused([refused], error as StanzaError) : error;
  }
}

/**
 * Asks what can be set on a Thing, and what it is set to now.
 * @throws StanzaError, also for an answer that is no form
 * @see XEP-0325 §3.3.1
 */
export async function getControlForm(
  peer: XmppPeer,
  to: Jid,
  { nodes = [], ...options }: ControlOptions = {},
): Promise<ControlForm> {
  const answer = await peer.request('get', to, encodeControlFormRequest({ nodes }), requestOptions(options));
  if (!answer?.is('x', DATA_FORM_NAMESPACE)) {
    throw new StanzaError('undefined-condition', 'the answer is no data form');
  }
  try {
    return decodeControlForm(decodeDataForm(answer));
  } catch (error) {
    if (error instanceof DataFormError) throw new StanzaError('undefined-condition', error.message);
    throw error;
  }
}

function requestOptions({ timeoutMs, signal }: ControlOptions): {
  timeoutMs?: number;
  signal?: AbortSignal | undefined;
} {
  return { ...(timeoutMs === undefined ? {} : { timeoutMs }), signal };
}
