import { type Element, xml } from '@thingward/xml';
import type { NodeReference } from '../thing/node.ts';
import {
  decodeNode,
  decodeTokens,
  expectElement,
  outgoingNode,
  outgoingText,
  outgoingTokens,
  requiredAttribute,
  type Tokens,
} from '../thing/payload.ts';

/** @see XEP-0000: Interoperability §4 */
export const INTEROPERABILITY = 'urn:xmpp:iot:interoperability';

/** `<getInterfaces/>`: asks what interfaces a Thing has. The schema wants a node, the example has none: then it is the JID itself. */
export interface InterfacesRequest extends Tokens {
  readonly node?: NodeReference | undefined;
}

/** @throws PayloadError for what can't be written */
export function encodeGetInterfaces(request: InterfacesRequest = {}): Element {
  return xml('getInterfaces', {
    xmlns: INTEROPERABILITY,
    ...(request.node && outgoingNode(request.node, 'getInterfaces')),
    ...outgoingTokens(request, 'getInterfaces'),
  });
}

/** @throws PayloadError */
export function decodeGetInterfaces(element: Element): InterfacesRequest {
  expectElement(element, 'getInterfaces', INTEROPERABILITY);
  return { node: decodeNode(element, 'getInterfaces'), ...decodeTokens(element) };
}

/** `<getInterfacesResponse/>`: the names of the interfaces. @see XEP-0000: Interoperability §3.1 @throws PayloadError */
export function encodeInterfaces(names: readonly string[]): Element {
  return xml(
    'getInterfacesResponse',
    { xmlns: INTEROPERABILITY },
    names.map((name, i) =>
      xml('interface', { name: outgoingText(name, `getInterfacesResponse/interface[${i + 1}]/@name`) }),
    ),
  );
}

/** @throws PayloadError */
export function decodeInterfaces(element: Element): readonly string[] {
  expectElement(element, 'getInterfacesResponse', INTEROPERABILITY);
  return element
    .childrenNamed('interface')
    .map((one, i) => requiredAttribute(one, 'name', `getInterfacesResponse/interface[${i + 1}]`));
}
