import {
  type CodedElement,
  type Element,
  encodeUtf8,
  escapeAttribute,
  Frame,
  type FrameHead,
  type QName,
} from '@thingward/xml';
import { type Jid, NS } from '@thingward/xmpp';

export type StanzaKind = 'iq' | 'message' | 'presence';

type Head = Pick<FrameHead, 'name' | 'attributes' | 'payload' | 'otherChildren' | 'nameEnd'>;

/** Takes bytes that are to be sent. They must not change afterwards. */
export interface ByteSink {
  /** Adds `bytes` from `start` up to `end`. */
  append(bytes: Uint8Array, start: number, end: number): void;
}

const LESS_THAN = 0x3c;
const SLASH = 0x2f;
const NOTHING = new Uint8Array(0);
const CLIENT_BINDING = { '': NS.client } as const;
const CLIENT_DECLARATION = encodeUtf8(` xmlns='${NS.client}'`);

/**
 * A stanza on its way through the server: its head is known, its bytes go on as they came, and its tree is built only when
 * somebody asks for it. `from` is vouched for by the server. Its bytes leave their default namespace undeclared, so that they
 * are right in every stream: those of clients (`jabber:client`), servers (`jabber:server`) and components (RFC 6120 §4.8.3,
 * XEP-0114 §3).
 */
export class Stanza {
  readonly kind: StanzaKind;
  readonly type: string | undefined;
  readonly id: string | undefined;
  readonly from: Jid;
  readonly to: Jid | undefined;
  /** Name and namespace of the first child element. */
  readonly payload: QName | undefined;
  /** UID of the message in the archive of the account that sent it; told to that account alone. @see XEP-0313 §3.4 */
  archivedAs: string | undefined;
  /** As it came in, where that was not as text and nothing was added to it. */
  readonly coded: CodedElement | undefined;
  /** Names of its child elements after the first; undefined where there are very many. */
  readonly otherChildren: readonly QName[] | undefined;
  /** Length of the bytes up to and with the name of the element; what is added to its start tag goes there. */
  readonly #nameEnd: number;
  #bytes: Uint8Array;
  /** Further attributes, with a space before each. */
  readonly #addition: Uint8Array;
  #element: Element | undefined;
  #complete: Uint8Array | undefined;

  private constructor(
    head: Head,
    bytes: Uint8Array,
    addition: Uint8Array,
    from: Jid,
    to: Jid | undefined,
    coded?: CodedElement,
  ) {
    this.kind = head.name as StanzaKind;
    this.type = head.attributes.type;
    this.id = head.attributes.id;
    this.from = from;
    this.to = to;
    this.payload = head.payload;
    this.otherChildren = head.otherChildren;
    this.#nameEnd = head.nameEnd;
    this.#bytes = bytes;
    this.#addition = addition;
    this.coded = coded;
  }

  /**
   * A stanza that came in, stamped with the address it has. Whatever content namespace its stream has counts as `jabber:client`.
   * @param to as parsed from its attribute
   * @param language of its stream, which it gets where it has none of its own
   */
  static received(frame: Frame, from: Jid, to: Jid | undefined, language?: string): Stanza {
    const { attributes, declaration, prefixed } = frame.head;
    const isOwn = attributes.from === undefined || attributes.from === from.toString();
    const missing = attributes['xml:lang'] === undefined ? language : undefined;
    if (frame.selfContained && !prefixed && isOwn) {
      const bytes = declaration ? without(frame.bytes, declaration) : frame.bytes;
      const head = inClientNamespace(frame.head);
      const addition =
        attributes.from === undefined
          ? stampOf(from, missing)
          : missing === undefined
            ? NOTHING
            : encodeUtf8(languageText(missing));
      return new Stanza(head, bytes, addition, from, to, addition === NOTHING ? frame.coded : undefined);
    }
    const element = frame.elementIn(NS.client);
    const added = { from: from.toString(), ...(missing !== undefined && { 'xml:lang': missing }) };
    return Stanza.#of(element.with(added), from, to);
  }

  /** A stanza the server or a service made; `from` and `to` replace what it says itself. */
  static made(element: Element, from: Jid, to: Jid | undefined): Stanza {
    return Stanza.#of(element.with({ from: from.toString(), to: to?.toString() }), from, to);
  }

  /**
   * The same stanza for each of many: its content is written once.
   * @param element without `to`, which is added
   */
  static *copies(element: Element, from: Jid, recipients: Iterable<Jid>): Generator<Stanza> {
    const common = element.with({ from: from.toString(), to: undefined });
    const head = headOf(common);
    const bytes = encodeUtf8(common.toString(NS.client));
    for (const to of recipients) yield new Stanza(head, bytes, toAttribute(to), from, to);
  }

