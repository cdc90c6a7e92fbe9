import { Dnp3Error } from './error.ts';
import {
  ACK,
  CONFIRMED_USER_DATA,
  encodeLinkFrame,
  LINK_STATUS,
  type LinkFrame,
  NACK,
  NOT_SUPPORTED_LINK,
  REQUEST_LINK_STATUS,
  RESET_LINK_STATES,
  TEST_LINK_STATES,
  UNCONFIRMED_USER_DATA,
} from './link-frame.ts';

export interface LinkLayerOptions {
  readonly local: number;
  readonly remote: number;
  readonly isMaster: boolean;
  send(octets: Uint8Array): void;
  /** Every frame is confirmed by the other side; none is when not given, as is usual over TCP. */
  readonly confirm?: LinkConfirmation | undefined;
}

export interface LinkConfirmation {
  readonly timeoutMs: number;
  /** How often a frame is sent again. */
  readonly retries: number;
}

interface Waiting {
  readonly codes: readonly number[];
  settle(code: number | Error): void;
}

/**
 * One end of the data link between two addresses: answers the other side's frames, and has its own confirmed where that is wanted.
 * @see IEEE 1815-2012 §9.3
 */
export class LinkLayer {
  readonly #options: LinkLayerOptions;
  /** The FCB that the next confirmed frame from there has; undefined before a reset. */
  #expectedCount: boolean | undefined;
  /** The FCB of our next confirmed frame; undefined before a reset. */
  #nextCount: boolean | undefined;
  #waiting: Waiting | undefined;
  /** Transactions are one after the other. */
  #last: Promise<unknown> = Promise.resolve();
  #closed: Error | undefined;

  constructor(options: LinkLayerOptions) {
    this.#options = options;
  }

  /** Takes a frame from the other side. @returns the segment it carries, the first time it comes */
  receive({ control, userData }: LinkFrame): Uint8Array | undefined {
    const { primary, function: code, frameCount } = control;
    if (!primary) {
      if (this.#waiting?.codes.includes(code)) this.#waiting.settle(code);
      return undefined;
    }
    switch (code) {
      case UNCONFIRMED_USER_DATA:
        return userData;
      case CONFIRMED_USER_DATA: {
        if (this.#expectedCount === undefined) {
          this.#answer(NACK);
          return undefined;
        }
        this.#answer(ACK);
        const isNew = frameCount === this.#expectedCount;
        if (!isNew) return undefined;
        this.#expectedCount = !frameCount;
        return userData;
      }
      case RESET_LINK_STATES:
        this.#expectedCount = true;
        this.#answer(ACK);
        return undefined;
      case TEST_LINK_STATES:
        this.#answer(this.#expectedCount === undefined ? NACK : ACK);
        if (frameCount === this.#expectedCount) this.#expectedCount = !frameCount;
        return undefined;
      case REQUEST_LINK_STATUS:
        this.#answer(LINK_STATUS);
        return undefined;
      default:
        this.#answer(NOT_SUPPORTED_LINK);
        return undefined;
    }
  }

  /** Sends segments. @throws Dnp3Error `no-answer` when they are to be confirmed and are not, `closed` */
  async sendSegments(segments: readonly Uint8Array[]): Promise<void> {
    const { confirm } = this.#options;
    if (this.#closed) throw this.#closed;
    if (!confirm) {
      for (const segment of segments) this.#sendPrimary(UNCONFIRMED_USER_DATA, segment);
      return;
    }
    await this.#inTurn(async () => {
      for (const segment of segments) await this.#sendConfirmed(segment, confirm);
    });
  }

  /** Asks whether the other side is there. @throws Dnp3Error `no-answer`, `closed` */
  async requestStatus(timeoutMs: number): Promise<void> {
    await this.#inTurn(async () => {
      this.#sendPrimary(REQUEST_LINK_STATUS);
      await this.#answerOf([LINK_STATUS, NOT_SUPPORTED_LINK], timeoutMs);
    });
  }

  /** What waits fails. */
  close(reason: Error): void {
    this.#closed = reason;
    this.#waiting?.settle(reason);
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#last.then(() => {
      if (this.#closed) throw this.#closed;
      return work();
    });
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async #sendConfirmed(segment: Uint8Array, confirm: LinkConfirmation): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      try {
        if (this.#nextCount === undefined) {
          this.#sendPrimary(RESET_LINK_STATES);
          await this.#answerOf([ACK], confirm.timeoutMs);
          this.#nextCount = true;
        }
        this.#sendPrimary(CONFIRMED_USER_DATA, segment, this.#nextCount);
        if ((await this.#answerOf([ACK, NACK], confirm.timeoutMs)) === ACK) {
          this.#nextCount = !this.#nextCount;
          return;
        }
        // It has forgotten our count: begin anew.
        this.#nextCount = undefined;
      } catch (error) {
        if (attempt >= confirm.retries || this.#closed) throw error;
      }
      if (attempt >= confirm.retries) throw this.#silence();
    }
  }

  #answerOf(codes: readonly number[], timeoutMs: number): Promise<number> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => settle(this.#silence()), timeoutMs);
      const settle = (outcome: number | Error) => {
        clearTimeout(timer);
        this.#waiting = undefined;
        if (typeof outcome === 'number') resolve(outcome);
        else reject(outcome);
      };
      this.#waiting = { codes, settle };
    });
  }

  #silence(): Dnp3Error {
    return new Dnp3Error('no-answer', `the data link of address ${this.#options.remote} does not answer`);
  }

  #answer(code: number): void {
    this.#send({ primary: false, frameCount: false, countValidOrBusy: false, function: code }, new Uint8Array(0));
  }

  /** @param count the FCB, where it means something */
  #sendPrimary(code: number, userData: Uint8Array = new Uint8Array(0), count?: boolean): void {
    const control = {
      primary: true,
      frameCount: count === true,
      countValidOrBusy: count !== undefined,
      function: code,
    };
    this.#send(control, userData);
  }

  #send(control: Omit<LinkFrame['control'], 'fromMaster'>, userData: Uint8Array): void {
    const { local, remote, isMaster, send } = this.#options;
    send(
      encodeLinkFrame({ control: { fromMaster: isMaster, ...control }, destination: remote, source: local, userData }),
    );
  }
}
