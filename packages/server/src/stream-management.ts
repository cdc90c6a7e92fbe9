import type { Element } from '@thingward/xml';
import { acknowledgement, acknowledgementRequest, nextCount, UnacknowledgedQueue } from '@thingward/xmpp';
import type { Stanza, UndeliveredStanza } from './stanza.ts';

/** Stanzas after which the client is asked at once what it has handled; for fewer it is asked a little later. */
const ASK_AFTER = 32;
const ASK_DELAY_MS = 1000;

/** A stanza the client has not acknowledged. */
export interface Sent extends UndeliveredStanza {
  /** Was there no connection then? */
  readonly isHeld: boolean;
}

export interface ManagementOptions {
  /** For resuming; undefined when the client did not want it. */
  readonly id: string | undefined;
  /** How long it may be taken up again after its connection was lost. */
  readonly resumeMs: number;
  /** Stanzas and bytes that may wait for acknowledgement. */
  readonly maxStanzas: number;
  readonly maxBytes: number;
  /** How long an answer to a request for acknowledgement may take. */
  readonly ackTimeoutMs: number;
  /** Sends an element to the client. */
  readonly send: (element: Element) => void;
  /** The client has not answered in time. */
  readonly onSilence: () => void;
  /** Told of stanzas the client has handled. */
  readonly onHandled: (stanza: Stanza) => void;
  /** Where it goes on with what was there before the server started: it has no connection then. */
  readonly former?: FormerManagement;
}

/** Counts and stanzas of a managed stream of before. */
export interface FormerManagement {
  readonly handled: number;
  readonly acknowledged: number;
  readonly unacknowledged: readonly Sent[];
}

/** The counts and the queue of a managed stream; they outlive its connections. @see XEP-0198 §4, §5 */
export class StreamManagement {
  readonly id: string | undefined;
  readonly resumeMs: number;
  /** How long it may be taken up again where its client has said that it sleeps for longer. */
  sleepMs = 0;
  readonly #options: ManagementOptions;
  readonly #queue: UnacknowledgedQueue<Sent>;
  #handled: number;
  #bytes = 0;
  #unasked = 0;
  #isConnected: boolean;
  #askTimer: NodeJS.Timeout | undefined;
  #answerTimer: NodeJS.Timeout | undefined;

  constructor(options: ManagementOptions) {
    this.#options = options;
    this.id = options.id;
    this.resumeMs = options.resumeMs;
    const { former } = options;
    this.#handled = former?.handled ?? 0;
    this.#queue = new UnacknowledgedQueue(former?.acknowledged);
    this.#isConnected = former === undefined;
    for (const sent of former?.unacknowledged ?? []) {
      this.#queue.push(sent);
      this.#bytes += sent.stanza.size;
    }
  }

  /** How long it waits for its client, from now on, when its connection is lost. */
  get patienceMs(): number {
    return Math.max(this.resumeMs, this.sleepMs);
  }

  /** Stanzas from the client that were taken in. */
  get handled(): number {
    return this.#handled;
  }

  /** Stanzas to the client that it has acknowledged. */
  get acknowledgedCount(): number {
    return this.#queue.acknowledgedCount;
  }

  /** What the client has not acknowledged, in order. */
  get unacknowledged(): readonly Sent[] {
    return [...this.#queue];
  }

  /** Is there no room for more? Then the session must end. */
  get isFull(): boolean {
    return this.#queue.length > this.#options.maxStanzas || this.#bytes > this.#options.maxBytes;
  }

  get queueLength(): number {
    return this.#queue.length;
  }

  /** A stanza from the client was taken in. */
  countHandled(): void {
    this.#handled = nextCount(this.#handled);
  }

  /** A stanza goes to the client, or waits for its return. */
  sent(stanza: Stanza): void {
    this.#queue.push({ stanza, at: Date.now(), isHeld: !this.#isConnected });
    this.#bytes += stanza.size;
    this.#unasked++;
  }

  /** To be called after a stanza was written: asks for acknowledgement when it is time. */
  ask(): void {
    if (this.#answerTimer !== undefined || this.#unasked === 0) return;
    if (this.#unasked >= ASK_AFTER) this.#askNow();
    else this.#askTimer ??= setTimeout(() => this.#askNow(), ASK_DELAY_MS).unref();
  }

  /** Answers the client's request for acknowledgement. */
  acknowledge(): void {
    this.#options.send(acknowledgement(this.#handled));
  }

  /** The client says how many it has handled. @throws StreamError when there were never so many */
  acknowledged(h: number): void {
    clearTimeout(this.#answerTimer);
    this.#answerTimer = undefined;
    for (const { stanza } of this.#queue.acknowledge(h)) {
      this.#bytes -= stanza.size;
      this.#options.onHandled(stanza);
    }
    this.ask();
  }

  /** The connection is lost: what comes from now on waits. */
  disconnected(): void {
    this.#isConnected = false;
    this.#stopTimers();
    for (const { stanza } of this.#queue) stanza.compact();
  }

  /** There is a connection again. @returns what is to be sent again, in order */
  resumed(): readonly Sent[] {
    this.#isConnected = true;
    this.#unasked = this.#queue.length;
    return [...this.#queue];
  }

  /** The session ends. @returns what the client never confirmed, in order */
  end(): readonly Sent[] {
    this.#isConnected = false;
    this.#stopTimers();
    return [...this.#queue];
  }

  #askNow(): void {
    clearTimeout(this.#askTimer);
    this.#askTimer = undefined;
    this.#unasked = 0;
    this.#answerTimer = setTimeout(this.#options.onSilence, this.#options.ackTimeoutMs).unref();
    this.#options.send(acknowledgementRequest());
  }

  #stopTimers(): void {
    clearTimeout(this.#askTimer);
    clearTimeout(this.#answerTimer);
    this.#askTimer = undefined;
    this.#answerTimer = undefined;
  }
}
