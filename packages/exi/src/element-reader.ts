import { Element } from '@thingward/xml';
import type { BodyDecoder } from './body-decoder.ts';
import { ExiError } from './error.ts';
import { EVENT } from './grammar/event.ts';
import type { Name } from './string-table/name.ts';

/** Compact identifier of the namespace of `xml:lang` and its like. */
const XML_URI_ID = 1;

interface OpenElement {
  readonly name: Name;
  readonly attributes: Record<string, string>;
  readonly children: (Element | string)[];
}

/**
 * Builds elements of the events of a decoder. Comments, processing instructions and document types are left out, as in all elements.
 * It keeps what it has when the input ends early, to go on when there is more.
 */
export class ElementReader {
  readonly #decoder: BodyDecoder;
  readonly #position: () => number;
  readonly #open: OpenElement[] = [];

  /** @param position where in bits the decoder is, for errors */
  constructor(decoder: BodyDecoder, position: () => number) {
    this.#decoder = decoder;
    this.#position = position;
  }

  /**
   * The next element of the document: its root, or one of those of a fragment; undefined when the document ends.
   * @throws ExiError; IncompleteInput
   */
  read(): Element | undefined {
    const decoder = this.#decoder;
    const open = this.#open;
    for (;;) {
      switch (decoder.next()) {
        case EVENT.element:
          // Such elements cannot be written with a default namespace, as elements are.
          if ((decoder.name as Name).uriId === XML_URI_ID) {
            throw new ExiError('unsupported', 'an element in the namespace of XML itself', this.#position());
          }
          open.push({ name: decoder.name as Name, attributes: Object.create(null), children: [] });
          break;
        case EVENT.attribute: {
          const { attributes } = open[open.length - 1] as OpenElement;
          const key = (decoder.name as Name).attributeKey;
          if (attributes[key] !== undefined) {
            throw new ExiError('malformed', `the attribute ${key} appears twice`, this.#position());
          }
          attributes[key] = decoder.value;
          break;
        }
        case EVENT.text: {
          if (decoder.value === '') break;
          const { children } = open[open.length - 1] as OpenElement;
          const last = children[children.length - 1];
          if (typeof last === 'string') children[children.length - 1] = last + decoder.value;
          else children.push(decoder.value);
          break;
        }
        case EVENT.endElement: {
          const { name, attributes, children } = open.pop() as OpenElement;
          const element = new Element(name.local, name.namespace, attributes, children);
          const parent = open[open.length - 1];
          if (parent === undefined) return element;
          parent.children.push(element);
          break;
        }
        case EVENT.entityReference:
          throw new ExiError('unsupported', `an element cannot hold the entity &${decoder.value};`, this.#position());
        case EVENT.endDocument:
          return undefined;
        default:
          break;
      }
    }
  }

  /** Forgets an element that was not finished. */
  clear(): void {
    this.#open.length = 0;
  }
}
