import {
  type ControlDialect,
  decodeControlForm,
  decodingRequest,
  encodeControlForm,
  encodeLastKnown,
  encodeSleeper,
  FIELD_TYPES,
  type Field,
  isSelected,
  mergeParameters,
  type NodeForm,
  type NodeReference,
  nextWaking,
  type ReadoutDialect,
  type ReadoutRequest,
  withGroupMarks,
} from '@thingward/things';
import type { Element } from '@thingward/xml';
import {
  type DataForm,
  DataFormError,
  decodeDataForm,
  encodeDataForm,
  type Jid,
  message,
  StanzaError,
} from '@thingward/xmpp';
import type { Router } from '../router.ts';
import { Stanza } from '../stanza.ts';
import type { Friends } from './friends.ts';
import { type KnownSleeper, type Sleepers, sleeperStatus } from './sleepers.ts';

const FIELDS_PER_MESSAGE = 50;

/** Answers for Things that sleep what they have left answers to. @see docs/battery-powered.md §6 */
export class LastKnownState {
  readonly #sleepers: Sleepers;
  readonly #friends: Friends;
  readonly #router: Router;

  constructor(sleepers: Sleepers, friends: Friends, router: Router) {
    this.#sleepers = sleepers;
    this.#friends = friends;
    this.#router = router;
  }

  /**
   * Begins a read-out of what the Thing has handed over.
   * @returns the answer to the request, and what is to be called when it was sent; undefined where only the Thing knows
   * @throws StanzaError
   * @see XEP-0323 §3
   */
  async readOut(
    request: Stanza,
    localpart: string,
    sleeper: KnownSleeper,
    dialect: ReadoutDialect,
  ): Promise<{ readonly answer: Element; readonly begin: () => void } | undefined> {
    await this.#checkReader(localpart, sleeper, request.from);
    const wish = decodingRequest(() => dialect.decodeRequest(request.element.elements[0] as Element));
    const now = new Date();
    const state = await this.#sleepers.state(localpart);
    if (!state || !canAnswer(wish, now)) return undefined;
    const fields = state.fields.filter((field) => isOfNodes(field, wish.nodes) && isSelected(field, wish));
    checkNodes(state.fields, wish.nodes);
    const lastKnown = encodeLastKnown({ at: state.at, next: nextWaking(sleeper.schedule, now) });
    const { seqnr } = wish;
    return {
      answer: dialect.encodeAccepted({ seqnr, queued: false }),
      begin: () => {
        const send = (payload: Element) => this.#send(request, payload, lastKnown);
        if (fields.length === 0) send(dialect.encodeMessage({ kind: 'done', seqnr }));
        for (let at = 0; at < fields.length; at += FIELDS_PER_MESSAGE) {
          const part = fields.slice(at, at + FIELDS_PER_MESSAGE);
          const done = at + FIELDS_PER_MESSAGE >= fields.length;
          send(dialect.encodeMessage({ kind: 'fields', seqnr, fields: part, done }));
        }
      },
    };
  }

  /** The control form the Thing has left behind, or what those of several nodes have in common. @throws StanzaError @see XEP-0325 §3.3.1, §3.4.4 */
  async form(request: Stanza, localpart: string, sleeper: KnownSleeper, dialect: ControlDialect): Promise<Element> {
    await this.#checkReader(localpart, sleeper, request.from);
    const { nodes } = decodingRequest(() => dialect.decodeFormRequest(request.element.elements[0] as Element));
    const forms = await this.#sleepers.forms(localpart);
    if (forms.length === 0) throw unavailable(sleeper, 'it sleeps, and has left no form');
    return commonForm(formsOfNodes(forms, nodes), dialect);
  }

  /** The Thing itself tells of fields: those it had left behind are newer now. Others are not for everybody. */
  async learn(localpart: string, told: readonly Field[]): Promise<void> {
    const state = await this.#sleepers.state(localpart);
    if (!state) return;
    let hasChanged = false;
    const fields = state.fields.map((field) => {
      const newer = told.find((other) => isSameField(field, other) && other.timestamp > field.timestamp);
      hasChanged ||= newer !== undefined;
      return newer ?? field;
    });
    if (hasChanged) await this.#sleepers.refresh(localpart, fields, new Date());
  }

