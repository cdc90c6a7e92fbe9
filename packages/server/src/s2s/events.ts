import type { Element, Frame, StreamEvent } from '@thingward/xml';
import type { DialbackOutcome, DomainPair, Jid, StanzaError, StreamError } from '@thingward/xmpp';

/** What the other side's certificate proves. */
export interface PeerCertificate {
  /** Is it trusted, and made out for this domain? */
  speaksFor(domain: string): boolean;
}

/** What happens to a stream between servers. */
export type S2sEvent =
  | StreamEvent
  /** The connection is there. Only where this side has opened it, and without TLS. */
  | { readonly kind: 'connected' }
  /** TLS is in place. */
  | { readonly kind: 'secured'; readonly certificate: PeerCertificate }
  /** The authoritative server has said whether a key is its own. Answers the action `check`. */
  | { readonly kind: 'checked'; readonly pair: DomainPair; readonly outcome: DialbackOutcome }
  /** Stanzas are to be sent for this pair. Only where this side has opened the stream. */
  | { readonly kind: 'authorize'; readonly pair: DomainPair }
  /** The other side is asked whether a key is its own. Only where this side has opened the stream. */
  | { readonly kind: 'verify'; readonly pair: DomainPair; readonly id: string; readonly key: string }
  /** The stream is to end. */
  | { readonly kind: 'end'; readonly error?: StreamError | undefined };

/** What is to be done about it, in order. */
export type S2sAction =
  | { readonly kind: 'open'; readonly header: StreamHeader }
  | { readonly kind: 'send'; readonly element: Element }
  | { readonly kind: 'startTls' }
  /** A new stream header comes next. */
  | { readonly kind: 'restart' }
  /** Send the error if there is one, and end the stream. `reason`: what the other side said. */
  | { readonly kind: 'close'; readonly error?: StreamError | undefined; readonly reason?: StreamError | undefined }
  /** Route it; without `to` that address is malformed. */
  | { readonly kind: 'stanza'; readonly frame: Frame; readonly from: Jid; readonly to: Jid | undefined }
  /** Ask the authoritative server of `pair.from` about the key, and tell with the event `checked`. */
  | { readonly kind: 'check'; readonly pair: DomainPair; readonly id: string; readonly key: string }
  /** Stanzas for this pair are taken from now on. */
  | { readonly kind: 'accepted'; readonly pair: DomainPair; readonly method: 'certificate' | 'dialback' }
  /** Stanzas for this pair may be sent from now on. */
  | { readonly kind: 'granted'; readonly pair: DomainPair }
  /** Stanzas for this pair may not be sent here: what they are to be refused with. */
  | { readonly kind: 'refused'; readonly pair: DomainPair; readonly error: StanzaError }
  /** The other side's answer to the event `verify`. */
  | {
      readonly kind: 'verified';
      readonly pair: DomainPair;
      readonly id: string;
      readonly outcome: DialbackOutcome;
    }
  /** Requests can be sent: the stream is as secure as it has to be. */
  | { readonly kind: 'ready' };

export interface StreamHeader {
  readonly id?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/** One side of a stream between servers: events in, actions out, nothing else. Never throws. */
export interface S2sMachine {
  handle(event: S2sEvent): readonly S2sAction[];
}

/** A pair as the key of a map. */
export function pairKey({ from, to }: DomainPair): string {
  return `${from} ${to}`;
}

/** The pair of the opposite direction. */
export function inverse({ from, to }: DomainPair): DomainPair {
  return { from: to, to: from };
}
