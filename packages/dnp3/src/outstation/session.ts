import { Dnp3Error } from '../error.ts';
import { decodeFragment, encodeFragment, type Fragment } from '../fragment.ts';
import { CONFIRM, isAnswered, isResponse, READ, RESPONSE, UNSOLICITED_RESPONSE } from '../function-codes.ts';
import { BROADCAST_ADDRESSES, type LinkFrame } from '../link-frame.ts';
import { LinkLayer } from '../link-layer.ts';
import type { EventClass } from '../master/index.ts';
import { formatHex } from '../octets.ts';
import { Reassembler, segmentFragment } from '../transport.ts';
import type { PointEvent } from './event-buffer.ts';
import type { Outstation } from './outstation.ts';
import { type Answer, perform, type RequestState } from './requests.ts';
import { ResponseBuilder, type ResponsePart } from './response-builder.ts';

interface Awaited {
  readonly sequence: number;
  settle(isConfirmed: boolean): void;
}

/**
 * An outstation's side of one master on one connection.
 * @see IEEE 1815-2012 §4.6 (states), §6 (unsolicited responses)
 */
export class OutstationSession {
  readonly #outstation: Outstation;
  readonly #link: LinkLayer;
  readonly #reassembler = new Reassembler();
  readonly #state: RequestState;
  readonly #onEvent: (eventClass: EventClass) => void;
  #segment = 0;
  #solicited: Awaited | undefined;
  #unsolicited: Awaited | undefined;
  #unsolicitedSequence = 0;
  #isNullConfirmed = false;
  #isReporting = false;
  /** A read that came while an unsolicited response was not confirmed yet. */
  #deferred: Fragment | undefined;
  /** The last request that was not a read, and its answer: for when it comes again. */
  #last: { readonly octets: string; readonly response: Uint8Array | undefined } | undefined;
  #hold: NodeJS.Timeout | undefined;
  #isClosed = false;

