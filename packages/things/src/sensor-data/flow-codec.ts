import { type Element, xml } from '@thingward/xml';
import { expectElement, outgoingText, requiredAttribute } from '../thing/payload.ts';
import type { ReadoutId } from './codec.ts';

/** Namespace of what Thingward adds to read-outs. Who does not know it answers with an error, which will do, too (RFC 6120 §8.2.3). */
export const READOUT_FLOW_NAMESPACE = 'urn:thingward:readout:1';

/** `<flow/>`, an IQ `get` from a Thing to its reader: answer when you have read what came until now. */
export function encodeFlow(seqnr: ReadoutId): Element {
  return xml('flow', { xmlns: READOUT_FLOW_NAMESPACE, seqnr: outgoingText(String(seqnr), 'flow/@seqnr') });
}

/** Which read-out it is about, as text. @throws PayloadError */
export function decodeFlow(element: Element): string {
  expectElement(element, 'flow', READOUT_FLOW_NAMESPACE);
  return requiredAttribute(element, 'seqnr', 'flow').trim();
}
