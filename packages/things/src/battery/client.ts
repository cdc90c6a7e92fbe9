import { xml } from '@thingward/xml';
import { type Jid, NS, type Received, type RequestOptions, StanzaError, type XmppPeer } from '@thingward/xmpp';
import { type ControlOptions, type ControlOutcome, ControlRefused } from '../control/client.ts';
import { CONTROL_DIALECTS, controlDialectOf, XEP_CONTROL } from '../control/dialects.ts';
import type { ParameterValue } from '../control/parameter.ts';
import { type ReadoutOptions, type ReadoutWish, readSensorData } from '../sensor-data/client.ts';
import type { Field } from '../sensor-data/field.ts';
import { PayloadError } from '../thing/payload.ts';
import { ControlUnknownError } from '../thing/thing.ts';
import {
  type CommandOutcome,
  decodeLastKnown,
  decodeMailbox,
  decodeOutcome,
  decodePartlySuperseded,
  decodeQueued,
  decodeSleeper,
  encodeCommand,
  encodeCommandCancel,
  type LastKnown,
  type MailboxEntry,
  type PartlySuperseded,
  type Queued,
} from './codec.ts';
import { BATTERY, type Sleeper } from './schedule.ts';

/** Outcomes that are kept until it is known which command is ours. */
const MAX_EARLY = 1000;
/** After the end of its time a command has an outcome within this. */
const GRACE_MS = 120_000;
/** setTimeout takes no more. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Asks the server of a Thing whether it sleeps and when it wakes.
 * @param thing its bare JID
 * @throws StanzaError where it never sleeps, or the server keeps no mailboxes
 */
export async function askSleeper(peer: XmppPeer, thing: Jid, options?: RequestOptions): Promise<Sleeper> {
  const answer = await peer.request('get', thing.bare, xml('status', { xmlns: BATTERY }), options);
  if (!answer) throw new StanzaError('undefined-condition', 'the answer is empty');
  return understood(() => decodeSleeper(answer));
}

/** The sleeper that an error tells of; undefined when it tells of none. */
export function sleeperOf(error: StanzaError): Sleeper | undefined {
  const element = error.applications.find((application) => application.is('sleeper', BATTERY));
  try {
    return element && decodeSleeper(element);
  } catch (failure) {
    if (failure instanceof PayloadError) return undefined;
    throw failure;
  }
}

/** What of a Thing's mailbox is the asker's to see: its own commands, all for the Thing itself and its owner. @throws StanzaError */
export async function listMailbox(
  peer: XmppPeer,
  thing: Jid,
  options?: RequestOptions,
): Promise<readonly MailboxEntry[]> {
  const answer = await peer.request('get', thing.bare, xml('mailbox', { xmlns: BATTERY }), options);
  if (!answer) throw new StanzaError('undefined-condition', 'the answer is empty');
  return understood(() => decodeMailbox(answer));
}

/** Takes a command back. @throws StanzaError `item-not-found`; `unexpected-request` when it is too late */
export async function cancelCommand(peer: XmppPeer, thing: Jid, id: string, options?: RequestOptions): Promise<void> {
  await peer.request('set', thing.bare, encodeCommandCancel(id), options);
}

export interface SendCommandOptions extends ControlOptions {
  /** How long the command may wait; as long as the server has it by default, when not given. */
  readonly expiresMs?: number | undefined;
  /** Told when parameters of the command were replaced by a later one; the rest waits still. */
  readonly onPartlySuperseded?: ((superseded: PartlySuperseded) => void) | undefined;
}

/** A command in the mailbox of a Thing. */
export interface SentCommand {
  readonly queued: Queued;
  /**
   * Waits for what becomes of it in the end.
   * @throws StanzaError when that can't be learned; the signal's reason
   */
  outcome(signal?: AbortSignal): Promise<CommandOutcome>;
  /** Listens no more. */
  close(): void;
}

/**
 * Leaves a command for a Thing that may sleep. Resolves when the server has taken it; what becomes of it is another matter.
 * @param thing its bare JID
 * @throws StanzaError when it was not taken: `recipient-unavailable` with the Thing's schedule when it will not wake in time,
 *   `resource-constraint` when the mailbox is full
 * @see docs/battery-powered.md §5
 */
