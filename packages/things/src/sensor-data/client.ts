import type { Element } from '@thingward/xml';
import { type Jid, StanzaError, type XmppPeer } from '@thingward/xmpp';
import type { NodeReference } from '../thing/node.ts';
import {
  decodeAccepted,
  decodeReadoutMessage,
  encodeCancel,
  encodeReadoutRequest,
  type NodeFailure,
  type ReadoutMessage,
  SENSOR_DATA_NAMESPACE,
} from './codec.ts';
import { FIELD_TYPES, type Field, type FieldType } from './field.ts';
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
}

export interface ReadoutOptions {
  /** Silence allowed before the answer and between messages; 30,000 ms when not given. A wait for `when` is not counted. */
  readonly timeoutMs?: number | undefined;
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
type Arrival = ReadoutMessage | { readonly kind: 'accepted' };

/**
 * Reads Things behind a JID. Gives fields as they come in; leaving the loop early cancels the read-out.
 * Messages are taken only from exactly `to`, and only with the number of this read-out; fields that were not asked for are left out.
 * @param to the full JID of a client, or the JID of a component
 * @throws StanzaError when rejected, or `remote-server-timeout` after too long a silence; ReadoutFailure at the end when nodes could
 *   not be read; PayloadError for a message that is malformed; PeerError when the connection went away; the signal's reason
 * @see XEP-0323 §3
 */
export async function* readSensorData(
  peer: XmppPeer,
  to: Jid,
  wish: ReadoutWish = {},
  { timeoutMs = DEFAULT_TIMEOUT_MS, signal }: ReadoutOptions = {},
): AsyncGenerator<readonly Field[], void, undefined> {
  signal?.throwIfAborted();
  const { types = [], names = [], nodes = [], from, to: until, when } = wish;
  const seqnr = randomSeqnr();
  const request = encodeReadoutRequest({
    seqnr,
    nodes,
    names,
    types: types.length === 0 ? FIELD_TYPES : types,
    from,
    to: until,
    when,
  });
  const inbox = new Inbox<Arrival>(MAX_WAITING_MESSAGES);
  let heard = false;
  const stopListening = peer.onMessage({ namespace: SENSOR_DATA_NAMESPACE }, (message, payload) => {
    if (message.type === 'error' || !message.from.equals(to)) return;
    if (payload.attribute('seqnr')?.trim() !== String(seqnr)) return;
    heard = true;
    receive(inbox, () => decodeReadoutMessage(payload));
  });
  const ended = new AbortController();
  let rejected = false;
  peer.request('get', to, request, { timeoutMs, signal: ended.signal }).then(
    (answer) => receive(inbox, () => decodeAnswer(answer, seqnr)),
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
    while (running) {
      const message = await inbox.take(silenceAllowed(timeoutMs, when), signal);
      if (message.kind === 'failure') {
        failures.push(...message.errors.slice(0, MAX_FAILURES - failures.length));
      }
      running = !(message.kind === 'done' || ('done' in message && message.done));
      if (message.kind !== 'fields') continue;
      const fields = message.fields.filter((field) => isSelected(field, { types, names, from, to: until }));
      if (fields.length > 0) yield fields;
    }
    if (failures.length > 0) throw new ReadoutFailure(failures);
  } finally {
    stopListening();
    ended.abort();
    if (running && !rejected) cancel(peer, to, seqnr, timeoutMs);
  }
}

/** Puts what was decoded in the inbox, or why it could not be. */
function receive(inbox: Inbox<Arrival>, decode: () => Arrival): void {
  try {
    inbox.push(decode());
  } catch (error) {
    inbox.fail(error);
  }
}

/**
 * Some implementations answer with the first message of the read-out in place of `accepted` (XEP-0323 §3 lets them leave it out), or
 * with an empty result.
 */
function decodeAnswer(answer: Element | undefined, seqnr: number): Arrival {
  if (answer?.namespace !== SENSOR_DATA_NAMESPACE) return { kind: 'accepted' };
  const given = answer.is('accepted')
    ? { kind: 'accepted' as const, ...decodeAccepted(answer) }
    : decodeReadoutMessage(answer);
  if (given.seqnr !== seqnr) {
    throw new StanzaError('undefined-condition', `the answer is to read-out ${given.seqnr}, not ${seqnr}`);
  }
  return given;
}

function silenceAllowed(timeoutMs: number, when: Date | undefined): number {
  const untilBegin = when === undefined ? 0 : Math.max(0, when.getTime() - Date.now());
  return Math.min(timeoutMs + untilBegin, MAX_TIMER_MS);
}

/** Tells the Thing that nobody listens any more. Whether it hears it changes nothing here, so that its answer is not waited for. */
function cancel(peer: XmppPeer, to: Jid, seqnr: number, timeoutMs: number): void {
  peer.request('get', to, encodeCancel('cancel', seqnr), { timeoutMs }).catch(() => undefined);
}

/** Nobody but the Thing can guess it, and it needs no memory of other read-outs. */
function randomSeqnr(): number {
  return crypto.getRandomValues(new Int32Array(1))[0]! & 0x7fffffff;
}
