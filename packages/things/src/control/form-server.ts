import type { Element } from '@thingward/xml';
import {
  type DataForm,
  DataFormError,
  decodePostBack,
  encodeDataForm,
  encodeUpdatedForm,
  FORM_SESSION_FIELD,
  type Jid,
  type Logger,
  message,
  StanzaError,
  type XmppPeer,
} from '@thingward/xmpp';
import { withinDeadline } from '../thing/deadline.ts';
import type { Thing } from '../thing/thing.ts';
import { declaredFor } from './check-commands.ts';
import { checkSettings } from './check-settings.ts';
import type { ControlFormRequest } from './codec.ts';
import type { ControlDialect } from './dialect.ts';
import { encodeControlForm, formSession, type ParameterState } from './form.ts';
import { mergeParameters } from './merge-parameters.ts';
import type { ControlParameter, ParameterValue } from './parameter.ts';
import { parseParameterValue } from './parameter-value.ts';
import { allowedParameters, type ControlTarget } from './targets.ts';

/** @see XEP-0336 §5.2 */
const SESSION_MS = 15 * 60_000;
const MAX_SESSIONS = 500;
const MAX_SESSIONS_PER_REQUESTER = 20;
const MAX_REFRESHES = 16;
const REFRESH_MS = 20_000;

/** A control form that somebody has open. */
interface FormSession {
  /** Full JID. */
  readonly requester: Jid;
  readonly request: ControlFormRequest;
  /** That it was asked for in. */
  readonly dialect: ControlDialect;
  expiresAt: number;
}

/** Values read of the Things of a form, where their present ones were not known. */
type ReadValues = ReadonlyMap<Thing, ReadonlyMap<string, ParameterValue>>;

export interface FormServerOptions {
  readonly peer: XmppPeer;
  /** The Things of a form, as long as the requester may have them. @throws StanzaError */
  readonly targetsOf: (request: ControlFormRequest, requester: Jid) => Promise<readonly ControlTarget[]>;
  readonly log: Logger;
  readonly clock: () => Date;
}

/** Gives control forms, keeps them up to date while they are open, and takes them back while they are edited. Bounded in all directions. */
export class FormServer {
  readonly #options: FormServerOptions;
  readonly #sessions = new Map<string, FormSession>();
  readonly #stopping = new AbortController();
  #refreshes = 0;

  constructor(options: FormServerOptions) {
    this.#options = options;
  }

  /** The control form that Things have in common. @throws StanzaError @see XEP-0325 §3.3.1, §3.4.4 */
  async form(
    dialect: ControlDialect,
    request: ControlFormRequest,
    { requester, own }: { readonly requester: Jid; readonly own: Jid },
  ): Promise<Element> {
    const targets = await this.#options.targetsOf(request, requester);
    const id = this.#open(dialect, request, requester);
    const isComplete = targets.every((target) =>
      allowedParameters(target).every(({ name }) => target.thing.parameterValue(name) !== undefined),
    );
    if (!isComplete) this.#refresh(id, targets, own);
    return encodeDataForm(controlForm(targets, id, { dialect }));
  }

  /** The form as it is with what was entered until now, and what is wrong with that. @throws StanzaError @see XEP-0336 §3.2 */
  async postedBack(payload: Element, requester: Jid): Promise<Element> {
    const { form, id, session } = this.#find('submit', payload, requester);
    session.expiresAt = this.#now() + SESSION_MS;
    const targets = await this.#options.targetsOf(session.request, requester);
    return encodeDataForm(controlForm(targets, id, { dialect: session.dialect, posted: form }));
  }

  /** @throws StanzaError `item-not-found` @see XEP-0336 §3.6 */
  cancelled(payload: Element, requester: Jid): void {
    this.#sessions.delete(this.#find('cancel', payload, requester).id);
  }

  /** A form that was submitted is not open any more. @see XEP-0336 §5.1 */
  submitted(form: DataForm, requester: Jid): void {
    const id = formSession(form);
    if (id !== undefined && this.#sessions.get(id)?.requester.equals(requester)) this.#sessions.delete(id);
  }

  stop(): void {
    this.#stopping.abort(new Error('the Thing is being shut down'));
    this.#sessions.clear();
  }

  #now(): number {
    return this.#options.clock().getTime();
  }