  async #checkReader(localpart: string, { readers, owner }: KnownSleeper, requester: Jid): Promise<void> {
    await this.#friends.check(localpart, requester);
    const bare = requester.bare.toString();
    if (readers === undefined || readers.has(bare) || owner === bare) return;
    if (this.#friends.isItself(localpart, requester)) return;
    throw new StanzaError('forbidden', 'Access denied.', { type: 'cancel' });
  }

  #send({ from, to }: Stanza, payload: Element, lastKnown: Element): void {
    const stanza = Stanza.made(message('normal', {}, payload, lastKnown), to as Jid, from);
    void this.#router.route(stanza);
  }
}

/** Without nodes, that of the JID itself or of the only node there is. @throws StanzaError */
function formsOfNodes(forms: readonly NodeForm[], nodes: readonly NodeReference[]): readonly Element[] {
  if (nodes.length === 0) {
    const own = forms.length === 1 ? forms[0] : forms.find(({ node }) => node === undefined);
    if (own) return [own.form];
    throw new StanzaError('bad-request', 'several nodes are behind this address: say which');
  }
  return nodes.flatMap((node) => {
    const meant = forms.filter((form) => isOfNodes(form, [node]));
    if (meant.length > 0) return meant.map(({ form }) => form);
    throw new StanzaError('item-not-found', `there is no node ${JSON.stringify(node.nodeId)} that can be controlled`);
  });
}

/** @see XEP-0325 §3.4.4 */
function commonForm(forms: readonly Element[], dialect: ControlDialect): Element {
  const [first, ...others] = forms as [Element, ...Element[]];
  if (others.length === 0) return withGroupMarks(first, dialect.encodeGroup);
  const decoded = forms.map((form) => decodeControlForm(decodedForm(form)));
  const title = decoded.flatMap((form) => form.title ?? []).join(', ');
  const parameters = mergeParameters(decoded.map((form) => form.parameters));
  return encodeDataForm(encodeControlForm({ title, parameters }, undefined, dialect.encodeGroup));
}

/** A form that the Thing has left is taken as it is: it may be none. @throws StanzaError */
function decodedForm(form: Element): DataForm {
  try {
    return decodeDataForm(form);
  } catch (error) {
    if (error instanceof DataFormError)
      throw new StanzaError('undefined-condition', `what it has left is no form: ${error.message}`);
    throw error;
  }
}

/** The error for what a Thing that sleeps has left no answer to; it says when it wakes. */
export function unavailable(sleeper: KnownSleeper, text: string): StanzaError {
  const status = encodeSleeper(sleeperStatus(sleeper, true, new Date()));
  return new StanzaError('recipient-unavailable', text, { application: status });
}

/** The past, and what is to come, only the Thing itself knows. Who asks for all kinds gets what there is now. */
function canAnswer({ types, when }: ReadoutRequest, now: Date): boolean {
  if (when && when > now) return false;
  return FIELD_TYPES.every((type) => types.includes(type)) || !types.some((type) => type.startsWith('historical'));
}

/** @throws StanzaError `item-not-found` @see XEP-0323 §5.9 */
function checkNodes(fields: readonly Field[], nodes: readonly NodeReference[]): void {
  const missing = nodes.find((node) => !fields.some((field) => isOfNodes(field, [node])));
  if (missing) throw new StanzaError('item-not-found', `there is no node ${JSON.stringify(missing.nodeId)}`);
}

function isOfNodes({ node }: Pick<Field, 'node'>, nodes: readonly NodeReference[]): boolean {
  return (
    nodes.length === 0 ||
    nodes.some(
      ({ nodeId, sourceId, cacheType }) =>
        node?.nodeId === nodeId &&
        (sourceId === undefined || node.sourceId === sourceId) &&
        (cacheType === undefined || node.cacheType === cacheType),
    )
  );
}

function isSameField(one: Field, other: Field): boolean {
  return (
    one.name === other.name &&
    one.node?.nodeId === other.node?.nodeId &&
    one.node?.sourceId === other.node?.sourceId &&
    one.types.join() === other.types.join()
  );
}
