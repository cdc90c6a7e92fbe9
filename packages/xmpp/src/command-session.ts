import { xml } from '@thingward/xml';
import {
  COMMANDS,
  type CommandAction,
  type CommandNote,
  type CommandResponse,
  decodeCommandResponse,
  encodeCommandRequest,
} from './ad-hoc-commands.ts';
import type { DataForm, FormField } from './data-form.ts';
import { DISCO_ITEMS, type DiscoItem, decodeDiscoItems } from './disco.ts';
import type { Jid } from './jid.ts';
import type { RequestOptions, XmppPeer } from './peer.ts';
import { StanzaError } from './stanza-error.ts';

/** Where a command is and how long to wait for each of its answers. */
export interface CommandTarget extends RequestOptions {
  readonly jid: Jid;
  readonly node: string;
}

/** The commands an entity has for who asks. Items that name another entity are left out (XEP-0050 §5). @throws StanzaError @see XEP-0050 §2.2 */
export async function listCommands(peer: XmppPeer, jid: Jid, options?: RequestOptions): Promise<readonly DiscoItem[]> {
  const result = await peer.request('get', jid, xml('query', { xmlns: DISCO_ITEMS, node: COMMANDS }), options);
  if (!result?.is('query', DISCO_ITEMS)) throw new StanzaError('undefined-condition', 'the answer is no disco#items');
  return decodeDiscoItems(result).filter((item) => item.jid.equals(jid) && item.node !== undefined);
}

/** The requester's side of one command, from its first stage to its end. @see XEP-0050 §2.4 */
export class CommandSession {
  readonly #peer: XmppPeer;
  readonly #target: CommandTarget;
  #state: CommandResponse;

  private constructor(peer: XmppPeer, target: CommandTarget, state: CommandResponse) {
    this.#peer = peer;
    this.#target = target;
    this.#state = state;
  }

  /** Begins a command. @throws StanzaError */
  static async execute(peer: XmppPeer, target: CommandTarget): Promise<CommandSession> {
    return new CommandSession(peer, target, await step(peer, target, 'execute'));
  }

  /** What the responder said last. */
  get state(): CommandResponse {
    return this.#state;
  }

  /** Goes on to the next stage with what was filled in. @throws StanzaError */
  next(values: FormValues): Promise<CommandResponse> {
    return this.#step('next', submission(values));
  }

  /** Back to the stage before. @throws StanzaError */
  previous(): Promise<CommandResponse> {
    return this.#step('prev');
  }

  /** Ends it with what was filled in. @throws StanzaError */
  complete(values: FormValues): Promise<CommandResponse> {
    return this.#step('complete', submission(values));
  }

  /** What the stage proposes: mostly `next`, or `complete` at the last one. @throws StanzaError */
  submit(values: FormValues): Promise<CommandResponse> {
    // The action "execute" itself is ambiguous (§2.4.2), so it is said what it stands for.
    return this.#step(this.#state.actions?.execute ?? 'execute', submission(values));
  }

  /** @throws StanzaError */
  cancel(): Promise<CommandResponse> {
    return this.#step('cancel');
  }

  async #step(action: CommandAction, form?: DataForm): Promise<CommandResponse> {
    const { status, sessionId, actions } = this.#state;
    if (status !== 'executing') throw new Error(`the command ${this.#target.node} has ended`);
    if (action !== 'cancel' && action !== 'execute' && actions && !actions.allowed.includes(action)) {
      throw new StanzaError('bad-request', `this stage of ${this.#target.node} offers ${actions.allowed.join(', ')}`);
    }
    this.#state = await step(this.#peer, this.#target, action, sessionId, form);
    return this.#state;
  }
}

/** What is filled into a form, by the names of its fields. */
export type FormValues = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

/**
 * Runs a command from beginning to end: its forms are filled in from the values, stage by stage, each field where it is asked for.
 * @returns the last answer
 * @throws StanzaError the responder's refusal; `not-acceptable` when it ends with a note of an error, or has a required field with no value
 */
export async function runCommand(
  peer: XmppPeer,
  target: CommandTarget,
  values: FormValues = {},
): Promise<CommandResponse> {
  const session = await CommandSession.execute(peer, target);
  // Each stage is a question and an answer: more of them than this is no flow that ends.
  for (let stage = 0; session.state.status === 'executing'; stage++) {
    const missing = stage < 20 ? missingField(session.state.form, values) : 'an end';
    if (missing !== undefined) {
      await session.cancel();
      throw new StanzaError('not-acceptable', `${target.node} wants ${missing}`);
    }
    await session.submit(fieldsOf(session.state.form, values));
  }
  const failure = session.state.notes?.find(({ type }) => type === 'error');
  if (failure) throw new StanzaError('not-acceptable', failure.text);
  return session.state;
}

/** The notes of an answer as lines of text. */
export function noteLines(notes: readonly CommandNote[] | undefined): readonly string[] {
  return (notes ?? []).map(({ type, text }) => (type === 'info' ? text : `${type}: ${text}`));
}

async function step(
  peer: XmppPeer,
  { jid, node, ...options }: CommandTarget,
  action: CommandAction,
  sessionId?: string,
  form?: DataForm,
): Promise<CommandResponse> {
  const answer = await peer.request('set', jid, encodeCommandRequest({ node, sessionId, action, form }), options);
  if (!answer) throw new StanzaError('undefined-condition', 'the answer to a command is empty');
  const response = decodeCommandResponse(answer);
  if (response.node !== node || (sessionId !== undefined && response.sessionId !== sessionId)) {
    throw new StanzaError('undefined-condition', 'the answer belongs to another command');
  }
  return response;
}

/** Only what the form asks for, with the hidden fields as they came. */
function fieldsOf(form: DataForm | undefined, values: FormValues): FormValues {
  const fields = form?.fields ?? [];
  const named = fields.flatMap(({ var: name, type, values: given }) => {
    if (name === undefined || type === 'fixed') return [];
    const value = type === 'hidden' ? given : (values[name] ?? given);
    return value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(named);
}

function missingField(form: DataForm | undefined, values: FormValues): string | undefined {
  const missing = form?.fields.find(
    ({ var: name, type, required, values: given = [] }) =>
      required && type !== 'hidden' && name !== undefined && values[name] === undefined && given.length === 0,
  );
  return missing && `a value for "${missing.var}"`;
}

function submission(values: FormValues): DataForm {
  const fields = Object.entries(values).flatMap(([name, value]): FormField[] => {
    if (value === undefined) return [];
    const list = typeof value === 'boolean' ? [value ? '1' : '0'] : typeof value === 'string' ? [value] : value;
    return [{ var: name, values: list }];
  });
  return { type: 'submit', fields };
}
