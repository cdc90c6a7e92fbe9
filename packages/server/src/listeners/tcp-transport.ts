import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { ExiError } from '@thingward/exi';
import { type Element, escapeAttribute, Frame, type StreamEvent, StreamReader, xml } from '@thingward/xml';
import { type ChannelBindings, type Jid, type Logger, NS, StreamError, type StreamInput } from '@thingward/xmpp';
import { type AgreedSetUp, ExiStreamReader, ExiStreamWriter, UnknownSetUpError } from '@thingward/xmpp/exi';
import { channelBindings } from '@thingward/xmpp/node';
import type { ClientCertificates } from '../client-certificates.ts';
import type { ClientTransport } from '../client-connection.ts';
import type { Limits } from '../limits.ts';
import type { Stanza } from '../stanza.ts';
import { ByteBudget } from './byte-budget.ts';
import { Outbox } from './outbox.ts';
import type { Source } from './proxy-protocol/proxy-header.ts';
import { streamElementText } from './stream-element.ts';
import type { TlsUpgrade } from './tls-upgrade.ts';

const CLOSE_TIMEOUT_MS = 2000;
/** Bytes that are not held back any longer: one TLS record. */
const MUCH = 16_384;

/** Prefixes that elements are written with on XML streams. */
const STREAM_BINDINGS = { '': NS.client, stream: NS.stream } as const;
/** A stanza that says nothing. */
const NOTHING = xml('message', { xmlns: NS.client });

/** Whoever speaks on a transport. */
export interface StreamConnection {
  /** Is an event being handled? What comes meanwhile must wait. */
  readonly isBusy: boolean;
  /** The transport has new events. */
  pump(): void;
  /** The transport is gone. */
  ended(): void;
  /** A stanza could not be coded as was agreed, and was not sent. */
  refused?(stanza: Uint8Array): void;
}

/** A port that speaks EXI from the first byte. @see XEP-0322 §2.4 */
export interface ExiBinding {
  /** What streams begin with. */
  readonly setUp: AgreedSetUp;
  /** What a header's schemaId stands for. */
  find(schemaId: string): AgreedSetUp | undefined;
}

export interface TcpTransportOptions {
  readonly limits: Limits;
  readonly log: Logger;
  /** Namespace of the stanzas on the stream; `jabber:client` when not given. */
  readonly namespace?: string;
  /** Where it comes from, where that is not the other end of the socket. */
  readonly source?: Source;
  /** For STARTTLS; undefined where it is not offered or TLS is there already. */
  readonly upgrade?: TlsUpgrade | undefined;
  /** That of the server, as DER, where the connection is or may come to be under TLS. */
  readonly certificate?: Uint8Array | undefined;
  /** Where clients are asked for certificates. */
  readonly clientCertificates?: ClientCertificates | undefined;
  /** Where EXI is spoken from the first byte. */
  readonly binding?: ExiBinding | undefined;
  /** Are stanzas forwarded as they came between EXI streams of the same set-up? @see XEP-0322 §3.9 */
  readonly forwardsCoded?: boolean;
}

/** The receiving end of a TCP connection, in plain or under TLS. @see RFC 6120 §3, §4, §5 */
export class TcpTransport implements ClientTransport {
  readonly remote: string;
  readonly #options: TcpTransportOptions;
  readonly #connection: StreamConnection;
  #socket: Socket;
  #reader: StreamInput;
  /** Undefined while the stream is XML. */
  #exi: ExiStreamWriter | undefined;
  #opened = false;
  #closing = false;
  /** Is a TLS handshake going on? */
  #upgrading = false;
  readonly #outbox = new Outbox();
  readonly #budget: ByteBudget;
  #throttled: NodeJS.Timeout | undefined;
  /** Runs while part of an element is there, once the other side has authenticated. */
  #partTimer: NodeJS.Timeout | undefined;
  #events = 0;
  #isAuthenticated = false;
  #unlisten: () => void = () => {};

  /** @param connect makes who speaks on it */
  constructor(socket: Socket, options: TcpTransportOptions, connect: (transport: TcpTransport) => StreamConnection) {
    this.#options = options;
    this.#socket = socket;
    const { address = socket.remoteAddress, port = socket.remotePort } = options.source ?? {};
    this.remote = `${address}:${port}`;
    this.#reader = this.#newReader();
    this.#budget = new ByteBudget(options.limits.maxBytesPerSecond);
    this.#connection = connect(this);
    socket.setNoDelay(true);
    socket.setKeepAlive(true, 60_000);
    this.#listen(socket);
  }

  get isEncrypted(): boolean {
    return this.#socket instanceof TLSSocket;
  }

