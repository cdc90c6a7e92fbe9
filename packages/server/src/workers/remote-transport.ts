import { Element, type StreamEvent, XmlError, type XmlErrorCode } from '@thingward/xml';
import { type ChannelBindings, decodeBase64, Jid, NS, type StreamError } from '@thingward/xmpp';
import type { AgreedSetUp } from '@thingward/xmpp/exi';
import type { ClientTransport } from '../client-connection.ts';
import { streamElementText } from '../listeners/stream-element.ts';
import type { StreamConnection } from '../listeners/tcp-transport.ts';
import type { Session } from '../session.ts';
import type { Stanza } from '../stanza.ts';
import { addressEnd, addressOf, dataFrame, kindOf } from './data-record.ts';
import type { DataReceiver, DataSwitch } from './data-switch.ts';
import { readFrame } from './frame-record.ts';
import { RECORD, RecordError, type RecordWriter, readJson } from './record.ts';
import type { GivenSetUps } from './set-up-record.ts';
import type { OpenedStream, ReportedError } from './worker-messages.ts';

/** Events that may wait for one that is being handled; when there are more, the worker reads no more for a while. */
const MAX_WAITING = 64;
const FEW_WAITING = 8;

/** Data after which it is seen whether its sender is too fast. */
const PACE_STEP = 64;

/** Something that arrived, as nothing was handled that came before. */
type Arrived = StreamEvent | { readonly kind: 'error'; readonly error: XmlError };

/** The main process's end of a client's connection that a worker process has. */
export class RemoteTransport implements ClientTransport, DataReceiver {
  readonly remote: string;
  readonly canStartTls: boolean;
  readonly #number: number;
  readonly #writer: RecordWriter;
  readonly #connection: StreamConnection;
  #isEncrypted = false;
  #channelBindings: ChannelBindings | undefined;
  #certified: readonly Jid[] | undefined;
  #deviceCertificate: string | undefined;
  readonly #waiting: Arrived[] = [];
  /** The worker goes on by itself. */
  #free = false;
  /** The worker waits until its element was handled. */
  #awaited = false;
  #paused = false;
  #closing = false;
  /** Whose data may go past the router. */
  #giver: Session | undefined;
  /** Who takes data past the router. */
  #taker: Jid | undefined;
  readonly #switch: DataSwitch;
  readonly #setUps: GivenSetUps;
  /** Data that went past the router since its pace was seen to. */
  #passed = 0;
  /** Nothing is taken from a client that was too fast. */
  #rest: NodeJS.Timeout | undefined;

  /** @param connect makes who speaks on it */
  constructor(
    number: number,
    writer: RecordWriter,
    options: {
      readonly remote: string;
      readonly canStartTls: boolean;
      readonly dataSwitch: DataSwitch;
      readonly setUps: GivenSetUps;
    },
    connect: (transport: RemoteTransport) => StreamConnection,
  ) {
    this.#number = number;
    this.#writer = writer;
    this.remote = options.remote;
    this.canStartTls = options.canStartTls;
    this.#switch = options.dataSwitch;
    this.#setUps = options.setUps;
    this.#connection = connect(this);
  }

  get isEncrypted(): boolean {
    return this.#isEncrypted;
  }

  get channelBindings(): ChannelBindings | undefined {
    return this.#channelBindings;
  }

  get certified(): readonly Jid[] | undefined {
    return this.#certified;
  }

  get deviceCertificate(): string | undefined {
    return this.#deviceCertificate;
  }

