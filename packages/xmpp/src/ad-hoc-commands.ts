import { type Element, xml } from '@thingward/xml';
import { DATA_FORM_NAMESPACE, type DataForm, DataFormError, decodeDataForm, encodeDataForm } from './data-form.ts';
import { StanzaError, type StanzaErrorCondition } from './stanza-error.ts';

/** Namespace of commands, and the node below which an entity lists its own. */
export const COMMANDS = 'http://jabber.org/protocol/commands';

/** What the requester wants to happen with a command. @see XEP-0050 §4.1 */
export const COMMAND_ACTIONS = ['execute', 'cancel', 'prev', 'next', 'complete'] as const;
export type CommandAction = (typeof COMMAND_ACTIONS)[number];

/** What a stage may offer; cancelling is always possible. @see XEP-0050 §4.2 */
export const STAGE_ACTIONS = ['prev', 'next', 'complete'] as const;
export type StageAction = (typeof STAGE_ACTIONS)[number];

/** How far a command has come. With the last two its session has ended. @see XEP-0050 §4.1 */
export const COMMAND_STATUSES = ['executing', 'completed', 'canceled'] as const;
export type CommandStatus = (typeof COMMAND_STATUSES)[number];

/** How grave a note is. @see XEP-0050 §4.3 */
export const NOTE_TYPES = ['info', 'warn', 'error'] as const;
export type NoteType = (typeof NOTE_TYPES)[number];

/** Something said to people about how a command goes. @see XEP-0050 §4.3 */
export interface CommandNote {
  readonly type: NoteType;
  readonly text: string;
}

/** A step of a command as the requester asks for it. @see XEP-0050 §2.4 */
export interface CommandRequest {
  readonly node: string;
  /** Of a command that has begun. */
  readonly sessionId?: string | undefined;
  readonly action: CommandAction;
  /** What was filled in. */
  readonly form?: DataForm | undefined;
}

/** What a stage offers. @see XEP-0050 §3.4 */
export interface CommandActions {
  readonly allowed: readonly StageAction[];
  /** What `execute` means: `next` where nothing is said. */
  readonly execute: StageAction;
}

/** The responder's answer to a step. @see XEP-0050 §2.4 */
export interface CommandResponse {
  readonly node: string;
  readonly sessionId: string;
  readonly status: CommandStatus;
  /** Undefined: there is one stage, and `execute` completes it. */
  readonly actions?: CommandActions | undefined;
  readonly notes?: readonly CommandNote[] | undefined;
  /** To be filled in, or the result. */
  readonly form?: DataForm | undefined;
  /** Further results in namespaces of their own. */
  readonly payload?: readonly Element[] | undefined;
}

/** What is wrong with a step, with the stanza error each goes with. @see XEP-0050 §4.4 */
const COMMAND_CONDITIONS = {
  'malformed-action': 'bad-request',
  'bad-action': 'bad-request',
  'bad-locale': 'bad-request',
  'bad-payload': 'bad-request',
  'bad-sessionid': 'bad-request',
  'session-expired': 'not-allowed',
} as const satisfies Record<string, StanzaErrorCondition>;
export type CommandCondition = keyof typeof COMMAND_CONDITIONS;

/** The error for a step that can't be taken. */
export function commandError(condition: CommandCondition, text: string): StanzaError {
  const application = xml(condition, { xmlns: COMMANDS });
  return new StanzaError(COMMAND_CONDITIONS[condition], text, { application });
}

/** The condition in an error of a responder; undefined when it names none. */
export function commandCondition({ application }: StanzaError): CommandCondition | undefined {
  if (application?.namespace !== COMMANDS || !Object.hasOwn(COMMAND_CONDITIONS, application.name)) return undefined;
  return application.name as CommandCondition;
}

/** The `<command/>` of a request. */
export function encodeCommandRequest({ node, sessionId, action, form }: CommandRequest): Element {
  return xml('command', { xmlns: COMMANDS, node, sessionid: sessionId, action }, form && encodeDataForm(form));
}

/** @throws StanzaError with a condition of XEP-0050 §4.4, to be sent as the answer */
export function decodeCommandRequest(command: Element): CommandRequest {
  const node = command.attribute('node');
  if (!node) throw new StanzaError('bad-request', 'a command has a node');
  const action = command.attribute('action') ?? 'execute';
  if (!isOneOf(COMMAND_ACTIONS, action)) {
    throw commandError('malformed-action', `expected one of ${COMMAND_ACTIONS.join(', ')}`);
  }
  const sessionId = command.attribute('sessionid');
  if (sessionId === '') throw commandError('bad-sessionid', 'the id of a session is not empty');
  try {
    return { node, sessionId, action, form: formOf(command) };
  } catch (error) {
    if (error instanceof DataFormError) throw commandError('bad-payload', error.message);
    throw error;
  }
}

/** The `<command/>` of an answer. It says that its texts are English. */
export function encodeCommandResponse(response: CommandResponse): Element {
  const { node, sessionId, status, actions, notes = [], form, payload } = response;
  return xml(
    'command',
    { xmlns: COMMANDS, node, sessionid: sessionId, status, 'xml:lang': 'en' },
    actions &&
      xml(
        'actions',
        { execute: actions.execute },
        actions.allowed.map((action) => xml(action)),
      ),
    notes.map(({ type, text }) => xml('note', { type }, text)),
    form && encodeDataForm(form),
    payload,
  );
}

/** @throws StanzaError `undefined-condition` when it is no answer to a command */
export function decodeCommandResponse(command: Element): CommandResponse {
  const node = command.attribute('node');
  const status = command.attribute('status');
  const sessionId = command.attribute('sessionid');
  if (!command.is('command', COMMANDS) || node === undefined || !isOneOf(COMMAND_STATUSES, status)) {
    throw new StanzaError('undefined-condition', 'the answer is no state of a command');
  }
  if (!sessionId && status === 'executing') {
    throw new StanzaError('undefined-condition', 'a command that goes on has no session');
  }
  try {
    return {
      node,
      sessionId: sessionId ?? '',
      status,
      actions: status === 'executing' ? actionsOf(command) : undefined,
      notes: command.childrenNamed('note').map((note) => {
        const type = note.attribute('type');
        return { type: isOneOf(NOTE_TYPES, type) ? type : 'info', text: note.text };
      }),
      form: formOf(command),
      payload: command.elements.filter(({ namespace }) => namespace !== COMMANDS && namespace !== DATA_FORM_NAMESPACE),
    };
  } catch (error) {
    if (error instanceof DataFormError) throw new StanzaError('undefined-condition', error.message);
    throw error;
  }
}

/** A default that is not among what is allowed counts as none, which means the first that is. @see XEP-0050 §3.4 */
function actionsOf(command: Element): CommandActions | undefined {
  const actions = command.child('actions');
  if (!actions) return undefined;
  const allowed = STAGE_ACTIONS.filter((name) => actions.child(name) !== undefined);
  const execute = actions.attribute('execute') ?? 'next';
  const fallback = allowed.find((action) => action !== 'prev') ?? 'complete';
  return { allowed, execute: isOneOf(allowed, execute) ? execute : fallback };
}

/** The first form counts: what comes earlier has precedence (§3.5). */
function formOf(command: Element): DataForm | undefined {
  const form = command.child('x', DATA_FORM_NAMESPACE);
  return form && decodeDataForm(form);
}

function isOneOf<T extends string>(choices: readonly T[], text: string | undefined): text is T {
  return text !== undefined && (choices as readonly string[]).includes(text);
}