  #open(dialect: ControlDialect, request: ControlFormRequest, requester: Jid): string {
    const now = this.#now();
    for (const [id, { expiresAt }] of this.#sessions) if (expiresAt <= now) this.#sessions.delete(id);
    const own = [...this.#sessions].filter(([, session]) => session.requester.bare.equals(requester.bare));
    // The oldest is given up: its client may have gone without a word.
    if (own.length >= MAX_SESSIONS_PER_REQUESTER) this.#sessions.delete((own[0] as [string, FormSession])[0]);
    if (this.#sessions.size >= MAX_SESSIONS) this.#sessions.delete(this.#sessions.keys().next().value as string);
    const id = randomId();
    this.#sessions.set(id, { requester, request, dialect, expiresAt: now + SESSION_MS });
    return id;
  }

  #find(name: 'submit' | 'cancel', payload: Element, requester: Jid) {
    let form: DataForm;
    try {
      form = decodePostBack(name, payload);
    } catch (error) {
      if (error instanceof DataFormError) throw new StanzaError('bad-request', error.message);
      throw error;
    }
    const id = formSession(form) ?? '';
    const session = this.#sessions.get(id);
    if (!session?.requester.equals(requester) || session.expiresAt <= this.#now()) {
      throw new StanzaError('item-not-found', 'there is no such form');
    }
    return { form, id, session };
  }

  /** Reads what is not known yet, and tells who has the form open. @see XEP-0325 §5.2.1, XEP-0336 §3.9 */
  #refresh(id: string, targets: readonly ControlTarget[], own: Jid): void {
    const readable = targets.filter(({ thing }) => thing.readParameters);
    if (readable.length === 0 || this.#refreshes >= MAX_REFRESHES) return;
    this.#refreshes++;
    void this.#readAll(readable)
      .then((read) => this.#tell(id, read, own))
      .catch((error: unknown) => this.#options.log.debug({ error }, 'a control form could not be brought up to date'))
      .finally(() => {
        this.#refreshes--;
      });
  }

  /** Tells who has the form open, and may still have it. @throws StanzaError `forbidden`, PeerError */
  async #tell(id: string, read: ReadValues, own: Jid): Promise<void> {
    const session = this.#sessions.get(id);
    if (!session || read.size === 0) return;
    const targets = await this.#options.targetsOf(session.request, session.requester);
    const form = controlForm(targets, id, { dialect: session.dialect, read });
    const updated = encodeUpdatedForm({ sessionVariable: FORM_SESSION_FIELD, form });
    this.#options.peer.send(message('normal', { to: session.requester, from: own }, updated));
  }

  async #readAll(targets: readonly ControlTarget[]): Promise<ReadValues> {
    const { signal } = this.#stopping;
    // The form goes out first.
    await new Promise((resolve) => setTimeout(resolve, 0));
    const read = await Promise.all(
      targets.map(async (target) => {
        const { thing } = target;
        const names = allowedParameters(target).map(({ name }) => name);
        try {
          const reading = thing.readParameters?.(names, signal);
          return reading ? [[thing, await withinDeadline(reading, REFRESH_MS, signal)] as const] : [];
        } catch (error) {
          this.#options.log.debug({ error, node: thing.node }, 'present values of parameters could not be read');
          return [];
        }
      }),
    );
    return new Map(read.flat().filter(([, values]) => values.size > 0));
  }
}

function controlForm(
  targets: readonly ControlTarget[],
  session: string,
  {
    dialect,
    posted,
    read,
  }: { readonly dialect: ControlDialect; readonly posted?: DataForm; readonly read?: ReadValues },
): DataForm {
  const forms = targets.map((target) => statesOf(target, posted, read?.get(target.thing)));
  const form = { title: titleOf(targets), parameters: mergeParameters(forms) };
  return encodeControlForm(form, session, dialect.encodeGroup);
}

function statesOf(
  target: ControlTarget,
  posted: DataForm | undefined,
  read: ReadonlyMap<string, ParameterValue> | undefined,
): readonly ParameterState[] {
  const { thing } = target;
  const texts = new Map(posted?.fields.map((field) => [field.var, field.values?.[0]]));
  return allowedParameters(target, declaredFor(thing, [], posted)).map((parameter) => {
    const text = texts.get(parameter.name);
    if (text !== undefined) return submittedState(parameter, text);
    return { parameter, value: read?.get(parameter.name) ?? thing.parameterValue(parameter.name) };
  });
}

/** @see XEP-0336 §3.4, §3.5 */
function submittedState(parameter: ControlParameter, text: string): ParameterState {
  const value = parseParameterValue(parameter.type, text);
  if (!value) return { parameter, text, isSubmitted: true, error: `expected a value of type ${parameter.type}` };
  const [error] = checkSettings([{ name: parameter.name, value }], [parameter]).errors;
  return { parameter, value, isSubmitted: true, ...(error ? { error: error.message } : {}) };
}

/** `DigitalOutput1, DigitalOutput2, ...`, or the name of the only one. */
function titleOf(targets: readonly ControlTarget[]): string | undefined {
  const titles = targets.flatMap(({ thing }) => {
    const name = thing.metaTags.find((tag) => tag.name.toUpperCase() === 'NAME')?.value;
    return thing.node?.nodeId ?? (name === undefined ? [] : String(name));
  });
  if (titles.length === 0) return undefined;
  return titles.length > 2 ? `${titles.slice(0, 2).join(', ')}, ...` : titles.join(', ');
}

/** Nobody but the requester can guess it. */
function randomId(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
