import { type Element, xml } from '@thingward/xml';
import { Jid } from '@thingward/xmpp';
import type { NodeReference } from './node.ts';
import { decodeNode, expectElement, outgoingNode, requiredAttribute, valid } from './payload.ts';

/** `<readers/>`: who besides the Thing itself may ask a service for what it keeps about the Thing. */
export interface ReaderList {
  readonly node?: NodeReference | undefined;
  /** Bare JIDs. The whole list: it replaces the one before. */
  readonly readers: readonly Jid[];
}

/** @param namespace the service's @throws PayloadError for what can't be written */
export function encodeReaderList(namespace: string, { node, readers }: ReaderList): Element {
  return xml(
    'readers',
    { xmlns: namespace, ...(node && outgoingNode(node, 'readers')) },
    readers.map((jid) => xml('reader', { jid: jid.bare.toString() })),
  );
}

/** @throws PayloadError */
export function decodeReaderList(namespace: string, element: Element): ReaderList {
  expectElement(element, 'readers', namespace);
  return {
    node: decodeNode(element, 'readers'),
    readers: element.childrenNamed('reader').map((reader, i) => {
      const path = `readers/reader[${i + 1}]`;
      const text = requiredAttribute(reader, 'jid', path);
      return valid(Jid.tryParse(text), `${path}/@jid`, 'a JID', text).bare;
    }),
  };
}
