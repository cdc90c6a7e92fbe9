import {
  type DataForm,
  DataFormError,
  DYNAMIC_FORM_NAMESPACE,
  decodeDynamicFlags,
  decodeUpdatedForm,
  encodePostBack,
  type FormEdits,
  type FormField,
  type Jid,
  mergeFormEdits,
  StanzaError,
  type Unsubscribe,
  type XmppPeer,
} from '@thingward/xmpp';
import {
  type ControlOptions,
  type ControlOutcome,
  decodeFormAnswer,
  getDataForm,
  requestOptions,
  submitControlForm,
} from './client.ts';
import { type ControlForm, decodeControlForm } from './form.ts';
import type { ParameterValue } from './parameter.ts';
import { formatParameterValue } from './parameter-value.ts';

/**
 * A control form while somebody fills it in: what was entered is kept when the Thing changes the form, and the form is posted back where
 * the Thing wants that.
 * @see XEP-0325 §3.3, XEP-0336
 */
export class OpenControlForm {
  readonly #peer: XmppPeer;
  readonly #to: Jid;
  readonly #options: ControlOptions;
  readonly #handlers = new Set<() => void>();
  readonly #stopListening: Unsubscribe;
  #form: DataForm;
  #edits: FormEdits = new Map();

  /** @throws StanzaError, also for an answer that is no form */
  static async open(peer: XmppPeer, to: Jid, options: ControlOptions = {}): Promise<OpenControlForm> {
    return new OpenControlForm(peer, to, await getDataForm(peer, to, options), options);
  }

  private constructor(peer: XmppPeer, to: Jid, form: DataForm, options: ControlOptions) {
    this.#peer = peer;
    this.#to = to;
    this.#options = options;
    this.#form = form;
    this.#stopListening = peer.onMessage(
      { name: 'updated', namespace: DYNAMIC_FORM_NAMESPACE },
      (received, payload) => {
        if (received.type === 'error' || !received.from.equals(to)) return;
        const updated = decodedUpdate(payload);
        if (updated && isOfSameSession(updated, this.#form)) this.#replace(updated.form);
      },
    );
  }

  /** With what was entered until now. */
  get form(): ControlForm {
    return decodeControlForm(this.#form);
  }

  /** Names of the parameters that were entered: what `submit` sets. */
  get edited(): readonly string[] {
    return [...this.#edits.keys()];
  }

  /** Called when the Thing changed the form. */
  onChange(handler: () => void): Unsubscribe {
    this.#handlers.add(handler);
    return () => this.#handlers.delete(handler);
  }

  /**
   * Enters a value. Where the Thing wants to see it, the form is posted back: other parameters may be there afterwards.
   * @throws StanzaError `item-not-found` when the Thing has forgotten the form, and others
   */
  async edit(name: string, value: ParameterValue): Promise<void> {
    const field = this.#form.fields.find((candidate) => candidate.var === name);
    if (!field) throw new StanzaError('item-not-found', `the form has no parameter ${JSON.stringify(name)}`);
    const merged = mergeFormEdits(this.#form, new Map([...this.#edits, [name, [formatParameterValue(value)]]]));
    // The value may be the one that is shown; it was entered all the same.
    this.#edits = new Map([...this.#edits, [name, [formatParameterValue(value)]]]);
    this.#form = merged.form;
    if (decodeDynamicFlags(field).postBack) await this.#postBack();
  }

  /** Sets what was entered, and nothing else. @throws as `setParameters` */
  async submit(): Promise<ControlOutcome> {
    const outcome = await submitControlForm(this.#peer, this.#to, this.#submission(), this.#options);
    this.close();
    return outcome;
  }

  /** Gives the form up, and tells the Thing. @throws StanzaError `item-not-found` when the Thing has forgotten it */
  async cancel(): Promise<void> {
    this.close();
    const payload = encodePostBack('cancel', this.#submission());
    await this.#peer.request('set', this.#to, payload, requestOptions(this.#options));
  }

  /** Listens no longer. */
  close(): void {
    this.#stopListening();
    this.#handlers.clear();
  }

  async #postBack(): Promise<void> {
    const payload = encodePostBack('submit', this.#submission());
    const answer = await this.#peer.request('set', this.#to, payload, requestOptions(this.#options));
    this.#replace(decodeFormAnswer(answer));
  }

  #replace(form: DataForm): void {
    const names = new Set(form.fields.map((field) => field.var));
    const kept = new Map([...this.#edits].filter(([name]) => names.has(name)));
    this.#form = mergeFormEdits(form, kept).form;
    this.#edits = kept;
    for (const handler of this.#handlers) handler();
  }

  /** Hidden fields go back as they came, others when they were edited. */
  #submission(): DataForm {
    const fields = this.#form.fields.flatMap(({ var: name, type, values }): FormField[] => {
      if (name === undefined) return [];
      const edited = this.#edits.get(name);
      if (edited) return [{ var: name, values: edited }];
      return type === 'hidden' ? [{ var: name, type, values }] : [];
    });
    return { type: 'submit', fields };
  }
}

/** Undefined for an update that makes no sense: it changes nothing. */
function decodedUpdate(payload: Parameters<typeof decodeUpdatedForm>[0]) {
  try {
    return decodeUpdatedForm(payload);
  } catch (error) {
    if (error instanceof DataFormError) return undefined;
    throw error;
  }
}

/** Is the update one of this form? @see XEP-0336 §3.9 */
function isOfSameSession(
  { sessionVariable, form }: { readonly sessionVariable: string; readonly form: DataForm },
  own: DataForm,
): boolean {
  const valueIn = ({ fields }: DataForm) => fields.find((field) => field.var === sessionVariable)?.values?.[0];
  return valueIn(own) !== undefined && valueIn(own) === valueIn(form);
}
