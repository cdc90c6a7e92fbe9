import { PayloadError, pause, storeFields } from '@thingward/things';
import { type Jid, type Logger, StanzaError, type XmppPeer } from '@thingward/xmpp';
import type { Outbox } from './state/outbox.ts';

const BATCH_FIELDS = 500;
/** Of the readings as they are kept, about as many as the stanza has: well below the 262,144 bytes that servers usually take. */
const BATCH_CHARACTERS = 60_000;
const IDLE_MS = 500;
const FIRST_BACKOFF_MS = 1000;
const LONGEST_BACKOFF_MS = 60_000;

/** Conditions that the same readings would meet again. */
const HOPELESS = new Set(['bad-request', 'policy-violation', 'not-acceptable', 'jid-malformed']);

/** Takes the readings of one account from the outbox to the history service, in order, each until it is stored. */
export class Uploader {
  readonly #peer: XmppPeer;
  readonly #history: Jid;
  readonly #outbox: Outbox;
  readonly #account: string;
  readonly #log: Logger;
  #stored = 0;
  #waking = new AbortController();
  #running: Promise<void> | undefined;
  #uploading: Promise<boolean> | undefined;
  /** Readings to be uploaded one by one, because the batch they were in was refused. */
  #suspects = 0;

  constructor(peer: XmppPeer, history: Jid, outbox: Outbox, account: string, log: Logger) {
    this.#peer = peer;
    this.#history = history;
    this.#outbox = outbox;
    this.#account = account;
    this.#log = log;
  }

  /** Ends a wait after a failure at once, as when the connection is back. */
  wake(): void {
    this.#waking.abort();
  }

  /** Fields stored since the start. */
  get stored(): number {
    return this.#stored;
  }

  /** Goes on until the signal. Survives every error. While it runs, running it again does nothing but wait for its end. */
  run(signal: AbortSignal): Promise<void> {
    this.#running ??= this.#run(signal).finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** Uploads one batch. @returns false when there is nothing to upload @throws what storing throws: the readings stay */
  uploadOnce(signal?: AbortSignal): Promise<boolean> {
    this.#uploading ??= this.#upload(signal).finally(() => {
      this.#uploading = undefined;
    });
    return this.#uploading;
  }

  async #run(signal: AbortSignal): Promise<void> {
    let failures = 0;
    while (!signal.aborted) {
      try {
        const uploaded = await this.uploadOnce(signal);
        failures = 0;
        if (!uploaded) await pause(IDLE_MS, signal);
      } catch (error) {
        if (signal.aborted) return;
        const waitMs = Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** Math.min(failures++, 10));
        const reason = (error as Error).message;
        this.#log.debug({ account: this.#account, reason, waitMs, waiting: this.#outbox.size }, 'readings wait');
        this.#waking = new AbortController();
        await pause(waitMs * (0.5 + Math.random() / 2), AbortSignal.any([signal, this.#waking.signal]));
      }
    }
  }

  async #upload(signal: AbortSignal | undefined): Promise<boolean> {
    const batch = this.#outbox.next(this.#account, this.#suspects > 0 ? 1 : BATCH_FIELDS, BATCH_CHARACTERS);
    if (batch.ids.length === 0) return false;
    try {
      await storeFields(this.#peer, this.#history, batch.fields, { signal, timeoutMs: 20_000 });
      this.#stored += batch.fields.length;
    } catch (error) {
      if (!isHopeless(error)) throw error;
      if (batch.ids.length > 1) {
        // One of them is to blame: the others must not be lost with it.
        this.#suspects = batch.ids.length;
        return true;
      }
      // Kept, it would hold up everything behind it for ever.
      this.#log.error(
        { account: this.#account, fields: batch.fields.length, reason: error.message },
        'the history service refuses readings for good: they are dropped',
      );
    }
    this.#suspects = Math.max(0, this.#suspects - batch.ids.length);
    this.#outbox.remove(batch);
    return true;
  }
}

/** Would the same readings fail again, however often they are sent? */
function isHopeless(error: unknown): error is StanzaError | PayloadError {
  return error instanceof PayloadError || (error instanceof StanzaError && HOPELESS.has(error.condition));
}
