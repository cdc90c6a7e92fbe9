import { type Element, xml } from '@thingward/xml';
import { NS } from './namespaces.ts';
import type { StanzaErrorCondition } from './stanza-error.ts';
import { StreamError } from './stream-error.ts';

/** @see XEP-0198 §11 */
export const STREAM_MANAGEMENT = 'urn:xmpp:sm:3';

const MODULUS = 2 ** 32;

/** The count after one more stanza; it starts again at 0 after 2^32-1. @see XEP-0198 §4 */
export function nextCount(count: number): number {
  return (count + 1) % MODULUS;
}

/** Stanzas that were sent and whose handling the other side has not confirmed, oldest first. @see XEP-0198 §4 */
export class UnacknowledgedQueue<T> {
  readonly #items: T[] = [];
  #first = 0;
  #acknowledged: number;

  /** @param acknowledged stanzas that were confirmed before, where it goes on with an earlier stream */
  constructor(acknowledged = 0) {
    this.#acknowledged = acknowledged;
  }

  /** Stanzas the other side has confirmed since the start, modulo 2^32. */
  get acknowledgedCount(): number {
    return this.#acknowledged;
  }

  get length(): number {
    return this.#items.length - this.#first;
  }

  /** Stanzas sent since the start, modulo 2^32. */
  get sentCount(): number {
    return (this.#acknowledged + this.length) % MODULUS;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  /**
   * The other side has handled all up to number `h`.
   * @returns those it has handled, oldest first
   * @throws StreamError `undefined-condition` when it counts more than were sent (XEP-0198 §6)
   */
  acknowledge(h: number): readonly T[] {
    const count = (h - this.#acknowledged + MODULUS) % MODULUS;
    if (count > this.length) {
      throw new StreamError(
        'undefined-condition',
        `${h} stanzas were acknowledged, but ${this.sentCount} were sent`,
        xml('handled-count-too-high', { xmlns: STREAM_MANAGEMENT, h, 'send-count': this.sentCount }),
      );
    }
    const handled = this.#items.slice(this.#first, this.#first + count);
    this.#first += count;
    this.#acknowledged = h;
    if (this.#first > 64 && this.#first * 2 > this.#items.length) {
      this.#items.splice(0, this.#first);
      this.#first = 0;
    }
    return handled;
  }

  [Symbol.iterator](): IterableIterator<T> {
    return this.#items.slice(this.#first)[Symbol.iterator]();
  }
}

/** The `h` of `<a/>`, `<resume/>` or `<resumed/>`. @throws StreamError `bad-format` */
export function handledCount(element: Element): number {
  const text = element.attribute('h') ?? '';
  const count = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (!(count < MODULUS)) throw new StreamError('bad-format', `h="${text}" is no count of stanzas`);
  return count;
}

/** `<sm/>` among the stream's features. @see XEP-0198 §3 */
export function managementFeature(): Element {
  return xml('sm', { xmlns: STREAM_MANAGEMENT });
}

/** Asks for management. @see XEP-0198 §3 */
export function enableRequest(options: { readonly resume: boolean; readonly maxSeconds?: number }): Element {
  return xml('enable', { xmlns: STREAM_MANAGEMENT, resume: options.resume || undefined, max: options.maxSeconds });
}

/** @see XEP-0198 §5 */
export function resumeRequest(previousId: string, handled: number): Element {
  return xml('resume', { xmlns: STREAM_MANAGEMENT, h: handled, previd: previousId });
}

/** What the answer to `<enable/>` says. @see XEP-0198 §3 */
export interface Enabled {
  /** For resuming; undefined when that is not possible. */
  readonly id?: string | undefined;
  readonly maxSeconds?: number | undefined;
  /** Where to connect to for that, as `host:port`; undefined: as before. */
  readonly location?: string | undefined;
}

export function encodeEnabled({ id, maxSeconds, location }: Enabled): Element {
  const resume = id === undefined ? undefined : true;
  return xml('enabled', { xmlns: STREAM_MANAGEMENT, id, resume, max: maxSeconds, location });
}

export function decodeEnabled(element: Element): Enabled {
  const resumable = ['true', '1'].includes(element.attribute('resume') ?? '');
  return {
    id: resumable ? element.attribute('id') : undefined,
    maxSeconds: positiveInteger(element.attribute('max')),
    location: element.attribute('location'),
  };
}

/** What `<enable/>` asks for. @see XEP-0198 §3 */
export function decodeEnable(element: Element): { readonly resume: boolean; readonly maxSeconds: number | undefined } {
  return {
    resume: ['true', '1'].includes(element.attribute('resume') ?? ''),
    maxSeconds: positiveInteger(element.attribute('max')),
  };
}

export function encodeResumed(previousId: string, handled: number): Element {
  return xml('resumed', { xmlns: STREAM_MANAGEMENT, h: handled, previd: previousId });
}

/** @param handled stanzas that were handled, where a former session is known. @see XEP-0198 §5, §6 */
export function encodeManagementFailure(condition: StanzaErrorCondition, handled?: number): Element {
  return xml('failed', { xmlns: STREAM_MANAGEMENT, h: handled }, xml(condition, { xmlns: NS.stanzaErrors }));
}

export function acknowledgement(handled: number): Element {
  return xml('a', { xmlns: STREAM_MANAGEMENT, h: handled });
}

export function acknowledgementRequest(): Element {
  return xml('r', { xmlns: STREAM_MANAGEMENT });
}

function positiveInteger(text: string | undefined): number | undefined {
  return text !== undefined && /^[1-9]\d{0,8}$/.test(text) ? Number(text) : undefined;
}