export async function sendCommand(
  peer: XmppPeer,
  thing: Jid,
  values: ReadonlyMap<string, ParameterValue>,
  options: SendCommandOptions = {},
): Promise<SentCommand> {
  const { nodes = [], tokens, expiresMs, timeoutMs, signal } = options;
  const settings = [...values].map(([name, value]) => ({ name, value }));
  const payload = (options.dialect ?? XEP_CONTROL).encodeRequest({ nodes, settings, ...tokens });
  const listener = new OutcomeListener(peer, thing.bare, options.onPartlySuperseded);
  try {
    const request = encodeCommand({ expiresMs, payload });
    const answer = await peer.request('set', thing.bare, request, {
      signal,
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    });
    if (!answer) throw new StanzaError('undefined-condition', 'the answer is empty');
    const queued = understood(() => decodeQueued(answer));
    return {
      queued,
      outcome: (until) => listener.outcomeOf(queued, until),
      close: () => listener.close(),
    };
  } catch (error) {
    listener.close();
    throw error;
  }
}

/** Hears what becomes of commands of one Thing. */
class OutcomeListener {
  readonly #peer: XmppPeer;
  readonly #thing: Jid;
  readonly #arrived = new Map<string, CommandOutcome>();
  readonly #stops: (() => void)[];
  #wake: (() => void) | undefined;
  #isOnline = 0;

  constructor(peer: XmppPeer, thing: Jid, onPartlySuperseded: ((superseded: PartlySuperseded) => void) | undefined) {
    this.#peer = peer;
    this.#thing = thing;
    const isOurs = ({ from, type }: Received) => type !== 'error' && from.bare.equals(thing);
    this.#stops = [
      peer.onMessage({ name: 'outcome', namespace: BATTERY }, (received, payload) => {
        if (!isOurs(received) || this.#arrived.size >= MAX_EARLY) return;
        const outcome = understood(() => decodeOutcome(payload));
        this.#arrived.set(outcome.id, outcome);
        this.#wake?.();
      }),
      peer.onMessage({ name: 'superseded', namespace: BATTERY }, (received, payload) => {
        if (isOurs(received)) onPartlySuperseded?.(understood(() => decodePartlySuperseded(payload)));
      }),
      // What was told while nobody was there may be lost: the mailbox knows.
      peer.onOnline((isResumed) => {
        if (isResumed) return;
        this.#isOnline++;
        this.#wake?.();
      }),
    ];
  }

  async outcomeOf({ id, until }: Queued, signal?: AbortSignal): Promise<CommandOutcome> {
    let seen = this.#isOnline;
    for (;;) {
      signal?.throwIfAborted();
      const outcome = this.#arrived.get(id);
      if (outcome) return outcome;
      const leftMs = until.getTime() + GRACE_MS - Date.now();
      if (leftMs <= 0 || seen !== this.#isOnline) {
        seen = this.#isOnline;
        const listed = await this.#listed(id, leftMs <= 0);
        if (listed) return listed;
      }
      await this.#wait(Math.max(0, leftMs), signal);
    }
  }

  close(): void {
    for (const stop of this.#stops) stop();
    this.#wake?.();
  }

  async #listed(id: string, isOver: boolean): Promise<CommandOutcome | undefined> {
    const entry = (await listMailbox(this.#peer, this.#thing)).find((candidate) => candidate.id === id);
    if (entry?.finished) return { id, state: entry.state, at: entry.finished };
    if (isOver) throw new StanzaError('remote-server-timeout', 'the server does not tell what became of the command');
    return undefined;
  }

  #wait(timeoutMs: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(done, Math.min(timeoutMs, MAX_TIMER_MS));
      this.#wake = done;
      signal?.addEventListener('abort', done, { once: true });
      function done() {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        resolve();
      }
    });
  }
}

/**
 * What the Thing has answered to a command that waited, as if it had been there.
 * @throws ControlRefused, StanzaError as of `setParameters`; ControlUnknownError when nobody knows whether it was carried out;
 *   StanzaError `recipient-unavailable` when it expired, `conflict` when it was superseded or cancelled
 */
export function controlOutcomeOf({ state, payload }: CommandOutcome): ControlOutcome {
  switch (state) {
    case 'answered': {
      const dialect = controlDialectOf(payload?.namespace);
      if (!payload || !dialect) return { nodes: [], parameters: [], confirmed: [] };
      const { nodes, parameters, confirmed = [] } = dialect.decodeResponse(payload);
      return { nodes, parameters, confirmed };
    }
    case 'refused': {
      const error = StanzaError.fromStanza(xml('iq', { xmlns: NS.client, type: 'error' }, payload));
      const refused = CONTROL_DIALECTS.flatMap((dialect) => dialect.decodeParameterErrors(error));
      throw refused.length > 0 ? new ControlRefused(refused, error) : error;
    }
    case 'expired':
      throw new StanzaError('recipient-unavailable', 'the Thing did not wake before the command expired');
    case 'superseded':
      throw new StanzaError('conflict', 'a later command has taken its place');
    case 'cancelled':
      throw new StanzaError('conflict', 'the command was cancelled');
    default:
      throw new ControlUnknownError('the Thing got the command; whether it was carried out is not known');
  }
}

