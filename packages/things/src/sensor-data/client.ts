import type { Element } from '@thingward/xml';
import { type Jid, StanzaError, type XmppPeer } from '@thingward/xmpp';
import { findDialect } from '../thing/find-dialect.ts';
import type { NodeReference } from '../thing/node.ts';
import type { Tokens } from '../thing/payload.ts';
import { isTimeZone } from '../thing/xml-schema-values.ts';
import type { NodeFailure, ReadoutId, ReadoutMessage } from './codec.ts';
import type { ReadoutDialect } from './dialect.ts';
import { READOUT_DIALECTS } from './dialects.ts';
import { FIELD_TYPES, type Field, type FieldType } from './field.ts';
import { answerFlow } from './flow-answers.ts';
import { Inbox } from './inbox.ts';
import { isSelected } from './selection.ts';

const DEFAULT_TIMEOUT_MS = 30_000;
const MAX_WAITING_MESSAGES = 1000;
const MAX_FAILURES = 1000;
/** setTimeout takes no more. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** What to read. */
export interface ReadoutWish {
  /** Kinds of fields; empty or undefined: all kinds. */
  readonly types?: readonly FieldType[] | undefined;
  /** Names of fields; empty or undefined: all. */
  readonly names?: readonly string[] | undefined;
  /** Which Things behind the JID; empty or undefined: all. */
  readonly nodes?: readonly NodeReference[] | undefined;
  readonly from?: Date | undefined;
  readonly to?: Date | undefined;
  /** When to read; undefined: now. */
  readonly when?: Date | undefined;
  /** Of delegated trust, for the Thing to ask its provisioning server about. @see XEP-0323 §7 */
  readonly tokens?: Tokens | undefined;
}

export interface ReadoutOptions {
  /**
   * How long the Thing may say nothing of use, before the answer and between messages; 30,000 ms when not given. A wait for `when` is
   * not counted, nor is the time that the caller takes.
   */
  readonly timeoutMs?: number | undefined;
  /** How long a read-out that the Thing has queued may wait for its begin, beyond `when`; `timeoutMs` when not given. */
  readonly queuedTimeoutMs?: number | undefined;
  /** Told that the read-out was queued, and that it has begun. */
  readonly onProgress?: ((progress: 'queued' | 'started', seqnr: ReadoutId) => void) | undefined;
  /** How often to ask in all, while a Thing is silent and has given nothing; 1 when not given. @see XEP-0323 §3 */
  readonly attempts?: number | undefined;
  /** Most fields to take, asked for or not; unlimited when not given. A Thing that sends more is cut off. */
  readonly maxFields?: number | undefined;
  /** Where timestamps without a time zone are from, such as `+09:00`; local time when not given. @see XEP-0323 §6.1 */
  readonly timeZone?: string | undefined;
  /** How to ask; found out from what the Thing says it speaks when not given, and as XEP-0323 has it where it says nothing. */
  readonly dialect?: ReadoutDialect | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Nodes that could not be read. What could be read was given before this was thrown. @see XEP-0323 §3.2 */
export class ReadoutFailure extends Error {
  override readonly name = 'ReadoutFailure';
  readonly code = 'readout-failed';
  readonly errors: readonly NodeFailure[];