  get channelBindings(): ChannelBindings | undefined {
    const socket = this.#socket;
    return socket instanceof TLSSocket ? channelBindings(socket, () => this.#options.certificate) : undefined;
  }

  get certified(): readonly Jid[] | undefined {
    return this.#socket instanceof TLSSocket ? this.#options.clientCertificates?.addresses(this.#socket) : undefined;
  }

  get deviceCertificate(): string | undefined {
    return this.#socket instanceof TLSSocket
      ? this.#options.clientCertificates?.deviceCertificate(this.#socket)
      : undefined;
  }

  get canStartTls(): boolean {
    return this.#options.upgrade !== undefined;
  }

  get isExiBinding(): boolean {
    return this.#options.binding !== undefined;
  }

  get unsentBytes(): number {
    return this.#socket.writableLength + this.#outbox.length;
  }

  openStream({ id, from, to }: { id: string; from: string; to?: string | undefined }): void {
    if (this.#options.binding && this.#reader instanceof ExiStreamReader) {
      this.#exi = new ExiStreamWriter(this.#reader.setUp, { schemaId: this.#reader.named });
    }
    if (this.#exi) {
      this.#opened = true;
      this.sendBytes(this.#exi.open({ id, from, to, lang: 'en' }));
      return;
    }
    const { namespace = NS.client } = this.#options;
    const addresses = `id='${id}' from='${escapeAttribute(from)}'${to === undefined ? '' : ` to='${escapeAttribute(to)}'`}`;
    // Streams of components have no version (XEP-0114 §3).
    const version = namespace === NS.client ? ` version='1.0' xml:lang='en'` : '';
    this.#opened = true;
    this.#write(
      `<?xml version='1.0'?><stream:stream xmlns='${namespace}' xmlns:stream='${NS.stream}' ${addresses}${version}>`,
    );
  }

  send(element: Element): void {
    if (this.#exi) this.#sendElement(element, undefined, this.#exi);
    else this.#write(streamElementText(element, NS.client));
  }

  sendStanza(stanza: Stanza): void {
    if (!this.#prepare()) return;
    if (this.#exi) this.#sendCoded(stanza, this.#exi);
    else stanza.appendTo(this.#outbox);
    this.#check();
  }

  /** Sends an element as it is written in an XML stream. The bytes must not change afterwards. */
  sendXml(bytes: Uint8Array): void {
    if (this.#exi) this.#sendElement(Frame.parse(bytes, STREAM_BINDINGS).element, bytes, this.#exi);
    else this.sendBytes(bytes);
  }

  #sendCoded(stanza: Stanza, exi: ExiStreamWriter): void {
    const { coded } = stanza;
    if (this.#options.forwardsCoded && coded?.coding === exi.setUp) this.sendBytes(coded.bytes);
    else this.#sendElement(stanza.element, stanza.streamBytes, exi);
  }

  /** One that a strict schema has no place for is dropped; something empty in its place keeps the two sides' counts equal. @see XEP-0322 §2.4 */
  #sendElement(element: Element, bytes: Uint8Array | undefined, exi: ExiStreamWriter): void {
    try {
      this.sendBytes(exi.element(element));
    } catch (error) {
      if (!(error instanceof ExiError) || error.code !== 'not-encodable') throw error;
      this.#options.log.debug({ remote: this.remote, reason: error.message }, 'an element has no place in the schemas');
      if (!bytes) return;
      this.sendBytes(exi.element(NOTHING));
      this.#connection.refused?.(bytes);
    }
  }

  /** Sends bytes that are part of the stream already. They must not change afterwards. */
  sendBytes(bytes: Uint8Array): void {
    if (!this.#prepare()) return;
    this.#outbox.append(bytes, 0, bytes.length);
    this.#check();
  }

  restart(): void {
    this.#reader.restart();
    this.#opened = false;
  }

  compress(setUp: AgreedSetUp): void {
    const { limits, forwardsCoded: keepsBytes = false } = this.#options;
    const rest = this.#reader.takePending();
    const maxElementBytes = this.#isAuthenticated ? limits.maxStanzaBytes : limits.maxUnauthenticatedBytes;
    const { binding } = this.#options;
    this.#reader = new ExiStreamReader({ setUp, maxElementBytes, keepsBytes, header: binding });
    this.#reader.push(rest);
    if (!binding) this.#exi = new ExiStreamWriter(setUp);
    this.#opened = false;
  }

  authenticated(): void {
    this.#reader.maxElementBytes = this.#options.limits.maxStanzaBytes;
    this.#isAuthenticated = true;
  }

  async startTls(): Promise<void> {
    const plain = this.#socket;
    this.#unlisten();
    // What was sent before TLS must not count as sent inside it.
    if (this.#reader.pendingBytes > 0) {
      plain.destroy();
      this.#connection.ended();
      return;
    }
    this.#flush();
    this.#upgrading = true;
    try {
      this.#socket = await (this.#options.upgrade as TlsUpgrade).upgrade(plain);
    } catch (error) {
      this.#options.log.debug({ remote: this.remote, reason: (error as Error).message }, 'connection broke');
      this.#connection.ended();
      return;
    }
    this.#upgrading = false;
    this.#reader = this.#newReader();
    this.#opened = false;
    this.#listen(this.#socket);
  }

  closeStream(error?: StreamError): void {
    if (this.#closing) return;
    this.#closing = true;
    // In the middle of a handshake nothing can be said.
    if (this.#upgrading) this.#socket.destroy();
    if (error) this.send(error.toElement());
    // Who has ended the connection without closing the stream waits for no answer.
    if (error || !this.#socket.readableEnded) this.#end();
    this.#flush();
    const socket = this.#socket;
    socket.end();
    socket.resume();
    const timer = setTimeout(() => socket.destroy(), CLOSE_TIMEOUT_MS);
    socket.once('close', () => clearTimeout(timer));
    this.#connection.ended();
  }

  #end(): void {
    if (this.#exi) this.sendBytes(this.#exi.end());
    else if (this.#opened) this.#write('</stream:stream>');
  }

  nextEvent(): StreamEvent | undefined {
    try {
      const event = this.#reader.next();
      if (event) this.#events++;
      return event;
    } catch (error) {
      if (!(error instanceof UnknownSetUpError)) throw error;
      this.#refuseSetUp();
      return undefined;
    }
  }

  /** @see XEP-0322 §3.15 */
  #refuseSetUp(): void {
    const { setUp } = this.#options.binding as ExiBinding;
    const end = new ExiStreamWriter(setUp, {}).end();
    this.sendBytes(end);
    this.#exi = undefined;
    this.closeStream();
  }

  resume(): void {
    if (this.#throttled === undefined && this.#socket.isPaused()) this.#socket.resume();
  }

  /** Takes nothing for a while: one that floods must not take the others' time. */
  #throttle(milliseconds: number): void {
    this.#socket.pause();
    clearTimeout(this.#throttled);
    this.#throttled = setTimeout(() => {
      this.#throttled = undefined;
      if (!this.#connection.isBusy) this.resume();
    }, milliseconds);
  }

  /** Part of an element waits for the rest. When none was completed after so long, there is no rest to be expected. */
  #watchPart(): void {
    const before = this.#events;
    this.#partTimer = setTimeout(() => {
      this.#partTimer = undefined;
      if (this.#reader.pendingBytes === 0 || this.#closing) return;
      const isHeldUp = this.#connection.isBusy || this.#throttled !== undefined;
      if (this.#events !== before || isHeldUp) this.#watchPart();
      else this.closeStream(new StreamError('connection-timeout', 'the rest of an element did not come in time'));
    }, this.#options.limits.elementTimeoutMs).unref();
  }

  #newReader(): StreamInput {
    const { binding, limits, forwardsCoded: keepsBytes = false } = this.#options;
    const maxElementBytes = limits.maxUnauthenticatedBytes;
    if (!binding) return new StreamReader({ maxElementBytes });
    return new ExiStreamReader({ setUp: binding.setUp, maxElementBytes, keepsBytes, header: binding });
  }

  #listen(socket: Socket): void {
    const data = (chunk: Buffer) => {
      if (this.#closing) return;
      const wait = this.#budget.spend(chunk.length);
      if (wait > 0) this.#throttle(wait);
      this.#reader.push(chunk);
      if (this.#connection.isBusy) socket.pause();
      else this.#connection.pump();
      if (this.#isAuthenticated && this.#partTimer === undefined && this.#reader.pendingBytes > 0) this.#watchPart();
    };
    const error = ({ message }: Error) =>
      this.#options.log.debug({ remote: this.remote, reason: message }, 'connection broke');
    const ended = () => {
      clearTimeout(this.#throttled);
      clearTimeout(this.#partTimer);
      this.#connection.ended();
    };
    socket.on('data', data).on('error', error).on('close', ended).on('end', ended);
    // Its own listeners alone: whoever counts connections listens too.
    this.#unlisten = () => socket.off('data', data).off('error', error).off('close', ended).off('end', ended);
  }

  #write(text: string): void {
    if (!this.#prepare()) return;
    this.#outbox.appendText(text);
    this.#check();
  }

  /** What is sent within one turn of the event loop leaves in one write. @returns whether anything can be sent */
  #prepare(): boolean {
    if (this.#upgrading || this.#socket.destroyed || this.#socket.writableEnded) return false;
    if (this.#outbox.length === 0) setImmediate(this.#flush);
    return true;
  }

  #check(): void {
    if (this.#outbox.length >= MUCH) this.#flush();
    if (this.unsentBytes <= this.#options.limits.maxUnsentBytes) return;
    this.#options.log.warn({ remote: this.remote }, 'a client reads too slowly and is disconnected');
    this.#socket.destroy();
  }

  readonly #flush = (): void => {
    if (this.#outbox.length === 0 || this.#socket.destroyed) return;
    this.#socket.write(this.#outbox.take());
  };
}
