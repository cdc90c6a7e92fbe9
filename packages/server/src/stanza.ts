import { type Element, encodeUtf8, escapeAttribute, Frame } from '@thingward/xml';
import { type Jid, NS } from '@thingward/xmpp';

export type StanzaKind = 'iq' | 'message' | 'presence';

/**
 * A stanza on its way through the server: its head is known, its bytes go on as they came, and its tree is built only when
 * somebody asks for it. `from` is vouched for by the server.
 */
export class Stanza {
  readonly kind: StanzaKind;
  readonly type: string | undefined;
  readonly id: string | undefined;
  readonly from: Jid;
  readonly to: Jid | undefined;
  /** Name and namespace of the first child element. */
  readonly payload: { readonly name: string; readonly namespace: string } | undefined;
  readonly #frame: Frame;

  private constructor(frame: Frame, from: Jid, to: Jid | undefined) {
    const { name, attributes, payload } = frame.head;
    this.kind = name as StanzaKind;
    this.type = attributes.type;
    this.id = attributes.id;
    this.from = from;
    this.to = to;
    this.payload = payload;
    this.#frame = frame;
  }

  /** A stanza a client sent, stamped with the address it has. @param to as parsed from its attribute */
  static received(frame: Frame, from: Jid, to: Jid | undefined): Stanza {
    return new Stanza(stamped(frame, from.toString()), from, to);
  }

  /** A stanza the server or a service made; `from` is what it says of itself. */
  static made(element: Element, from: Jid, to: Jid | undefined): Stanza {
    const complete = element.with({ from: from.toString(), to: to?.toString() });
    return new Stanza(Frame.parse(encodeUtf8(complete.toString(''))), from, to);
  }

  get element(): Element {
    return this.#frame.element;
  }

  /** As it goes into a TCP stream, whose default namespace is jabber:client. */
  get streamBytes(): Uint8Array {
    return this.#frame.bytes;
  }

  /** As it goes into a WebSocket message, where each element says its namespace. @see RFC 7395 §3.3.3 */
  get messageBytes(): Uint8Array {
    const { bytes, head } = this.#frame;
    return head.declaresNamespace ? bytes : inserted(bytes, head.nameEnd, ` xmlns='${NS.client}'`);
  }

  isIqRequest(): boolean {
    return this.kind === 'iq' && (this.type === 'get' || this.type === 'set');
  }
}

/** The frame with this `from` and no prefix bound outside it. */
function stamped(frame: Frame, from: string): Frame {
  const { attributes, nameEnd, declaresNamespace } = frame.head;
  if (!frame.selfContained || (attributes.from !== undefined && attributes.from !== from)) {
    return Frame.parse(encodeUtf8(frame.element.with({ from }).toString('')));
  }
  if (attributes.from !== undefined) return frame;
  const addition = ` from='${escapeAttribute(from)}'`;
  const bytes = inserted(frame.bytes, nameEnd, addition);
  const head = { ...frame.head, attributes: { ...attributes, from } };
  return new Frame(bytes, head, true, declaresNamespace ? {} : { '': NS.client });
}

function inserted(bytes: Uint8Array, at: number, text: string): Uint8Array {
  const addition = encodeUtf8(text);
  const result = new Uint8Array(bytes.length + addition.length);
  result.set(bytes.subarray(0, at));
  result.set(addition, at);
  result.set(bytes.subarray(at), at + addition.length);
  return result;
}