  /** @param remote the master's address. @param send sends octets to it */
  constructor(outstation: Outstation, remote: number, send: (octets: Uint8Array) => void) {
    this.#outstation = outstation;
    this.#link = new LinkLayer({ local: outstation.options.address, remote, isMaster: false, send });
    this.#state = { outstation, controls: outstation.controls(), unsolicited: new Set(), recordedAt: undefined };
    this.#onEvent = (eventClass) => {
      if (this.#state.unsolicited.has(eventClass)) this.#reportSoon();
    };
    outstation.on('event', this.#onEvent);
  }

  /** Tells the master that it is there, where it reports by itself. */
  start(): void {
    if (this.#outstation.options.unsolicited) void this.#report();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#hold);
    this.#outstation.off('event', this.#onEvent);
    this.#solicited?.settle(false);
    this.#unsolicited?.settle(false);
    this.#link.close(new Dnp3Error('closed', 'the session was closed'));
  }

  receive(frame: LinkFrame): void {
    const isBroadcast = BROADCAST_ADDRESSES.has(frame.destination);
    // Nobody answers to a broadcast, not on this layer either.
    const userData = isBroadcast ? frame.userData : this.#link.receive(frame);
    const octets = userData && this.#reassembler.push(userData);
    if (!octets) return;
    let fragment: Fragment;
    try {
      fragment = decodeFragment(octets);
    } catch (error) {
      if (error instanceof Dnp3Error) return;
      throw error;
    }
    const { first, final } = fragment.control;
    if (!first || !final || isResponse(fragment.function)) return;
    if (fragment.function === CONFIRM) this.#confirmed(fragment);
    else if (isBroadcast) {
      perform(fragment, this.#state);
      this.#outstation.noteBroadcast(true);
    } else this.#request(fragment, octets);
  }

  #confirmed({ control }: Fragment): void {
    const awaited = control.unsolicited ? this.#unsolicited : this.#solicited;
    if (awaited?.sequence === control.sequence) awaited.settle(true);
  }

  #request(fragment: Fragment, octets: Uint8Array): void {
    // A new request ends the answer to the one before.
    this.#solicited?.settle(false);
    if (fragment.function === READ) {
      if (this.#unsolicited) this.#deferred = fragment;
      else this.#answer(fragment, perform(fragment, this.#state));
      return;
    }
    this.#deferred = undefined;
    const text = formatHex(octets);
    if (this.#last?.octets === text) {
      const { response } = this.#last;
      if (response) this.#send(response);
      return;
    }
    const answer = perform(fragment, this.#state);
    this.#last = { octets: text, response: undefined };
    if (isAnswered(fragment.function)) this.#last = { octets: text, response: this.#answer(fragment, answer) };
    answer.after?.();
    if (this.#state.unsolicited.size > 0) this.#reportSoon();
  }

  /** @returns the first fragment of the response */
  #answer({ control }: Fragment, answer: Answer): Uint8Array {
    const { parts, problems } = answer;
    const reported = new Set(parts.flatMap(({ events }) => [...events]));
    const fragments = parts.map((part, i): Uint8Array => {
      const isLast = i === parts.length - 1;
      const confirm = part.events.size > 0 || !isLast;
      return encodeFragment({
        control: {
          first: i === 0,
          final: isLast,
          confirm,
          unsolicited: false,
          sequence: (control.sequence + i) & 0x0f,
        },
        function: RESPONSE,
        indications: this.#outstation.indications(reported) | problems,
        objects: part.objects,
      });
    });
    this.#outstation.noteBroadcast(false);
    void this.#sendAll(fragments, parts, control.sequence);
    return fragments[0] as Uint8Array;
  }

  /** Sends the fragments of a response, each when the one before is confirmed. */
  async #sendAll(fragments: readonly Uint8Array[], parts: readonly ResponsePart[], sequence: number): Promise<void> {
    for (const [i, fragment] of fragments.entries()) {
      const { events } = parts[i] as ResponsePart;
      this.#send(fragment);
      if (events.size === 0 && i === fragments.length - 1) break;
      const isConfirmed = await this.#confirmation('solicited', (sequence + i) & 0x0f);
      if (!isConfirmed) break;
      this.#outstation.database.events.remove(events);
    }
    if (this.#state.unsolicited.size > 0) this.#reportSoon();
  }

  #confirmation(kind: 'solicited' | 'unsolicited', sequence: number): Promise<boolean> {
    return new Promise((resolve) => {
      const settle = (isConfirmed: boolean) => {
        clearTimeout(timer);
        if (kind === 'solicited' && this.#solicited === awaited) this.#solicited = undefined;
        if (kind === 'unsolicited' && this.#unsolicited === awaited) this.#unsolicited = undefined;
        resolve(isConfirmed);
      };
      const awaited: Awaited = { sequence, settle };
      const timer = setTimeout(settle, this.#outstation.options.confirmTimeoutMs, false);
      if (this.#isClosed) settle(false);
      else if (kind === 'solicited') this.#solicited = awaited;
      else this.#unsolicited = awaited;
    });
  }

  #reportSoon(): void {
    if (this.#hold || this.#isClosed) return;
    this.#hold = setTimeout(() => {
      this.#hold = undefined;
      void this.#report();
    }, this.#outstation.options.unsolicitedHoldMs);
  }

  /** Reports what waits to be reported, until it is confirmed. */
  async #report(): Promise<void> {
    if (this.#isReporting) return;
    this.#isReporting = true;
    while (!this.#isClosed) {
      const part = this.#toReport();
      // What a master has asked for it gets first.
      if (!part || this.#solicited) break;
      const isConfirmed = await this.#reportPart(part);
      if (!isConfirmed) break;
      this.#isNullConfirmed = true;
      this.#outstation.database.events.remove(part.events);
    }
    this.#isReporting = false;
  }

  /** The next unsolicited response: without objects at first, then with the events that are enabled. */
  #toReport(): ResponsePart | undefined {
    const { database, options, isSynchronised } = this.#outstation;
    if (!this.#isNullConfirmed) return { objects: [], events: new Set() };
    const events = database.events.select(({ eventClass }) => this.#state.unsolicited.has(eventClass));
    if (events.length === 0) return undefined;
    const builder = new ResponseBuilder(options.maxFragmentOctets, isSynchronised);
    for (const event of events) builder.addEvent(event, 0);
    return builder.finish()[0];
  }

  /** Sends an unsolicited response again and again until it is confirmed, or until it is of no more use. */
  async #reportPart(part: ResponsePart): Promise<boolean> {
    const sequence = this.#unsolicitedSequence;
    this.#unsolicitedSequence = (sequence + 1) & 0x0f;
    const octets = encodeFragment({
      control: { first: true, final: true, confirm: true, unsolicited: true, sequence },
      function: UNSOLICITED_RESPONSE,
      indications: this.#outstation.indications(part.events),
      objects: part.objects,
    });
    while (!this.#isClosed && this.#isWanted(part.events)) {
      this.#send(octets);
      const isConfirmed = await this.#confirmation('unsolicited', sequence);
      const deferred = this.#deferred;
      this.#deferred = undefined;
      if (isConfirmed) this.#outstation.database.events.remove(part.events);
      if (deferred) this.#answer(deferred, perform(deferred, this.#state));
      if (isConfirmed) return true;
      if (deferred) return false;
    }
    return false;
  }

  #isWanted(events: ReadonlySet<PointEvent>): boolean {
    const { unsolicited } = this.#state;
    return events.size === 0
      ? !this.#isNullConfirmed
      : [...events].every(({ eventClass }) => unsolicited.has(eventClass));
  }

  #send(fragment: Uint8Array): void {
    const segments = segmentFragment(fragment, this.#segment);
    this.#segment = (this.#segment + segments.length) & 0x3f;
    // It is not confirmed by the data link, so it is sent at once; a closed session sends nothing.
    this.#link.sendSegments(segments).catch(() => undefined);
  }
}
