import { type Element, encodeUtf8 } from '@thingward/xml';
import { BOSH, NS } from '@thingward/xmpp';
import type { Stanza, UndeliveredStanza } from '../../stanza.ts';
import { streamElementText } from '../stream-element.ts';

interface Payload {
  readonly bytes: Uint8Array;
  /** Undefined for what is no stanza. */
  readonly sent: UndeliveredStanza | undefined;
  /** Is it written with the prefix of streams? */
  readonly isOfStream: boolean;
}

/** What goes into one response. */
export interface Load {
  readonly parts: readonly Uint8Array[];
  readonly stanzas: readonly UndeliveredStanza[];
  readonly needsStreamPrefix: boolean;
}

export const EMPTY_LOAD: Load = { parts: [], stanzas: [], needsStreamPrefix: false };

/** What waits for a request of the client's to be answered with. Each element says its own namespace. @see XEP-0206 §2 */
export class PayloadQueue {
  #payloads: Payload[] = [];
  #bytes = 0;

  get length(): number {
    return this.#payloads.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get stanzas(): readonly UndeliveredStanza[] {
    return this.#payloads.flatMap(({ sent }) => sent ?? []);
  }

  add(element: Element): void {
    const bytes = encodeUtf8(streamElementText(element, BOSH));
    this.#push({ bytes, sent: undefined, isOfStream: element.namespace === NS.stream });
  }

  addStanza(stanza: Stanza): void {
    this.#push({ bytes: stanza.messageBytes, sent: { stanza, at: Date.now() }, isOfStream: false });
  }

  /** Takes the first ones out: as many as fit, one at least. */
  take(maxBytes: number): Load {
    let count = 0;
    let bytes = 0;
    for (const payload of this.#payloads) {
      if (count > 0 && bytes + payload.bytes.length > maxBytes) break;
      bytes += payload.bytes.length;
      count++;
    }
    this.#bytes -= bytes;
    return loadOf(this.#payloads.splice(0, count));
  }

  /** Takes everything out that is no stanza. */
  takeElements(): Load {
    const elements = this.#payloads.filter(({ sent }) => sent === undefined);
    this.#payloads = this.#payloads.filter(({ sent }) => sent !== undefined);
    this.#bytes = this.#payloads.reduce((sum, { bytes }) => sum + bytes.length, 0);
    return loadOf(elements);
  }

  #push(payload: Payload): void {
    this.#payloads.push(payload);
    this.#bytes += payload.bytes.length;
  }
}

function loadOf(payloads: readonly Payload[]): Load {
  return {
    parts: payloads.map(({ bytes }) => bytes),
    stanzas: payloads.flatMap(({ sent }) => sent ?? []),
    needsStreamPrefix: payloads.some(({ isOfStream }) => isOfStream),
  };
}
