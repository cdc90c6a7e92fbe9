import { type Element, xml } from '@thingward/xml';

/** @see XEP-0386 */
export const BIND2 = 'urn:xmpp:bind:0';

/** What a client asks for along with its resource. @see XEP-0386 §3.2 */
export interface Bind2Request {
  /** Names the software; becomes part of the resource. */
  readonly tag?: string | undefined;
  /** What the session is to have from its first moment. */
  readonly wishes: readonly Element[];
}

/** @param features that can be had from a session's first moment @see XEP-0386 §3.1 */
export function encodeBind2Offer(features: readonly string[]): Element {
  const inline = features.map((feature) => xml('feature', { var: feature }));
  return xml('bind', { xmlns: BIND2 }, inline.length > 0 ? xml('inline', {}, inline) : undefined);
}

/** Features among what can be asked for along with the authentication; undefined when Bind 2 is not. */
export function decodeBind2Offer(inline: readonly Element[]): readonly string[] | undefined {
  const offer = inline.find((element) => element.is('bind', BIND2));
  const features = offer?.child('inline')?.childrenNamed('feature') ?? [];
  return offer && features.flatMap((feature) => feature.attribute('var') ?? []);
}

export function encodeBind2Request({ tag, wishes }: Bind2Request): Element {
  return xml('bind', { xmlns: BIND2 }, tag === undefined ? undefined : xml('tag', {}, tag), wishes);
}

export function decodeBind2Request(element: Element): Bind2Request {
  return {
    tag: element.child('tag')?.text || undefined,
    wishes: element.elements.filter(({ namespace }) => namespace !== BIND2),
  };
}

/** @param answers to wishes that have one @see XEP-0386 §3.2.1 */
export function encodeBound(answers: readonly Element[]): Element {
  return xml('bound', { xmlns: BIND2 }, answers);
}
