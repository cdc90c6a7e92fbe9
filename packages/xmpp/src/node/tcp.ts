import { createHash, X509Certificate } from 'node:crypto';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, TLSSocket } from 'node:tls';
import {
  DEFAULT_STREAM_LIMITS,
  type Element,
  escapeAttribute,
  type Frame,
  type StreamLimits,
  StreamReader,
} from '@thingward/xml';
import type { AgreedSetUp } from '../exi/agreed-setup.ts';
import { ExiStreamReader } from '../exi/exi-stream-reader.ts';
import { type ExiStreamHeader, ExiStreamWriter } from '../exi/exi-stream-writer.ts';
import { STREAM_COMPRESSION } from '../exi/stream-compression.ts';
import { asciiDomain } from '../idna/domain-name.ts';
import type { Jid } from '../jid.ts';
import { NS } from '../namespaces.ts';
import { PeerError } from '../peer.ts';
import type { ChannelBindings } from '../sasl/channel-binding.ts';
import { ItemQueue } from '../stream/item-queue.ts';
import type { StreamInput } from '../stream/stream-input.ts';
import type { Connector, StreamItem, XmlStream } from '../stream/xml-stream.ts';
import { certificateAddresses } from './certificate-addresses.ts';
import { channelBindings } from './channel-bindings.ts';
import { MemoryTlsSessionKeeper, type TlsSessionKeeper } from './tls-sessions.ts';

/** What makes a server's certificate acceptable; with neither, the system's trusted roots. */
export interface TlsTrust {
  /** SHA-256 fingerprint of the certificate, in hexadecimal, with or without colons and the prefix `sha256:`. */
  readonly fingerprint?: string | undefined;
  /** Certificates (PEM) of the authorities to trust. */
  readonly ca?: string | undefined;
  /** What is said of the fingerprint where a server shows another. */
  readonly advice?: string | undefined;
}

export interface TcpConnectorOptions {
  /** The XMPP domain: name expected in the certificate. */
  readonly domain: string;
  readonly host: string;
  readonly port: number;
  /** `direct`: TLS from the first byte (XEP-0368); `none`: plain TCP, for loopback only. */
  readonly tls: 'starttls' | 'direct' | 'none';
  readonly trust?: TlsTrust | undefined;
  /** Certificate and key (PEM) to log in with. @see XEP-0178 §2 */
  readonly certificate?: { readonly cert: string; readonly key: string } | undefined;
  /** For resuming TLS over reconnects; in memory when not given. To be used for this server and this trust alone. */
  readonly tlsSessions?: TlsSessionKeeper | undefined;
  /** Namespace of the stanzas on the wire; `jabber:client` when not given. In elements it is always that. */
  readonly namespace?: string;
  readonly limits?: Partial<StreamLimits>;
  /** For a port that speaks EXI from the first byte. @see XEP-0322 §2.4, §3.15 */
  readonly binding?: ExiStreamHeader & { readonly setUp: AgreedSetUp };
}

/** Bytes that may wait to be taken by the network before the connection counts as stuck. */
const MAX_UNSENT_BYTES = 8 * 1024 * 1024;
/** Bytes that may come behind `<compressed/>` before it was seen: the answer to what was sent along, if anything. */
const MAX_HELD_BYTES = 65_536;
const CLOSE_TIMEOUT_MS = 1000;

/** Connects over TCP, with TLS as told. @see RFC 6120 §3, §5, XEP-0368 */
export function tcpConnector(given: TcpConnectorOptions): Connector {
  const options = { ...given, tlsSessions: given.tlsSessions ?? new MemoryTlsSessionKeeper() };
  return async (signal) => {
    const socket = await openSocket(options, signal);
    socket.setNoDelay(true);
    if (options.tls !== 'direct') return new TcpStream(socket, options);
    return new TcpStream(await secure(socket, options), options);
  };
}

function openSocket({ host, port }: TcpConnectorOptions, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connectTcp({ host, port });
    const abort = () => socket.destroy(new Error('no connection in time'));
    signal.addEventListener('abort', abort, { once: true });
    const fail = (error: NodeJS.ErrnoException) => {
      signal.removeEventListener('abort', abort);
      const why = error.code === 'ECONNREFUSED' ? 'connection refused' : error.message;
      reject(new PeerError('not-connected', `can't connect to ${host}:${port}: ${why}`, { cause: error }));
    };
    socket.once('error', fail);
    socket.once('connect', () => {
      signal.removeEventListener('abort', abort);
      socket.off('error', fail);
      resolve(socket);
    });
    if (signal.aborted) abort();
  });
}

