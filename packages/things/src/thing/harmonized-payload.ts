import type { Element } from '@thingward/xml';
import type { NodeReference } from './node.ts';
import { optionalOutgoingText, outgoingText, PayloadError, requiredAttribute, type Tokens } from './payload.ts';

/** Longest identity that is taken: those that are in use have 36 characters at most. */
const MAX_ID_CHARACTERS = 1000;

/** The node that the attributes of a `<nd/>` name; undefined for the JID itself. @throws PayloadError */
export function decodeHarmonizedNode(element: Element, path: string): NodeReference | undefined {
  const nodeId = element.attribute('id') ?? '';
  const sourceId = element.attribute('src') ?? '';
  const cacheType = element.attribute('pt') ?? '';
  if (nodeId === '') {
    if (sourceId === '' && cacheType === '') return undefined;
    throw new PayloadError('missing-attribute', `${path}/@id`, 'a node is named by its id');
  }
  return { nodeId, ...(sourceId === '' ? {} : { sourceId }), ...(cacheType === '' ? {} : { cacheType }) };
}

/** The `<nd/>` children of a request. @throws PayloadError */
export function decodeHarmonizedNodes(parent: Element): NodeReference[] {
  return parent.childrenNamed('nd').map((element, i) => {
    const path = `${parent.name}/nd[${i + 1}]`;
    const node = decodeHarmonizedNode(element, path);
    if (node === undefined) throw new PayloadError('missing-attribute', `${path}/@id`, 'the attribute is required');
    return node;
  });
}

/** The reference as attributes of a `<nd/>`, checked. @throws PayloadError */
export function outgoingHarmonizedNode(node: NodeReference, path: string): Record<string, string | undefined> {
  return {
    id: outgoingText(node.nodeId, `${path}/@id`),
    src: optionalOutgoingText(node.sourceId, `${path}/@src`),
    pt: optionalOutgoingText(node.cacheType, `${path}/@pt`),
  };
}

export function decodeHarmonizedTokens(element: Element): Tokens {
  return {
    serviceToken: element.attribute('st'),
    deviceToken: element.attribute('dt'),
    userToken: element.attribute('ut'),
  };
}

/** @throws PayloadError */
export function outgoingHarmonizedTokens(tokens: Tokens, path: string): Record<string, string | undefined> {
  return {
    st: optionalOutgoingText(tokens.serviceToken, `${path}/@st`),
    dt: optionalOutgoingText(tokens.deviceToken, `${path}/@dt`),
    ut: optionalOutgoingText(tokens.userToken, `${path}/@ut`),
  };
}

/** The identity of a read-out or subscription: any text, where XEP-0323 has a number. @throws PayloadError */
export function identityAttribute(element: Element): string {
  const id = requiredAttribute(element, 'id', element.name);
  if (id.length > MAX_ID_CHARACTERS) {
    throw new PayloadError('invalid-value', `${element.name}/@id`, `longer than ${MAX_ID_CHARACTERS} characters`);
  }
  return id;
}

/** @throws PayloadError */
export function outgoingIdentity(id: number | string, name: string): string {
  return outgoingText(String(id), `${name}/@id`);
}