/** Fields as they were read. */
export interface Reading {
  readonly fields: readonly Field[];
  /** Undefined: the Thing itself has answered. */
  readonly lastKnown?: LastKnown | undefined;
}

export interface SleepingReadoutOptions extends ReadoutOptions {
  /** How long a Thing that sleeps is waited for, in milliseconds; as long as its server keeps the read-out when not given; 0: not at all. */
  readonly wakeTimeoutMs?: number | undefined;
  /** Told that the read-out waits for the Thing to wake. */
  readonly onQueued?: ((queued: Queued) => void) | undefined;
}

/**
 * Reads a Thing as `readSensorData` does, and says of fields whether they come from it or are what its server had of it. What only the
 * Thing knows, such as its past, is read when it wakes.
 * @param to the full JID of a Thing; the bare one of a Thing that sleeps
 * @throws as `readSensorData`; StanzaError `remote-server-timeout` when it did not wake in time
 * @see docs/battery-powered.md §6
 */
export async function* readSleeping(
  peer: XmppPeer,
  to: Jid,
  wish: ReadoutWish = {},
  options: SleepingReadoutOptions = {},
): AsyncGenerator<Reading, void, undefined> {
  let lastKnown: LastKnown | undefined;
  const wait = new WaitForWaking(peer, to, options);
  const stop = peer.onMessage({ name: 'lastKnown', namespace: BATTERY }, ({ from, type }, payload) => {
    if (type !== 'error' && from.equals(to)) lastKnown = understood(() => decodeLastKnown(payload));
  });
  try {
    for await (const fields of readSensorData(peer, to, wish, {
      ...options,
      queuedTimeoutMs: options.queuedTimeoutMs ?? MAX_TIMER_MS,
      signal: wait.signal,
      onProgress: (progress, seqnr) => {
        options.onProgress?.(progress, seqnr);
        wait.progressed(progress, String(seqnr));
      },
    })) {
      yield { fields, lastKnown };
    }
  } finally {
    stop();
    wait.close();
  }
}

/** Of `<queued/>` messages that come before it is known whose they are. */
const MAX_UNCLAIMED = 100;

/** A read-out that waits, in a mailbox, for a Thing to wake. */
class WaitForWaking {
  readonly signal: AbortSignal;
  readonly #options: SleepingReadoutOptions;
  readonly #over = new AbortController();
  readonly #stop: () => void;
  readonly #unclaimed = new Map<string, Queued>();
  #readout: string | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(peer: XmppPeer, to: Jid, options: SleepingReadoutOptions) {
    this.#options = options;
    this.signal = options.signal ? AbortSignal.any([options.signal, this.#over.signal]) : this.#over.signal;
    this.#stop = peer.onMessage({ name: 'queued', namespace: BATTERY }, ({ from, type }, payload) => {
      if (type === 'error' || !from.bare.equals(to.bare)) return;
      const queued = understood(() => decodeQueued(payload));
      if (queued.readout === undefined || this.#unclaimed.size >= MAX_UNCLAIMED) return;
      this.#unclaimed.set(queued.readout, queued);
      this.#claim();
    });
  }

  progressed(progress: 'queued' | 'started', readout: string): void {
    if (progress === 'started') {
      this.close();
      return;
    }
    this.#readout = readout;
    this.#claim();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#stop();
  }

  #claim(): void {
    const queued = this.#unclaimed.get(this.#readout ?? '');
    if (!queued) return;
    this.#unclaimed.clear();
    this.#options.onQueued?.(queued);
    const keptMs = queued.until.getTime() + GRACE_MS - Date.now();
    const waitMs = Math.min(this.#options.wakeTimeoutMs ?? keptMs, keptMs, MAX_TIMER_MS);
    this.#timer = setTimeout(() => {
      const wakes = queued.next ? `; it wakes next at ${queued.next.toISOString()}` : '';
      this.#over.abort(new StanzaError('remote-server-timeout', `it sleeps, and did not wake in time${wakes}`));
    }, waitMs);
  }
}

/** What the other side has sent. @throws StanzaError `undefined-condition` for what does not follow the profile */
function understood<T>(decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    if (error instanceof PayloadError) throw new StanzaError('undefined-condition', error.message);
    throw error;
  }
}