  constructor(errors: readonly NodeFailure[]) {
    super(errors.map(({ node, message }) => (node ? `${node.nodeId}: ${message}` : message)).join('; ') || 'unknown');
    this.errors = errors;
  }
}

/** An answer or message of the read-out, or the news that nothing but messages is to be expected. */
type Arrival = ReadoutMessage | { readonly kind: 'accepted'; readonly queued?: boolean };

/**
 * Reads Things behind a JID. Gives fields as they come in; leaving the loop early cancels the read-out. A Thing that can wait (ours do)
 * sends no faster than the loop takes.
 * Messages are taken only from exactly `to`, and only with the number of this read-out; fields that were not asked for are left out.
 * @param to the full JID of a client, or the JID of a component
 * @throws StanzaError when rejected, `remote-server-timeout` after too long a silence, or `resource-constraint` when the Thing sends too
 *   much; ReadoutFailure at the end when nodes could not be read; PayloadError for a message that is malformed; PeerError when the
 *   connection went away; RangeError for a time zone that is none; the signal's reason
 * @see XEP-0323 §3
 */
export async function* readSensorData(
  peer: XmppPeer,
  to: Jid,
  wish: ReadoutWish = {},
  options: ReadoutOptions = {},
): AsyncGenerator<readonly Field[], void, undefined> {
  const { attempts = 1, timeZone } = options;
  if (timeZone !== undefined && !isTimeZone(timeZone)) throw new RangeError(`"${timeZone}" is no time zone`);
  for (let attempt = 1; ; attempt++) {
    let hasGiven = false;
    try {
      for await (const fields of readOnce(peer, to, wish, options)) {
        hasGiven = true;
        yield fields;
      }
      return;
    } catch (error) {
      const isSilent = error instanceof StanzaError && error.condition === 'remote-server-timeout';
      if (hasGiven || !isSilent || attempt >= attempts) throw error;
    }
  }
}

async function* readOnce(
  peer: XmppPeer,
  to: Jid,
  wish: ReadoutWish,
  options: ReadoutOptions,
): AsyncGenerator<readonly Field[], void, undefined> {
  const { timeoutMs = DEFAULT_TIMEOUT_MS, signal, maxFields = Number.POSITIVE_INFINITY, timeZone } = options;
  signal?.throwIfAborted();
  const dialect = options.dialect ?? (await findDialect(peer, to, READOUT_DIALECTS, { timeoutMs, signal }));
  const { types = [], names = [], nodes = [], from, to: until, when, tokens } = wish;
  const seqnr = randomSeqnr();
  const selection = { types: dialect.tellable(types), names, from, to: until };
  const request = dialect.encodeRequest({
    seqnr,
    nodes,
    names,
    types: types.length === 0 ? FIELD_TYPES : types,
    from,
    to: until,
    when,
    ...tokens,
  });
  const inbox = new Inbox<Arrival>(MAX_WAITING_MESSAGES);
  let heard = false;
  const stopListening = peer.onMessage({ namespace: dialect.namespace }, (message, payload) => {
    if (message.type === 'error' || !message.from.equals(to)) return;
    if (payload.attribute(dialect.idAttribute)?.trim() !== String(seqnr)) return;
    heard = true;
    receive(inbox, () => dialect.decodeMessages(payload, timeZone));
  });
  const stopAnswering = answerFlow(peer, to, seqnr, () => inbox.read());
  const ended = new AbortController();
  let rejected = false;
  peer.request('get', to, request, { timeoutMs, signal: ended.signal }).then(
    (answer) => receive(inbox, () => decodeAnswer(dialect, answer, seqnr, timeZone)),
    (error: unknown) => {
      const unanswered = error instanceof StanzaError && error.condition === 'remote-server-timeout';
      // A Thing that sends fields has accepted, whatever became of its answer (XEP-0323 §3).
      if (unanswered && heard) return;
      rejected = error instanceof StanzaError && !unanswered;
      inbox.fail(error);
    },
  );
  let running = true;
  try {
    const failures: NodeFailure[] = [];
    let received = 0;
    let hasStarted = false;
    let patienceMs = silenceAllowed(timeoutMs, when);
    while (running) {
      const askedAt = Date.now();
      const message = await inbox.take(patienceMs, signal);
      const isOfUse = message.kind === 'started' ? !hasStarted : message.kind !== 'fields' || message.fields.length > 0;
      hasStarted ||= message.kind === 'started';
      // One that only pretends to be busy is as good as silent.
      patienceMs = isOfUse ? silenceAllowed(timeoutMs, when) : Math.max(0, patienceMs - (Date.now() - askedAt));
      if (message.kind === 'accepted' && message.queued && !hasStarted) {
        patienceMs = silenceAllowed(options.queuedTimeoutMs ?? timeoutMs, when);
        options.onProgress?.('queued', seqnr);
      }
      if (message.kind === 'started' && isOfUse) options.onProgress?.('started', seqnr);
      if (message.kind === 'failure') {
        failures.push(...message.errors.slice(0, MAX_FAILURES - failures.length));
      }
      if (message.kind === 'fields') received += message.fields.length;
      if (received > maxFields) {
        throw new StanzaError('resource-constraint', `the Thing sends more than ${maxFields} fields`);
      }
      running = !(message.kind === 'done' || ('done' in message && message.done));
      if (message.kind !== 'fields') continue;
      const fields = message.fields.filter((field) => isSelected(field, selection));
      if (fields.length > 0) yield fields;
    }
    if (failures.length > 0) throw new ReadoutFailure(failures);
  } finally {
    stopListening();
    stopAnswering();
    inbox.close();
    ended.abort();
    if (running && !rejected) cancel(peer, to, dialect, seqnr, timeoutMs);
  }
}

/** Puts what was decoded in the inbox, or why it could not be. */
function receive(inbox: Inbox<Arrival>, decode: () => readonly Arrival[]): void {
  try {
    for (const arrival of decode()) inbox.push(arrival);
  } catch (error) {
    inbox.fail(error);
  }
}

/**
 * Some implementations answer with the first message of the read-out in place of `accepted` (XEP-0323 §3 lets them leave it out), or
 * with an empty result.
 */
function decodeAnswer(
  dialect: ReadoutDialect,
  answer: Element | undefined,
  seqnr: ReadoutId,
  timeZone: string | undefined,
): readonly Arrival[] {
  if (answer?.namespace !== dialect.namespace) return [{ kind: 'accepted' }];
  const given = answer.is('accepted')
    ? [{ kind: 'accepted' as const, ...dialect.decodeAccepted(answer) }]
    : dialect.decodeMessages(answer, timeZone);
  const other = given.find((message) => String(message.seqnr) !== String(seqnr));
  if (other) {
    throw new StanzaError('undefined-condition', `the answer is to read-out ${other.seqnr}, not ${seqnr}`);
  }
  return given;
}

function silenceAllowed(timeoutMs: number, when: Date | undefined): number {
  const untilBegin = when === undefined ? 0 : Math.max(0, when.getTime() - Date.now());
  return Math.min(timeoutMs + untilBegin, MAX_TIMER_MS);
}

/** Tells the Thing that nobody listens any more. Whether it hears it changes nothing here, so that its answer is not waited for. */
function cancel(peer: XmppPeer, to: Jid, dialect: ReadoutDialect, seqnr: ReadoutId, timeoutMs: number): void {
  peer.request(dialect.cancelType, to, dialect.encodeCancel(seqnr), { timeoutMs }).catch(() => undefined);
}

/** Nobody but the Thing can guess it, and it needs no memory of other read-outs. */
function randomSeqnr(): number {
  return crypto.getRandomValues(new Int32Array(1))[0]! & 0x7fffffff;
}
