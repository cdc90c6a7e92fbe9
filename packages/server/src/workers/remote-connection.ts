import { type Frame, XmlError } from '@thingward/xml';
import { encodeBase64 } from '@thingward/xmpp';
import { isData } from '../data-stanza.ts';
import type { StreamConnection, TcpTransport } from '../listeners/tcp-transport.ts';
import { type LoopTurns, TurnShare } from '../loop-turns.ts';
import { DataWriter } from './data-record.ts';
import { writeFrame } from './frame-record.ts';
import { RECORD, RecordError, readJson } from './record.ts';
import type { LinkedConnection, WorkerLink } from './worker-link.ts';
import type { OpenedStream, ReportedError } from './worker-messages.ts';

/**
 * The worker's end of a client's connection: gives what arrives to the main process, and does what it says. Until the main
 * process sets it free it waits after each element, as what follows may have to be read differently (STARTTLS, a new stream).
 */
export class RemoteConnection implements StreamConnection, LinkedConnection {
  readonly #number: number;
  readonly #link: WorkerLink;
  readonly #transport: TcpTransport;
  readonly #share: TurnShare;
  /** It has had its share of this turn. */
  #rests = false;
  #waits = false;
  #free = false;
  #paused = false;
  /** Of the client's stream. @see RFC 6120 §4.7.4 */
  #language: string | undefined;
  /** For data that may go past the router. */
  #data: DataWriter | undefined;
  /** Nothing more is read: the stream is broken or over. */
  #over = false;

  constructor(number: number, link: WorkerLink, transport: TcpTransport, turns: LoopTurns) {
    this.#share = new TurnShare(turns);
    this.#number = number;
    this.#link = link;
    this.#transport = transport;
  }

  get isBusy(): boolean {
    return this.#waits || this.#paused || this.#rests || this.#link.writer.isFull;
  }

  pump(): void {
    this.#share.begin();
    while (!this.#over && !this.isBusy) {
      if (!this.#share.take()) {
        this.#rests = true;
        setImmediate(() => {
          this.#rests = false;
          this.goOn();
        });
        return;
      }
      try {
        if (!this.#next()) return;
      } catch (error) {
        if (!(error instanceof XmlError)) throw error;
        this.#over = true;
        const { code, message, offset } = error;
        this.#link.writer.writeJson(RECORD.error, this.#number, { code, message, offset } satisfies ReportedError);
      }
    }
  }

  /** What kept it busy may be over. */
  goOn(): void {
    if (this.#over || this.isBusy) return;
    this.#transport.resume();
    this.pump();
  }

  ended(): void {
    this.#over = true;
    this.#link.ended(this.#number);
  }

  /** Ends the stream and the connection. */
  close(): void {
    this.#transport.closeStream();
  }

  refused(stanza: Uint8Array): void {
    this.#link.writer.write(RECORD.refused, this.#number, stanza);
  }

  #compress(number: number): void {
    const setUp = this.#link.setUps.get(number);
    if (!setUp) throw new RecordError(`an unknown set-up ${number}`);
    this.#transport.compress(setUp);
  }

  /** Does what the main process says. */
  obey(kind: number, payload: Uint8Array): void {
    const transport = this.#transport;
    switch (kind) {
      case RECORD.bytes:
        transport.sendXml(payload);
        return;
      case RECORD.openStream:
        transport.openStream(readJson(payload));
        return;
      case RECORD.startTls:
        void transport.startTls();
        return;
      case RECORD.compress:
        this.#compress(Number(Buffer.from(payload).toString()));
        return;
      case RECORD.restart:
        transport.restart();
        return;
      case RECORD.authenticated:
        transport.authenticated();
        return;
      case RECORD.free:
        this.#free = true;
        this.#waits = false;
        this.goOn();
        return;
      case RECORD.next:
        this.#waits = false;
        this.goOn();
        return;
      case RECORD.pause:
        this.#paused = true;
        return;
      case RECORD.resume:
        this.#paused = false;
        this.goOn();
        return;
      case RECORD.closeStream:
        transport.closeStream();
        return;
      case RECORD.dataFrom:
        this.#data = payload.length > 0 ? new DataWriter(Buffer.from(payload).toString(), this.#language) : undefined;
        return;
      default:
        throw new RecordError(`an unknown record ${kind}`);
    }
  }

  #tell(frame: Frame): void {
    const { writer } = this.#link;
    if (this.#data && frame.selfContained && isData(frame.head)) this.#data.write(writer, this.#number, frame);
    else writeFrame(writer, this.#number, frame);
  }

  /** @returns whether there was something */
  #next(): boolean {
    const event = this.#transport.nextEvent();
    if (!event) return false;
    this.#waits = !this.#free;
    const { writer } = this.#link;
    if (event.kind === 'frame') this.#tell(event.frame);
    else if (event.kind === 'close') writer.write(RECORD.close, this.#number);
    else {
      const { name, namespace, attributes } = event.header;
      this.#language = attributes['xml:lang'];
      const { isEncrypted, channelBindings, certified, deviceCertificate } = this.#transport;
      const opened: OpenedStream = {
        header: { name, namespace, attributes },
        bindings: event.bindings,
        isEncrypted,
        channelBindings:
          channelBindings &&
          Object.fromEntries(Object.entries(channelBindings).map(([type, data]) => [type, encodeBase64(data)])),
        certified: certified?.map(String),
        deviceCertificate,
      };
      writer.writeJson(RECORD.open, this.#number, opened);
    }
    return true;
  }
}
