import { ExiEncoder } from '@thingward/exi';
import type { Element } from '@thingward/xml';
import { NS } from '../namespaces.ts';
import type { AgreedSetUp } from './agreed-setup.ts';
import { type ExiStreamStart, encodeExiStreamStart, exiStreamEnd } from './stream-elements.ts';

/** How a stream on a dedicated port begins. @see XEP-0322 §2.4, §3.15 */
export interface ExiStreamHeader {
  /** The schemaId that names the set-up; without it, none is named. */
  readonly schemaId?: string | undefined;
}

/** The prefixes that hold in all streams. @see XEP-0322 §2.3.1 */
const NAMESPACES = new Map<string, string>([
  ['', NS.client],
  ['stream', NS.stream],
]);

/** Writes an EXI stream: its header, its elements, its end. @see XEP-0322 §2.3, §3.4 */
export class ExiStreamWriter {
  readonly setUp: AgreedSetUp;
  readonly #header: ExiStreamHeader | undefined;
  /** Was the header written, where there is one? */
  #isBegun = false;
  /** Undefined where the set-up's own does, which knows nothing of stanzas before. */
  #encoder: ExiEncoder | undefined;

  /** @param header on a dedicated port */
  constructor(setUp: AgreedSetUp, header?: ExiStreamHeader) {
    this.setUp = setUp;
    this.#header = header;
    if (!setUp.isStateless) this.#encoder = this.#newEncoder();
  }

  /** @returns what opens the stream */
  open(start: Omit<ExiStreamStart, 'namespaces'>): Uint8Array {
    this.#isBegun = false;
    return this.element(encodeExiStreamStart({ ...start, version: '1.0', namespaces: NAMESPACES }));
  }

  /**
   * @returns a stanza, or what else is sent on the stream
   * @throws ExiError `not-encodable` under strict schemas that have no place for it
   */
  element(element: Element): Uint8Array {
    if (this.#header && !this.#isBegun) return this.#first(element);
    return this.#encoder?.encodeElement(element) ?? this.setUp.encode(element);
  }

  /** @returns what ends the stream */
  end(): Uint8Array {
    return this.element(exiStreamEnd());
  }

  /** With the header of the stream. */
  #first(element: Element): Uint8Array {
    const encoder = this.#newEncoder();
    this.#isBegun = true;
    this.#encoder = this.setUp.isStateless ? undefined : encoder;
    return encoder.encodeElement(element);
  }

  #newEncoder(): ExiEncoder {
    const { grammars, codec, isStateless, usesProfile } = this.setUp;
    const { schemaId } = this.#header ?? {};
    return new ExiEncoder({
      grammars,
      options: codec,
      usesProfile,
      header: this.#header ? { cookie: true, options: schemaId === undefined ? false : { schemaId } } : false,
      headerBefore: 'first',
      keepsTables: !isStateless,
    });
  }
}
