import { type Element, xml } from '@thingward/xml';
import { decodeBase64, encodeBase64 } from '@thingward/xmpp';
import { outgoingText, PayloadError, valid } from '../thing/payload.ts';
import { BROKER, type DocumentContent } from './document.ts';

/** The child that holds a content. @throws PayloadError for text that XML can't hold */
export function encodeContent(content: DocumentContent, path: string): Element {
  if (content.form === 'text') return xml('text', {}, outgoingText(content.text, `${path}/text`));
  if (content.form === 'octets') return xml('octets', {}, encodeBase64(content.octets));
  return xml('xml', {}, content.element);
}

/** The content among the children of an element; undefined when there is none. @throws PayloadError */
export function decodeContent(parent: Element, path: string): DocumentContent | undefined {
  const [element, ...others] = parent.elements.filter(
    ({ name, namespace }) => namespace === BROKER && (name === 'text' || name === 'octets' || name === 'xml'),
  );
  if (element === undefined) return undefined;
  if (others.length > 0) throw new PayloadError('unexpected-element', path, 'has one content');
  if (element.name === 'text') return { form: 'text', text: element.text };
  if (element.name === 'octets') {
    const octets = decodeBase64(element.text.replace(/\s+/g, ''));
    return { form: 'octets', octets: valid(octets, `${path}/octets`, 'Base64', element.text) };
  }
  const [root, ...more] = element.elements;
  if (root === undefined || more.length > 0) {
    throw new PayloadError('unexpected-element', `${path}/xml`, 'has one element');
  }
  return { form: 'xml', element: root };
}
