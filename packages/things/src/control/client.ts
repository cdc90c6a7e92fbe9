import type { Element } from '@thingward/xml';
import {
  DATA_FORM_NAMESPACE,
  type DataForm,
  DataFormError,
  decodeDataForm,
  type Jid,
  message,
  StanzaError,
  type XmppPeer,
} from '@thingward/xmpp';
import { findDialect } from '../thing/find-dialect.ts';
import { type NodeReference, nodeKey } from '../thing/node.ts';
import type { Tokens } from '../thing/payload.ts';
import type { ControlRequest, ControlResponse, ParameterReference } from './codec.ts';
import type { ControlDialect } from './dialect.ts';
import { CONTROL_DIALECTS } from './dialects.ts';
import { type ControlForm, decodeControlForm } from './form.ts';
import type { ParameterError, ParameterValue } from './parameter.ts';

const DEFAULT_TIMEOUT_MS = 30_000;

export interface ControlOptions {
  /** Which Things behind the JID; empty or undefined: the JID itself. */
  readonly nodes?: readonly NodeReference[] | undefined;
  /** Of delegated trust, for the Thing to ask its provisioning server about. @see XEP-0325 §5.6 */
  readonly tokens?: Tokens | undefined;
  /** How long to wait for the answer; 30,000 ms when not given. */
  readonly timeoutMs?: number | undefined;
  /** How to ask; found out from what the Thing says it speaks when not given, and as XEP-0325 has it where it says nothing. */
  readonly dialect?: ControlDialect | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What became of a command. */
export interface ControlOutcome {
  /** The nodes it was carried out for, where those were fewer than asked for; empty: all. @see XEP-0325 §3.1.2 */
  readonly nodes: readonly NodeReference[];
  /** The parameters that were set, where those were fewer than asked for; empty: all. */
  readonly parameters: readonly string[];
  /** Read back from the device, which has the values that were set. Not every Thing tells. */
  readonly confirmed: readonly ParameterReference[];
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
  options: ControlOptions = {},
): Promise<ControlOutcome> {
  return command(peer, to, { settings: settingsOf(values) }, options);
}

/**
 * Sets parameters by a submitted form; those that it does not have stay as they are.
 * @throws as `setParameters`
 * @see XEP-0325 §3.3.3
 */
export async function submitControlForm(
  peer: XmppPeer,
  to: Jid,
  form: DataForm,
  options: ControlOptions = {},
): Promise<ControlOutcome> {
  return command(peer, to, { settings: [], form }, options);
}

/**
 * Tells a Thing to set parameters, and does not want to know whether it did: for who can't wait.
 * @throws PayloadError for a value that is not of its type; PeerError without a connection; the signal's reason
 * @see XEP-0325 §3.1.1
 */
export async function sendParameters(
  peer: XmppPeer,
  to: Jid,
  values: ReadonlyMap<string, ParameterValue>,
  options: Pick<ControlOptions, 'nodes' | 'tokens' | 'dialect' | 'signal'> = {},
): Promise<void> {
  const { nodes = [], tokens } = options;
  const dialect = await dialectFor(peer, to, options);
  const request = dialect.encodeRequest({ nodes, settings: settingsOf(values), ...tokens });
  peer.send(message('normal', { to }, request));
}

async function command(
  peer: XmppPeer,
  to: Jid,
  request: Pick<ControlRequest, 'settings' | 'form'>,
  { nodes = [], tokens, ...options }: ControlOptions,
): Promise<ControlOutcome> {
  const dialect = await dialectFor(peer, to, options);
  const payload = dialect.encodeRequest({ nodes, ...request, ...tokens });
  try {
    const answer = await peer.request('set', to, payload, requestOptions(options));
    return outcomeOf(dialect, answer, { nodes, ...request });
  } catch (error) {
    const refused = error instanceof StanzaError ? dialect.decodeParameterErrors(error) : [];
    throw refused.length > 0 ? new ControlRefused(refused, error as StanzaError) : error;
  }
}

/** A result without a payload of control is one, too: the command was carried out. Where all is named, nothing was left out. */
function outcomeOf(
  dialect: ControlDialect,
  answer: Element | undefined,
  { nodes, settings, form }: Pick<ControlRequest, 'nodes' | 'settings' | 'form'>,
): ControlOutcome {
  const response: ControlResponse =
    answer?.namespace === dialect.namespace ? dialect.decodeResponse(answer) : { nodes: [], parameters: [] };
  const isAll = <T>(asked: readonly T[], done: readonly T[], keyOf: (item: T) => string | undefined) => {
    const keys = new Set(done.map(keyOf));
    return asked.every((item) => keys.has(keyOf(item)));
  };
  const submitted = form?.fields.filter(({ type }) => type !== 'hidden' && type !== 'fixed') ?? [];
  const names = [...settings.map(({ name }) => name), ...submitted.flatMap(({ var: name }) => name ?? [])];
  const isWhole = isAll(nodes, response.nodes, nodeKey) && isAll(names, response.parameters, (name) => name);
  return {
    nodes: isWhole ? [] : response.nodes,
    parameters: isWhole ? [] : response.parameters,
    confirmed: response.confirmed ?? [],
  };
}

function dialectFor(
  peer: XmppPeer,
  to: Jid,
  { dialect, timeoutMs = DEFAULT_TIMEOUT_MS, signal }: Pick<ControlOptions, 'dialect' | 'timeoutMs' | 'signal'>,
): Promise<ControlDialect> {
  return dialect ? Promise.resolve(dialect) : findDialect(peer, to, CONTROL_DIALECTS, { timeoutMs, signal });
}

function settingsOf(values: ReadonlyMap<string, ParameterValue>) {
  return [...values].map(([name, value]) => ({ name, value }));
}

/**
 * Asks what can be set on a Thing, and what it is set to now; of several nodes, what they have in common.
 * @throws StanzaError, also for an answer that is no form
 * @see XEP-0325 §3.3.1, §3.4.4
 */
export async function getControlForm(peer: XmppPeer, to: Jid, options: ControlOptions = {}): Promise<ControlForm> {
  return decodeControlForm(await getDataForm(peer, to, options));
}

/** The control form as it is. @throws StanzaError, also for an answer that is no form */
export async function getDataForm(
  peer: XmppPeer,
  to: Jid,
  { nodes = [], tokens, ...options }: ControlOptions = {},
): Promise<DataForm> {
  const dialect = await dialectFor(peer, to, options);
  const request = dialect.encodeFormRequest({ nodes, ...tokens });
  return decodeFormAnswer(await peer.request('get', to, request, requestOptions(options)));
}

/** @throws StanzaError when it is no form */
export function decodeFormAnswer(answer: Element | undefined): DataForm {
  if (!answer?.is('x', DATA_FORM_NAMESPACE)) {
    throw new StanzaError('undefined-condition', 'the answer is no data form');
  }
  try {
    return decodeDataForm(answer);
  } catch (error) {
    if (error instanceof DataFormError) throw new StanzaError('undefined-condition', error.message);
    throw error;
  }
}

export function requestOptions({ timeoutMs, signal }: ControlOptions): {
  timeoutMs?: number;
  signal?: AbortSignal | undefined;
} {
  return { ...(timeoutMs === undefined ? {} : { timeoutMs }), signal };
}
