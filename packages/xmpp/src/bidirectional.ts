import { type Element, xml } from '@thingward/xml';

/** Streams between servers that carry stanzas both ways. @see XEP-0288 */
export const BIDIRECTIONAL = 'urn:xmpp:bidi';
export const BIDIRECTIONAL_FEATURE = 'urn:xmpp:features:bidi';

/** Told of in stream features. @see XEP-0288 §2.1 */
export function bidirectionalFeature(): Element {
  return xml('bidi', { xmlns: BIDIRECTIONAL_FEATURE });
}

/** Asks for it, before authentication. @see XEP-0288 §2.2 */
export function bidirectionalRequest(): Element {
  return xml('bidi', { xmlns: BIDIRECTIONAL });
}
