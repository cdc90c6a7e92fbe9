import { type Element, xml } from '@thingward/xml';

/** @see XEP-0440 */
export const CHANNEL_BINDING = 'urn:xmpp:sasl-cb:0';

/** Ways to tie an authentication to the TLS connection it happens in, the strongest first. @see RFC 9266, RFC 5929 §4 */
export const CHANNEL_BINDING_TYPES = ['tls-exporter', 'tls-server-end-point'] as const;
export type ChannelBindingType = (typeof CHANNEL_BINDING_TYPES)[number];

/** What ties to a connection, for the ways that are possible on it. Those that are not have no entry. */
export type ChannelBindings = Readonly<Partial<Record<ChannelBindingType, Uint8Array>>>;

export const NO_CHANNEL_BINDINGS: ChannelBindings = {};

/** The ways that are possible, strongest first. */
export function bindingTypes(bindings: ChannelBindings): readonly ChannelBindingType[] {
  return CHANNEL_BINDING_TYPES.filter((type) => type in bindings);
}

/** The stream feature that tells them; undefined when there are none. @see XEP-0440 §2 */
export function encodeChannelBindings(bindings: ChannelBindings): Element | undefined {
  const types = bindingTypes(bindings);
  if (types.length === 0) return undefined;
  return xml(
    'sasl-channel-binding',
    { xmlns: CHANNEL_BINDING },
    types.map((type) => xml('channel-binding', { type })),
  );
}

/** The ways a server tells of; undefined when it tells nothing. */
export function decodeChannelBindings(features: Element): readonly string[] | undefined {
  return features
    .child('sasl-channel-binding', CHANNEL_BINDING)
    ?.childrenNamed('channel-binding')
    .flatMap((binding) => binding.attribute('type') ?? []);
}
