import {
  AUTHENTICATE_RESPONSE,
  type CarriedPacket,
  type Dnp3Channel,
  Dnp3Error,
  FUNCTIONS,
  isObserving,
  type LinkFrame,
  nameOf,
  RESPONSE,
} from '@thingward/dnp3';
import { PacketLink } from './packet-link.ts';

export interface ExchangeOptions {
  readonly channel: Dnp3Channel;
  /** Addresses. */
  readonly master: number;
  readonly outstation: number;
  readonly timeoutMs: number;
  /** Are frames to be confirmed by the outstation's data link? */
  readonly linkConfirm: boolean;
  /** Told of each packet of the outstation, before anybody else. */
  onPacket(packet: CarriedPacket): void;
  /** Told of what is no first packet of an awaited answer. */
  onReport(packet: CarriedPacket): void;
  onDropped(reason: string): void;
}

interface Awaited {
  readonly request: CarriedPacket;
  settle(outcome: CarriedPacket | Dnp3Error): void;
}

const LINK_RETRIES = 2;

/**
 * What one master and one outstation say to each other at the outstation's end. An outstation answers one request of a master at a time:
 * a new one is the end of the one before.
 * @see IEEE 1815-2012 §4.6
 */
export class Exchange {
  readonly #options: ExchangeOptions;
  #link: PacketLink;
  #awaited: Awaited | undefined;
  /** Ends the wait for the last fragment of an answer that has begun. */
  #ending: { readonly timer: NodeJS.Timeout; end(): void } | undefined;
  #latest = 0;

  constructor(options: ExchangeOptions) {
    this.#options = options;
    this.#link = this.#newLink();
  }

  /** The master asks anew, whatever it has waited for. @returns a test whether this is still its latest request */
  begin(): () => boolean {
    const turn = ++this.#latest;
    this.#awaited?.settle(this.#lost(this.#awaited.request, 'its master sent another request before it was answered'));
    this.#ending?.end();
    return () => turn === this.#latest;
  }

  /** Sends what is not answered. Rejects with Dnp3Error `not-connected`, `no-answer`, `closed` */
  async send(packet: CarriedPacket): Promise<void> {
    this.#checkConnected();
    await this.#link.send(packet);
  }

  /**
   * Sends a request once. @returns the first packet of its answer.
   * Rejects with Dnp3Error: `not-connected` when it was not sent, `outcome-unknown` when a command was sent and not answered, `no-answer`
   */
  ask(request: CarriedPacket): Promise<CarriedPacket> {
    this.#checkConnected();
    const { timeoutMs } = this.#options;
    return new Promise((resolve, reject) => {
      const settle = (outcome: CarriedPacket | Dnp3Error) => {
        clearTimeout(timer);
        if (this.#awaited === awaited) this.#awaited = undefined;
        if (outcome instanceof Dnp3Error) reject(outcome);
        else resolve(outcome);
      };
      const timer = setTimeout(
        () => settle(this.#lost(request, `it did not answer within ${timeoutMs} ms`)),
        timeoutMs,
      );
      const awaited: Awaited = { request, settle };
      this.#awaited = awaited;
      this.#link.send(request).catch((error: unknown) => {
        settle(this.#lost(request, error instanceof Error ? error.message : String(error)));
      });
    });
  }

  /** Waits until the answer has come to its end, its master has gone on, or nothing of it came for a while. */
  finish(): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        this.#ending = undefined;
        resolve();
      };
      const timer = setTimeout(end, this.#options.timeoutMs);
      this.#ending = { timer, end };
    });
  }

  receive(frame: LinkFrame): void {
    for (const packet of this.#link.receive(frame)) {
      this.#options.onPacket(packet);
      const { control, function: code } = packet.fragment;
      const isAnswer = (code === RESPONSE || code === AUTHENTICATE_RESPONSE) && !control.unsolicited;
      const expected = this.#awaited?.request.fragment.control.sequence;
      if (isAnswer && control.first && control.sequence === expected) this.#awaited?.settle(packet);
      else {
        this.#options.onReport(packet);
        if (isAnswer && control.final) this.#ending?.end();
        else if (isAnswer) this.#ending?.timer.refresh();
      }
    }
  }

  /** The connection was lost: nothing that was sent on it will be answered, and links begin anew. */
  disconnected(reason: Dnp3Error): void {
    this.#link.close(reason);
    this.#link = this.#newLink();
    this.#awaited?.settle(this.#lost(this.#awaited.request, reason.message));
    this.#ending?.end();
  }

  #checkConnected(): void {
    const { channel } = this.#options;
    if (channel.state !== 'connected') throw channel.notConnected();
  }

  /** A request was sent, and there is no answer to it. */
  #lost({ fragment }: CarriedPacket, reason: string): Dnp3Error {
    const { outstation } = this.#options;
    const what = `outstation ${outstation}, ${nameOf(FUNCTIONS, fragment.function)}: ${reason}`;
    return new Dnp3Error(isObserving(fragment.function) ? 'no-answer' : 'outcome-unknown', what);
  }

  #newLink(): PacketLink {
    const { channel, master, outstation, timeoutMs, linkConfirm, onDropped } = this.#options;
    return new PacketLink({
      local: master,
      remote: outstation,
      isMaster: true,
      send: (octets) => channel.send(octets),
      confirm: linkConfirm ? { timeoutMs: timeoutMs / (LINK_RETRIES + 1), retries: LINK_RETRIES } : undefined,
      onDropped,
    });
  }
}
