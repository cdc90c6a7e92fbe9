import { storeFields } from '@thingward/things';
import { type Jid, type Logger, StanzaError, type XmppPeer } from '@thingward/xmpp';
import { pause } from './pause.ts';
import type { Outbox } from './state/outbox.ts';

const BATCH_FIELDS = 500;
const IDLE_MS = 500;
const FIRST_BACKOFF_MS = 1000;
const LONGEST_BACKOFF_MS = 60_000;

/** Errors that the same readings would meet again. */
const HOPELESS = new Set(['bad-request', 'policy-violation', 'not-acceptable', 'jid-malformed']);

/** Takes the readings of one account from the outbox to the history service, in order, each until it is stored. */
export class Uploader {
  readonly #peer: XmppPeer;
  readonly #history: Jid;
  readonly #outbox: Outbox;
  readonly #account: string;
  readonly #log: Logger;
  #stored = 0;

  constructor(peer: XmppPeer, history: Jid, outbox: Outbox, account: string, log: Logger) {
    this.#peer = peer;
    this.#history = history;
    this.#outbox = outbox;
    this.#account = account;
    this.#log = log;
  }

  /** Fields stored since the start. */
  get stored(): number {
    return this.#stored;
  }

  /** Goes on until the signal. Survives every error. */
  async run(signal: AbortSignal): Promise<void> {
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
        await pause(waitMs * (0.5 + Math.random() / 2), signal);
      }
    }
  }

  /** Uploads one batch. @returns false when there is nothing to upload @throws what storing throws: the readings stay */
  async uploadOnce(signal?: AbortSignal): Promise<boolean> {
    const batch = this.#outbox.next(this.#account, BATCH_FIELDS);
    if (batch.ids.length === 0) return false;
    try {
      await storeFields(this.#peer, this.#history, batch.fields, { signal, timeoutMs: 20_000 });
      this.#stored += batch.fields.length;
    } catch (error) {
      if (!(error instanceof StanzaError && HOPELESS.has(error.condition))) throw error;
      // Kept, it would hold up everything behind it for ever.
      this.#log.error(
        { account: this.#account, fields: batch.fields.length, reason: error.message },
        'the history service refuses readings for good: they are dropped',
      );
    }
    this.#outbox.remove(batch);
    return true;
  }
}