  static #of(element: Element, from: Jid, to: Jid | undefined): Stanza {
    const stanza = new Stanza(headOf(element), encodeUtf8(element.toString(NS.client)), NOTHING, from, to);
    stanza.#element = element;
    return stanza;
  }

  /** The stanza as a tree, in the namespace `jabber:client`. */
  get element(): Element {
    this.#element ??= new Frame(this.streamBytes, undefined, true, CLIENT_BINDING).element;
    return this.#element;
  }

  /** The same stanza, addressed to another. */
  readdressed(to: Jid): Stanza {
    return Stanza.made(this.element, this.from, to);
  }

  /** The same stanza with one more child at its end. */
  appended(child: Element): Stanza {
    const bytes = this.#bytes;
    const end = bytes.lastIndexOf(LESS_THAN);
    if (bytes[end + 1] !== SLASH) return Stanza.made(this.element.append(child), this.from, this.to);
    const addition = encodeUtf8(child.toString());
    const longer = new Uint8Array(bytes.length + addition.length);
    longer.set(bytes.subarray(0, end));
    longer.set(addition, end);
    longer.set(bytes.subarray(end), end + addition.length);
    const { kind: name, type, id } = this;
    const attributes = { ...(type !== undefined && { type }), ...(id !== undefined && { id }) };
    const last = { name: child.name, namespace: child.namespace };
    const children =
      this.payload === undefined
        ? { payload: last, otherChildren: [] }
        : { payload: this.payload, otherChildren: this.otherChildren && [...this.otherChildren, last] };
    const head = { name, attributes, ...children, nameEnd: this.#nameEnd };
    return new Stanza(head, longer, this.#addition, this.from, this.to);
  }

  /** Has it a child element of this name? Found without a tree, unless it has very many. */
  hasChild(name: string, namespace: string): boolean {
    const { payload } = this;
    if (payload === undefined) return false;
    if (payload.name === name && payload.namespace === namespace) return true;
    if (this.otherChildren === undefined) return this.element.child(name, namespace) !== undefined;
    return this.otherChildren.some((child) => child.name === name && child.namespace === namespace);
  }

  /** The bytes as they go into a TCP stream of any content namespace. */
  get streamBytes(): Uint8Array {
    this.#complete ??= this.#addition.length === 0 ? this.#bytes : this.#with(this.#addition);
    return this.#complete;
  }

  /** As it goes into a WebSocket message, where each element says its namespace. @see RFC 7395 §3.3.3 */
  get messageBytes(): Uint8Array {
    return this.#with(CLIENT_DECLARATION, this.#addition);
  }

  /** Length of `streamBytes`. */
  get size(): number {
    return this.#bytes.length + this.#addition.length;
  }

  /** Appends what `streamBytes` is, without putting it together first. */
  appendTo(sink: ByteSink): void {
    if (this.#complete !== undefined) {
      sink.append(this.#complete, 0, this.#complete.length);
      return;
    }
    sink.append(this.#bytes, 0, this.#nameEnd);
    sink.append(this.#addition, 0, this.#addition.length);
    sink.append(this.#bytes, this.#nameEnd, this.#bytes.length);
  }

  /** To be called when it is kept for longer: lets go of the bytes that came with it from the network. */
  compact(): void {
    if (this.#bytes.buffer.byteLength > 2 * this.#bytes.length) this.#bytes = this.#bytes.slice();
  }

  isIqRequest(): boolean {
    return this.kind === 'iq' && (this.type === 'get' || this.type === 'set');
  }

  /** Has an IQ an id, a type that there is, and a request exactly one payload? @see RFC 6120 §8.2.3 */
  isValidIq(): boolean {
    const { id, type, payload } = this;
    if (id === undefined || id === '') return false;
    return (
      type === 'result' ||
      type === 'error' ||
      (this.isIqRequest() && payload !== undefined && this.otherChildren?.length === 0)
    );
  }

  #with(...additions: readonly Uint8Array[]): Uint8Array {
    const length = additions.reduce((sum, addition) => sum + addition.length, this.#bytes.length);
    const result = new Uint8Array(length);
    result.set(this.#bytes.subarray(0, this.#nameEnd));
    let at = this.#nameEnd;
    for (const addition of additions) {
      result.set(addition, at);
      at += addition.length;
    }
    result.set(this.#bytes.subarray(this.#nameEnd), at);
    return result;
  }
}

/** A stanza whose client may not have got it. */
export interface UndeliveredStanza {
  readonly stanza: Stanza;
  /** When it was sent: milliseconds since 1970. */
  readonly at: number;
}

/** The head of an element as it is written without a prefix. */
function headOf({ name, attributes, elements }: Element): Head {
  const [payload, ...otherChildren] = elements.map(nameOf);
  return { name, attributes, payload, otherChildren, nameEnd: name.length + 1 };
}

function nameOf({ name, namespace }: Element): QName {
  return { name, namespace: namespace || NS.client };
}

/** The same head, its content namespace read as `jabber:client`. */
function inClientNamespace(head: FrameHead): Head {
  const { namespace } = head;
  if (namespace === NS.client) return head;
  const renamed = (child: QName): QName => (child.namespace === namespace ? { ...child, namespace: NS.client } : child);
  return {
    ...head,
    payload: head.payload && renamed(head.payload),
    otherChildren: head.otherChildren?.map(renamed),
  };
}

function without(bytes: Uint8Array, { start, end }: { readonly start: number; readonly end: number }): Uint8Array {
  const result = new Uint8Array(bytes.length - (end - start));
  result.set(bytes.subarray(0, start));
  result.set(bytes.subarray(end), start);
  return result;
}

/** Attributes that stamp what an address sends, kept for as long as its object lives, which for a client is as long as its session. */
const stamps = new WeakMap<Jid, { readonly language: string | undefined; readonly bytes: Uint8Array }>();

/** The bytes of ` from='...'`, and of ` xml:lang='...'` where there is a language. @see RFC 6120 §8.1.5 */
function stampOf(from: Jid, language: string | undefined): Uint8Array {
  const known = stamps.get(from);
  if (known !== undefined && known.language === language) return known.bytes;
  const bytes = encodeUtf8(stampText(from.toString(), language));
  stamps.set(from, { language, bytes });
  return bytes;
}

/** What is added to the start tag of a stanza for the sender it comes from. @param language of its stream, for a stanza without one */
export function stampText(from: string, language: string | undefined): string {
  return ` from='${escapeAttribute(from)}'${language === undefined ? '' : languageText(language)}`;
}

function languageText(language: string): string {
  return ` xml:lang='${escapeAttribute(language)}'`;
}

function toAttribute(jid: Jid): Uint8Array {
  return encodeUtf8(` to='${escapeAttribute(jid.toString())}'`);
}
