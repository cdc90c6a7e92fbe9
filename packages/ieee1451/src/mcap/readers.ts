import { type Element, xml } from '@thingward/xml';
import { IEEE1451_NAMESPACE } from '../namespace.ts';
import { requireElement, textAttribute } from '../xml-attributes.ts';
import { nodeAttributes, optionalNode, type ThingNode } from './address.ts';
import { uuidAttribute, uuidText, xmlText } from './attributes.ts';

/** `<readers/>`: an NCAP tells its MCAP who may read one of its Things, so that discovery shows it to nobody else. */
export interface McapReaders {
  readonly ncap: string;
  /** Undefined: the account itself. */
  readonly node?: ThingNode;
  /** Bare JIDs. The whole list: it replaces the one before. */
  readonly readers: readonly string[];
}

/** @throws Ieee1451Error `limit-exceeded` */
export function encodeMcapReaders({ ncap, node, readers }: McapReaders): Element {
  return xml(
    'readers',
    { xmlns: IEEE1451_NAMESPACE, ncap: uuidText(ncap, 'ncap'), ...nodeAttributes(node) },
    readers.map((jid) => xml('reader', { jid: xmlText(jid, 'reader') })),
  );
}

/** @throws Ieee1451Error `malformed-xml` */
export function decodeMcapReaders(element: Element): McapReaders {
  requireElement(element, 'readers', IEEE1451_NAMESPACE);
  const node = optionalNode(element);
  return {
    ncap: uuidAttribute(element, 'ncap'),
    ...(node === undefined ? {} : { node }),
    readers: element.childrenNamed('reader').map((reader) => textAttribute(reader, 'jid')),
  };
}