function secure(
  socket: Socket,
  { domain, host, port, trust, tls, certificate, tlsSessions }: TcpConnectorOptions,
): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const pinned = trust?.fingerprint === undefined ? undefined : normaliseFingerprint(trust.fingerprint);
    const kept = tlsSessions?.load();
    const secured = connectTls({
      socket,
      ...(kept && { session: Buffer.from(kept.session) }),
      servername: /^[\d.:[\]]+$/.test(domain) ? '' : asciiDomain(domain),
      minVersion: 'TLSv1.2',
      // A pinned certificate is checked by its fingerprint below, before anything is sent.
      rejectUnauthorized: pinned === undefined,
      ...(trust?.ca === undefined ? {} : { ca: trust.ca }),
      ...certificate,
      ...(tls === 'direct' ? { ALPNProtocols: ['xmpp-client'] } : {}),
    });
    const fail = (error: Error) => {
      secured.destroy();
      reject(new PeerError('not-connected', `no TLS with ${host}:${port}: ${error.message}`, { cause: error }));
    };
    secured.once('error', fail);
    secured.once('close', () => fail(new Error('the server closed the connection')));
    secured.once('secureConnect', () => {
      const shown = secured.isSessionReused() ? kept?.certificate : secured.getPeerCertificate().raw;
      const actual = shown === undefined ? '' : createHash('sha256').update(shown).digest('hex');
      if (pinned !== undefined && actual !== pinned) {
        const advice = trust?.advice === undefined ? '' : `, ${trust.advice}`;
        fail(new Error(`the server's certificate has the fingerprint ${actual}, not ${pinned}${advice}`));
        return;
      }
      secured.removeAllListeners('error');
      secured.removeAllListeners('close');
      if (shown) certificates.set(secured, shown);
      if (shown && tlsSessions) keepSession(secured, shown, tlsSessions);
      resolve(secured);
    });
  });
}

/** Certificates of servers: of a TLS session that was resumed the socket does not know it. */
const certificates = new WeakMap<TLSSocket, Uint8Array>();

/** Of TLS 1.3 what is kept comes after the handshake, of 1.2 with it. */
function keepSession(secured: TLSSocket, certificate: Uint8Array, sessions: TlsSessionKeeper): void {
  const session = secured.getProtocol() === 'TLSv1.2' ? secured.getSession() : undefined;
  if (session) sessions.save({ session, certificate });
  secured.on('session', (later) => sessions.save({ session: later, certificate }));
}

/** Lower-case hexadecimal digits alone. */
function normaliseFingerprint(text: string): string {
  return text
    .replace(/^sha-?256:/i, '')
    .replaceAll(':', '')
    .toLowerCase();
}

/** A stream over a TCP connection. */
class TcpStream implements XmlStream {
  readonly #options: TcpConnectorOptions;
  readonly #queue = new ItemQueue((paused) => (paused ? this.#socket.pause() : this.#socket.resume()));
  #socket: Socket;
  #reader: StreamInput;
  /** Undefined while what is sent is XML. */
  #exi: ExiStreamWriter | undefined;
  /** What comes next may be coded otherwise. */
  #isHeld = false;
  #opened = false;
  #unsent: (string | Uint8Array)[] = [];
  isEncrypted: boolean;

  constructor(socket: Socket, options: TcpConnectorOptions) {
    this.#options = options;
    this.#socket = socket;
    this.isEncrypted = options.tls === 'direct';
    this.#reader = this.#newReader();
    this.#exi = options.binding && new ExiStreamWriter(options.binding.setUp, options.binding);
    this.#listen();
  }

  get channelBindings(): ChannelBindings | undefined {
    const socket = this.#socket;
    return socket instanceof TLSSocket ? channelBindings(socket, () => certificates.get(socket)) : undefined;
  }

  get certified(): readonly Jid[] | undefined {
    const { certificate } = this.#options;
    if (!certificate || !this.isEncrypted) return undefined;
    return certificateAddresses(new X509Certificate(certificate.cert)).xmpp;
  }

  get startTls(): (() => Promise<void>) | undefined {
    return this.#options.tls === 'starttls' ? () => this.#startTls() : undefined;
  }