  openStream(header: { readonly id: string; readonly from: string; readonly to?: string | undefined }): void {
    if (!this.#closing) this.#writer.writeJson(RECORD.openStream, this.#number, header);
  }

  send(element: Element): void {
    if (!this.#closing) this.#writer.writeText(RECORD.bytes, this.#number, streamElementText(element, NS.client));
  }

  sendStanza(stanza: Stanza): void {
    if (!this.#closing) this.#writer.writeStanza(RECORD.bytes, this.#number, stanza);
  }

  restart(): void {
    this.#writer.write(RECORD.restart, this.#number);
  }

  compress(setUp: AgreedSetUp): void {
    this.#writer.writeText(RECORD.compress, this.#number, String(this.#setUps.numberOf(setUp)));
  }

  authenticated(): void {
    this.#writer.write(RECORD.authenticated, this.#number);
  }

  bound(): void {
    this.#free = true;
    this.#writer.write(RECORD.free, this.#number);
  }

  direct(session: Session, { gives, takes }: { readonly gives: boolean; readonly takes: boolean }): void {
    if (this.#closing) return;
    if (gives !== (this.#giver !== undefined)) {
      this.#giver = gives ? session : undefined;
      this.#writer.writeText(RECORD.dataFrom, this.#number, gives ? session.jid.toString() : '');
    }
    if (takes === (this.#taker !== undefined)) return;
    if (takes) this.#switch.add(session.jid, this);
    else this.#takeNoMore();
    this.#taker = takes ? session.jid : undefined;
  }

  give(bytes: Buffer, start: number, end: number): void {
    this.#writer.writePart(RECORD.bytes, this.#number, bytes, start, end);
  }

  #takeNoMore(): void {
    if (this.#taker) this.#switch.remove(this.#taker, this);
    this.#taker = undefined;
  }

  /** What happens next is the next stream's header, or the connection's end. */
  async startTls(): Promise<void> {
    this.#writer.write(RECORD.startTls, this.#number);
  }

  closeStream(error?: StreamError): void {
    if (this.#closing) return;
    if (error) this.send(error.toElement());
    this.#closing = true;
    clearTimeout(this.#rest);
    this.#takeNoMore();
    this.#writer.write(RECORD.closeStream, this.#number);
    this.#connection.ended();
  }

  nextEvent(): StreamEvent | undefined {
    const arrived = this.#waiting.shift();
    if (!arrived) {
      if (this.#awaited && !this.#free) this.#writer.write(RECORD.next, this.#number);
      this.#awaited = false;
      return undefined;
    }
    if (this.#paused && this.#waiting.length <= FEW_WAITING) {
      this.#paused = false;
      this.#goOn();
    }
    if (arrived.kind === 'error') throw arrived.error;
    return arrived;
  }

  /** Nothing to do: the worker is told when it may go on. */
  resume(): void {}

  /** The worker tells of something that arrived. */
  take(kind: number, bytes: Buffer, start: number, end: number): void {
    if (kind === RECORD.refused) {
      this.#connection.refused?.(bytes.subarray(start, end));
      return;
    }
    if (this.#closing || (kind === RECORD.data && this.#passOn(bytes, start, end))) return;
    this.#awaited = true;
    this.#waiting.push(this.#arrived(kind, bytes, start, end));
    if (!this.#connection.isBusy) this.#connection.pump();
    else if (!this.#paused && this.#waiting.length > MAX_WAITING) {
      this.#paused = true;
      this.#writer.write(RECORD.pause, this.#number);
    }
  }

  /** The connection is gone. */
  ended(): void {
    this.#closing = true;
    clearTimeout(this.#rest);
    this.#takeNoMore();
    this.#connection.ended();
  }

  /** Hands data straight to whom it is for, unless something waits that came before it. */
  #passOn(bytes: Buffer, start: number, end: number): boolean {
    if (this.#giver === undefined || this.#waiting.length > 0 || this.#connection.isBusy) return false;
    const receiver = this.#switch.receiver(addressOf(bytes, start));
    if (receiver === undefined) return false;
    this.#giver.received++;
    this.#giver.management?.countHandled();
    this.#switch.passed(kindOf(bytes, start));
    receiver.give(bytes, addressEnd(bytes, start), end);
    if (++this.#passed >= PACE_STEP) this.#keepPace(this.#giver);
    if (!this.#free) this.#writer.write(RECORD.next, this.#number);
    return true;
  }

  #keepPace({ pace }: Session): void {
    const restMs = pace?.take(performance.now(), this.#passed) ?? 0;
    this.#passed = 0;
    if (restMs <= 0) return;
    this.#writer.write(RECORD.pause, this.#number);
    clearTimeout(this.#rest);
    this.#rest = setTimeout(() => {
      this.#rest = undefined;
      this.#goOn();
    }, restMs);
  }

  #goOn(): void {
    if (!this.#paused && this.#rest === undefined) this.#writer.write(RECORD.resume, this.#number);
  }

  #arrived(kind: number, bytes: Buffer, start: number, end: number): Arrived {
    if (kind === RECORD.data) return { kind: 'frame', frame: dataFrame(bytes, start, end) };
    const payload = bytes.subarray(start, end);
    switch (kind) {
      case RECORD.frame:
        return { kind: 'frame', frame: readFrame(payload) };
      case RECORD.open:
        return this.#opened(readJson<OpenedStream>(payload));
      case RECORD.close:
        return { kind: 'close' };
      case RECORD.error: {
        const { code, message, offset } = readJson<ReportedError>(payload);
        const detail = message.replace(/ \(at byte \d+\)$/, '');
        return { kind: 'error', error: new XmlError(code as XmlErrorCode, detail, offset) };
      }
      default:
        throw new RecordError(`an unknown record ${kind}`);
    }
  }

  #opened({ header, bindings, isEncrypted, channelBindings, certified, deviceCertificate }: OpenedStream): StreamEvent {
    this.#isEncrypted = isEncrypted;
    this.#channelBindings =
      channelBindings &&
      Object.fromEntries(Object.entries(channelBindings).map(([type, data]) => [type, decodeBase64(data)]));
    this.#certified = certified?.map((address) => Jid.parse(address));
    this.#deviceCertificate = deviceCertificate;
    return { kind: 'open', header: new Element(header.name, header.namespace, header.attributes, []), bindings };
  }
}
