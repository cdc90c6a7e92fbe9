import { attributeRecord, Element } from '@thingward/xml';
import type { BodyDecoder } from './body-decoder.ts';
import { ExiError } from './error.ts';
import { EVENT } from './grammar/event.ts';
import type { Name } from './string-table/name.ts';

/** Compact identifier of the namespace of `xml:lang` and its like. */
const XML_URI_ID = 1;

/**
 * Builds elements of the events of a decoder. Comments, processing instructions and document types are left out, as in all elements.
 * It keeps what it has when the input ends early, to go on when there is more.
 */
export class ElementReader {
  readonly #decoder: BodyDecoder;
  readonly #position: () => number;
  /** Elements that are open, the innermost last, and their children so far. */
  readonly #open: Element[] = [];
  readonly #children: (Element | string)[][] = [];
  /** The attributes of the innermost. */
  #attributes: Record<string, string> = {};

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
    for (;;) {
      switch (decoder.next()) {
        case EVENT.element:
          // Such elements cannot be written with a default namespace, as elements are.
          if ((decoder.name as Name).uriId === XML_URI_ID) {
            throw new ExiError('unsupported', 'an element in the namespace of XML itself', this.#position());
          }
          this.#start(decoder.name as Name);
          break;
        case EVENT.attribute: {
          const attributes = this.#attributes;
          const key = (decoder.name as Name).attributeKey;
          if (attributes[key] !== undefined) {
            throw new ExiError('malformed', `the attribute ${key} appears twice`, this.#position());
          }
          attributes[key] = decoder.value;
          break;
        }
        case EVENT.text: {
          if (decoder.value === '') break;
          const children = this.#children[this.#children.length - 1] as (Element | string)[];
          const last = children[children.length - 1];
          if (typeof last === 'string') children[children.length - 1] = last + decoder.value;
          else children.push(decoder.value);
          break;
        }
        case EVENT.endElement: {
          const element = this.#open.pop() as Element;
          this.#children.pop();
          if (this.#open.length === 0) return element;
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

  #start(name: Name): void {
    const children: (Element | string)[] = [];
    this.#attributes = attributeRecord();
    const element = new Element(name.local, name.namespace, this.#attributes, children);
    this.#children[this.#children.length - 1]?.push(element);
    this.#open.push(element);
    this.#children.push(children);
  }
}