  compress(setUp: AgreedSetUp, what: 'sent' | 'received' | 'both'): void {
    const { binding } = this.#options;
    if (what !== 'received') this.#exi = new ExiStreamWriter(setUp, binding && {});
    if (what === 'sent') return;
    const rest = this.#reader.takePending();
    this.#reader = this.#newReader(setUp);
    this.#isHeld = false;
    this.#receive(rest);
  }

  open(to: string, from?: string): void {
    if (this.#opened && !this.#exi) this.#reader.restart();
    this.#opened = true;
    if (this.#exi) {
      if (this.#options.binding) this.#reader.restart();
      this.#write(this.#exi.open({ to, from }));
      return;
    }
    const { namespace = NS.client } = this.#options;
    // Streams of components have no version (XEP-0114 §3).
    const version = namespace === NS.client ? ` version='1.0'` : '';
    const sender = from === undefined ? '' : ` from='${escapeAttribute(from)}'`;
    this.#write(
      `<?xml version='1.0'?><stream:stream xmlns='${namespace}' xmlns:stream='${NS.stream}' to='${escapeAttribute(to)}'${sender}${version}>`,
    );
  }

  send(element: Element): void {
    this.#write(this.#exi?.element(element) ?? element.toString(NS.client));
  }

  read(): Promise<StreamItem> {
    return this.#queue.read();
  }

  async close(): Promise<void> {
    const socket = this.#socket;
    if (socket.destroyed) return;
    this.#write(this.#exi?.end() ?? '</stream:stream>');
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => socket.destroy(), CLOSE_TIMEOUT_MS);
      socket.once('close', () => {
        clearTimeout(timer);
        resolve();
      });
      socket.resume();
    });
  }

  destroy(): void {
    this.#socket.destroy();
  }

  async #startTls(): Promise<void> {
    this.#socket.removeAllListeners();
    if (this.#reader.pendingBytes > 0) {
      // Bytes sent before TLS must not be taken for bytes sent inside it.
      this.#socket.destroy();
      throw new PeerError('connection-lost', 'the server sent something between <proceed/> and TLS');
    }
    this.#socket = await secure(this.#socket, this.#options);
    this.#reader = this.#newReader();
    this.#opened = false;
    this.isEncrypted = true;
    this.#listen();
  }

  #newReader(setUp = this.#options.binding?.setUp): StreamInput {
    const limits = { ...DEFAULT_STREAM_LIMITS, ...this.#options.limits };
    if (!setUp) return new StreamReader(limits);
    const { schemaId } = this.#options.binding ?? {};
    const header = this.#options.binding && { find: (named: string) => (named === schemaId ? setUp : undefined) };
    return new ExiStreamReader({ setUp, maxElementBytes: limits.maxElementBytes, maxDepth: limits.maxDepth, header });
  }

  #listen(): void {
    const socket = this.#socket;
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('error', (error) => this.#queue.fail(new PeerError('connection-lost', error.message, { cause: error })));
    socket.on('close', () => this.#queue.fail(new PeerError('connection-lost', 'the connection was closed')));
  }

  #receive(chunk: Uint8Array): void {
    try {
      this.#reader.push(chunk);
      if (this.#isHeld && this.#reader.pendingBytes > MAX_HELD_BYTES) {
        throw new PeerError('connection-lost', 'the server sends on a compressed stream before it was opened');
      }
      while (!this.#isHeld) {
        const event = this.#reader.next();
        if (!event) break;
        const item =
          event.kind === 'frame' ? ({ kind: 'element', element: this.#elementOf(event.frame) } as const) : event;
        this.#isHeld = item.kind === 'element' && item.element.is('compressed', STREAM_COMPRESSION);
        this.#queue.push(item);
      }
    } catch (error) {
      this.#queue.fail(error as Error);
      this.#socket.destroy();
    }
  }

  #elementOf(frame: Frame): Element {
    return frame.head.namespace === this.#options.namespace ? frame.elementIn(NS.client) : frame.element;
  }

  /** What is sent within one turn of the event loop leaves in one write. */
  #write(part: string | Uint8Array): void {
    if (this.#unsent.push(part) > 1) return;
    queueMicrotask(() => {
      const socket = this.#socket;
      const parts = this.#unsent;
      this.#unsent = [];
      const isText = parts.every((each) => typeof each === 'string');
      socket.write(isText ? parts.join('') : Buffer.concat(parts.map((each) => Buffer.from(each as string))));
      if (socket.writableLength > MAX_UNSENT_BYTES) socket.destroy(new Error('the server does not read'));
    });
  }
}
