import type { Element } from '@thingward/xml';
import type { Jid } from '../jid.ts';
import {
  acknowledgement,
  acknowledgementRequest,
  type Enabled,
  handledCount,
  nextCount,
  resumeRequest,
  STREAM_MANAGEMENT,
  UnacknowledgedQueue,
} from '../stream-management.ts';

/** Stanzas after which the server is asked whether it has handled them. */
const ASK_AFTER = 5;
/** Stanzas that may wait for its answer. */
const MAX_UNACKNOWLEDGED = 1000;

/** What a client counts and keeps, so that its session can go on over another connection. @see XEP-0198 §4, §5 */
export class ManagedTraffic {
  /** Of the session. */
  readonly jid: Jid;
  readonly #id: string | undefined;
  readonly #unacknowledged = new UnacknowledgedQueue<Element>();
  #handled = 0;
  #unasked = 0;

  constructor(jid: Jid, { id }: Enabled) {
    this.jid = jid;
    this.#id = id;
  }

  /** Can the session go on over another connection? */
  get isResumable(): boolean {
    return this.#id !== undefined;
  }

  /** Has the server not said for long what it has handled? Then the connection is as good as lost. */
  get isFull(): boolean {
    return this.#unacknowledged.length > MAX_UNACKNOWLEDGED;
  }

  /** Asks for the session; undefined when it can't be had. */
  get request(): Element | undefined {
    return this.#id === undefined ? undefined : resumeRequest(this.#id, this.#handled);
  }

  /** A stanza was sent. @returns what is to be sent after it */
  sent(stanza: Element): Element | undefined {
    this.#unacknowledged.push(stanza);
    if (++this.#unasked < ASK_AFTER) return undefined;
    this.#unasked = 0;
    return acknowledgementRequest();
  }

  /**
   * Something arrived.
   * @returns whether it was part of this protocol, and what is to be answered
   * @throws StreamError when more was confirmed than was sent
   */
  received(element: Element): { readonly isOwn: boolean; readonly answer?: Element } {
    if (element.namespace !== STREAM_MANAGEMENT) {
      this.#handled = nextCount(this.#handled);
      return { isOwn: false };
    }
    if (element.name === 'r') return { isOwn: true, answer: acknowledgement(this.#handled) };
    if (element.name === 'a') this.#unacknowledged.acknowledge(handledCount(element));
    return { isOwn: true };
  }

  /** The session goes on. @returns what the server has not handled, to be sent again in order @throws StreamError */
  resumed(answer: Element): readonly Element[] {
    this.#unacknowledged.acknowledge(handledCount(answer));
    this.#unasked = 0;
    return [...this.#unacknowledged];
  }
}
