import { type Element, escapeAttribute, type Frame, parseElement, StreamReader } from '@thingward/xml';
import { NS } from '../namespaces.ts';
import { BoshError } from './binding-error.ts';

/** Namespace of `<body/>`. */
export const BOSH = 'http://jabber.org/protocol/httpbind';
/** Namespace of the attributes that make it carry XMPP. */
export const XBOSH = 'urn:xmpp:xbosh';
/** The version of BOSH that is spoken. */
export const BOSH_VERSION = '1.11';
/** What a response is when its session has not asked for something else. */
export const BOSH_CONTENT_TYPE = 'text/xml; charset=utf-8';

const MAX_RID = Number.MAX_SAFE_INTEGER;
const GREATER_THAN = 0x3e;
const SLASH = 0x2f;
const VERSION = /^(\d{1,4})\.(\d{1,4})$/;

/** What a client's `<body/>` says. Times are in seconds. @see XEP-0124 §7, XEP-0206 §3 */
export interface BoshRequest {
  readonly rid: number;
  /** Undefined in the request that makes a session. */
  readonly sid: string | undefined;
  readonly to: string | undefined;
  readonly from: string | undefined;
  readonly ver: string | undefined;
  readonly wait: number | undefined;
  readonly hold: number | undefined;
  /** Highest `rid` of those whose responses all arrived; 1 in the first request. */
  readonly ack: number | undefined;
  /** Content-Type of all responses. */
  readonly content: string | undefined;
  readonly key: string | undefined;
  readonly newkey: string | undefined;
  readonly pause: number | undefined;
  readonly isTermination: boolean;
  /** Asks for a new stream in the same session. */
  readonly isRestart: boolean;
  /** Version of XMPP. */
  readonly version: string;
}

/** Bytes that hold a `<body/>`: its start tag is read at once, its payloads when it is known how large they may be. */
export class BoshBody {
  /** The `<body/>` with its attributes alone. */
  readonly header: Element;
  /** Reads the rest; undefined when the `<body/>` is an empty tag. */
  readonly #reader: StreamReader | undefined;

  /** @throws XmlError, BoshError `bad-request` when it is something else */
  constructor(bytes: Uint8Array) {
    if (endsWithEmptyTag(bytes)) {
      this.header = parseElement(bytes);
    } else {
      const reader = new StreamReader();
      reader.push(bytes);
      const first = reader.next();
      if (first?.kind !== 'open') throw new BoshError('bad-request', 'there is no start tag');
      this.header = first.header;
      this.#reader = reader;
    }
    if (!this.header.is('body', BOSH)) {
      throw new BoshError('bad-request', `expected a <body/> in the namespace ${BOSH}`);
    }
  }

  /**
   * What it carries. To be called once.
   * @throws XmlError, BoshError `bad-request` for what is no whole body, `policy-violation` for too many payloads
   */
  payloads(limits: { readonly maxPayloads: number; readonly maxPayloadBytes: number }): readonly Frame[] {
    const reader = this.#reader;
    const frames: Frame[] = [];
    if (!reader) return frames;
    reader.maxElementBytes = limits.maxPayloadBytes;
    for (let event = reader.next(); event?.kind !== 'close'; event = reader.next()) {
      if (event?.kind !== 'frame') throw new BoshError('bad-request', 'the <body/> has no end');
      if (frames.length === limits.maxPayloads) throw new BoshError('policy-violation', 'there are too many payloads');
      frames.push(event.frame);
    }
    // White space may follow it.
    if (reader.next() !== undefined || reader.pendingBytes > 0) {
      throw new BoshError('bad-request', 'something follows the <body/>');
    }
    return frames;
  }
}

/** @throws BoshError `bad-request` */
export function decodeBoshRequest(header: Element): BoshRequest {
  const rid = wholeNumber(header, 'rid', MAX_RID);
  if (rid === undefined || rid === 0) throw new BoshError('bad-request', 'there is no rid');
  const type = header.attribute('type');
  return {
    rid,
    sid: header.attribute('sid'),
    to: header.attribute('to'),
    from: header.attribute('from'),
    ver: version(header.attribute('ver')),
    wait: wholeNumber(header, 'wait', 65_535),
    hold: wholeNumber(header, 'hold', 255),
    ack: wholeNumber(header, 'ack', MAX_RID),
    content: header.attribute('content'),
    key: header.attribute('key'),
    newkey: header.attribute('newkey'),
    pause: wholeNumber(header, 'pause', 65_535),
    isTermination: type === 'terminate',
    isRestart: isTrue(header.attribute(`{${XBOSH}}restart`)),
    version: header.attribute(`{${XBOSH}}version`) ?? '1.0',
  };
}

/** What a `<body/>` can say; prefixed names belong to XMPP over BOSH. Undefined leaves it out. */
export type BoshAttributes = Readonly<Record<string, string | number | undefined>>;

/**
 * The start tag of a `<body/>` without its end (`/>` or `>`). The prefixes `xmpp` and `stream` are declared where they may be used:
 * some clients look for elements by their written name.
 * @see XEP-0206 §2
 */
export function boshStartTag(attributes: BoshAttributes, declareStream = false): string {
  let text = `<body xmlns='${BOSH}'`;
  if (Object.keys(attributes).some((name) => name.startsWith('xmpp:') && attributes[name] !== undefined)) {
    text += ` xmlns:xmpp='${XBOSH}'`;
  }
  if (declareStream) text += ` xmlns:stream='${NS.stream}'`;
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined) text += ` ${name}='${escapeAttribute(String(value))}'`;
  }
  return text;
}

/** The lower of two versions. Minor numbers count as integers. @see XEP-0124 §7.1 */
export function lowerBoshVersion(a: string, b: string): string {
  const [[majorA = 0, minorA = 0], [majorB = 0, minorB = 0]] = [a.split('.').map(Number), b.split('.').map(Number)];
  return majorA < majorB || (majorA === majorB && minorA < minorB) ? a : b;
}

function version(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  if (!VERSION.test(text)) throw new BoshError('bad-request', `ver is no version: ${text.slice(0, 20)}`);
  return text;
}

function wholeNumber(header: Element, name: string, greatest: number): number | undefined {
  const text = header.attribute(name);
  if (text === undefined) return undefined;
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value <= greatest)) throw new BoshError('bad-request', `${name} is no number from 0 to ${greatest}`);
  return value;
}

function isTrue(text: string | undefined): boolean {
  return text === 'true' || text === '1';
}

/** Is the last tag an empty one? Then it is the whole body, or the body is not well-formed. */
function endsWithEmptyTag(bytes: Uint8Array): boolean {
  let end = bytes.length;
  while (end > 0 && isSpace(bytes[end - 1] as number)) end--;
  return bytes[end - 1] === GREATER_THAN && bytes[end - 2] === SLASH;
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x09 || byte === 0x0d;
}
