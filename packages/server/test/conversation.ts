import { mkdtempSync, rmSync } from 'node:fs';
import { connect as connectTcp, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConnectionOptions, connect as connectTls, TLSSocket } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { type Element, parseElement, type StreamEvent, StreamReader } from '@thingward/xml';
import {
  type ChannelBindings,
  COMPONENT,
  componentHandshake,
  encodeBase64,
  NS,
  type StreamInput,
} from '@thingward/xmpp';
import { type AgreedSetUp, ExiStreamReader, ExiStreamWriter } from '@thingward/xmpp/exi';
import { channelBindings } from '@thingward/xmpp/node';
import {
  type ServerConfig,
  type ServerConfigInput,
  type ServerOptions,
  serverConfigSchema,
  ThingwardServer,
} from '../src/index.ts';

const PATIENCE_MS = 2000;

const streamHeader = (domain: string): string =>
  `<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='${NS.stream}' to='${domain}' version='1.0'>`;

/** With THINGWARD_STAGE_WORKERS=N the same conversations are held with N worker processes; the packages must have been built. */
const workers = Number(process.env.THINGWARD_STAGE_WORKERS ?? 0);
const workerProgram = fileURLToPath(new URL('../dist/workers/worker-main.js', import.meta.url));

export const STREAM_HEADER = streamHeader('localhost');

/** A server with accounts romeo, juliet and mercutio (password: their name), for conversations as the RFCs print them. */
export class Stage {
  readonly directory: string;
  readonly domain: string;
  server!: ThingwardServer;
  #input: Partial<ServerConfigInput>;
  readonly #options: ServerOptions;
  readonly #actors: Actor[] = [];

  private constructor(input: Partial<ServerConfigInput>, options: ServerOptions) {
    this.#input = input;
    this.#options = options;
    this.domain = input.domain ?? 'localhost';
    this.directory = mkdtempSync(join(tmpdir(), 'thingward-stage-'));
  }

  static async open(input: Partial<ServerConfigInput> = {}, options: ServerOptions = {}): Promise<Stage> {
    const stage = new Stage(input, options);
    await stage.start();
    for (const name of ['romeo', 'juliet', 'mercutio']) await stage.server.accounts.add(name, name);
    return stage;
  }

  async start(): Promise<void> {
    this.server = await ThingwardServer.start(this.config(this.#input), { workerProgram, ...this.#options });
  }

  /** A configuration of its server. */
  config(input: Partial<ServerConfigInput>): ServerConfig {
    return serverConfigSchema.parse({
      domain: this.domain,
      dataDir: this.directory,
      listen: { c2s: '127.0.0.1:0', c2sTls: '127.0.0.1:0', http: '127.0.0.1:0' },
      auth: { allowPlaintext: true },
      workers,
      ...input,
    });
  }

  /** The doors it opens when it starts the next time. */
  listen(doors: NonNullable<ServerConfigInput['listen']>): void {
    this.#input = { ...this.#input, listen: doors };
  }

  /** A fresh TCP connection on which nothing was said yet. */
  connect(): Promise<Actor> {
    return this.connectTo(0);
  }

  /** The same to another door. @param index of it among those that are open */
  connectTo(index: number): Promise<Actor> {
    return this.#enter(connectTcp(this.server.address(index)?.port ?? 0, '127.0.0.1'), 'connect');
  }

  /** @param options such as the certificate to show */
  connectTls(options: ConnectionOptions = {}): Promise<Actor> {
    const port = this.server.address(1)?.port ?? 0;
    return this.#enter(
      connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false, ALPNProtocols: ['xmpp-client'], ...options }),
      'secureConnect',
    );
  }

  /** A bound session; by default it has neither asked for the roster nor sent presence. */
  async signIn(name: string, resource = 'r'): Promise<Actor> {
    const actor = await this.connectTls();
    await actor.authenticates(name, name);
    await actor.binds(resource);
    return actor;
  }

  /** A session that has asked for the roster, sent initial presence and got it back. @see RFC 6121 §2.2 */
  async present(name: string, resource = 'r', priority = 0): Promise<Actor> {
    const actor = await this.signIn(name, resource);
    await actor.roster();
    actor.sends(`<presence><priority>${priority}</priority></presence>`);
    await actor.receives(`<presence from='${name}@${this.domain}/${resource}'/>`);
    return actor;
  }

  /** A component that has shaken hands. @param index of its door among those that are open @see XEP-0114 §3 */
  async component(index: number, domain: string, secret: string): Promise<Actor> {
    const actor = await this.#enter(connectTcp(this.server.address(index)?.port ?? 0, '127.0.0.1'), 'connect');
    actor.sends(`<stream:stream xmlns='${COMPONENT}' xmlns:stream='${NS.stream}' to='${domain}'>`);
    const id = (await actor.header()).attribute('id') ?? '';
    actor.sends(`<handshake>${await componentHandshake(id, secret)}</handshake>`);
    await actor.receives(`<handshake xmlns='${COMPONENT}'/>`);
    return actor;
  }

  async close(): Promise<void> {
    for (const actor of this.#actors) actor.leaves();
    await this.server.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }

  #enter(socket: Socket, event: string): Promise<Actor> {
    return new Promise((resolve, reject) => {
      socket.once('error', reject);
      socket.once(event, () => {
        const actor = new Actor(socket, this.domain);
        this.#actors.push(actor);
        resolve(actor);
      });
    });
  }
}

/** One end of a conversation. */
export class Actor {
  #socket: Socket;
  #reader: StreamInput = new StreamReader();
  /** What codes what it sends; undefined while that is XML. */
  #exi: ExiStreamWriter | undefined;
  readonly #domain: string;
  readonly #events: StreamEvent[] = [];
  #wake: () => void = () => {};
  #ended = false;

  /** @param domain of the server at the other end */
  constructor(socket: Socket, domain: string) {
    this.#socket = socket;
    this.#domain = domain;
    this.#listen();
  }

  /** Sends text or bytes as they are; on an EXI stream a text is one element, and coded. */
  sends(data: string | Uint8Array): void {
    const isXml = typeof data === 'string' && this.#exi;
    this.#socket.write(isXml ? isXml.element(parseElement(data, { '': NS.client, stream: NS.stream })) : data);
  }

  /** From now on it speaks EXI. @param schemaId names the set-up in the header, on a port that speaks EXI from the first byte ('' names none) */
  compresses(setUp: AgreedSetUp, schemaId?: string): void {
    const rest = this.#reader.takePending();
    const header =
      schemaId === undefined ? undefined : { find: (named: string) => (named === schemaId ? setUp : undefined) };
    this.#reader = new ExiStreamReader({ setUp, maxElementBytes: 1_000_000, header, keepsBytes: true });
    this.#reader.push(rest);
    this.#exi = new ExiStreamWriter(setUp, header && { schemaId: schemaId || undefined });
  }

  /** Opens an EXI stream and takes the answering start. @returns the features */
  async opensExi(from?: string): Promise<Element> {
    if (!this.#exi) throw new Error('it does not speak EXI');
    this.sends(this.#exi.open({ to: this.#domain, from }));
    await this.header();
    return this.next();
  }

  /** Opens a stream and takes the answering header. @returns the features */
  async opens(header = streamHeader(this.#domain)): Promise<Element> {
    this.sends(header);
    await this.header();
    return this.next();
  }

  async header(): Promise<Element> {
    const event = await this.#event();
    if (event.kind !== 'open') throw new Error(`expected a stream header, got ${show(event)}`);
    return event.header;
  }

  /** The bytes of the next element, on an EXI stream. */
  async nextBytes(): Promise<Uint8Array | undefined> {
    const event = await this.#event();
    return event.kind === 'frame' ? event.frame.coded?.bytes : undefined;
  }

  /** The next element, whatever it is. */
  async next(): Promise<Element> {
    const event = await this.#event();
    if (event.kind !== 'frame') throw new Error(`expected an element, got ${show(event)}`);
    return event.frame.element;
  }

  /** Takes elements until one is like the text: the same names, attributes and text where the text has them; what it does not mention does not matter. */
  async receives(text: string): Promise<Element> {
    const wanted = parseElement(text, { '': NS.client, stream: NS.stream });
    const seen: string[] = [];
    for (;;) {
      const event = await this.#event(`${text}; so far: ${seen.join(' ') || 'nothing'}`);
      if (event.kind !== 'frame')
        throw new Error(`expected ${text}, got ${show(event)} after ${seen.join(' ') || 'nothing'}`);
      if (isLike(event.frame.element, wanted)) return event.frame.element;
      seen.push(event.frame.element.toString(NS.client));
    }
  }

  /** Nothing like the text arrives before the answer to a ping of its own does: order is kept, so it never will. */
  async doesNotReceive(text: string): Promise<void> {
    const wanted = parseElement(text, { '': NS.client });
    const id = `probe${Math.random().toString(36).slice(2)}`;
    this.sends(`<iq type='get' id='${id}' to='${this.#domain}'><ping xmlns='urn:xmpp:ping'/></iq>`);
    for (;;) {
      const element = await this.next();
      if (element.attribute('id') === id) return;
      if (isLike(element, wanted)) throw new Error(`unexpected: ${element.toString(NS.client)}`);
    }
  }

  /** The stream ends with this error. */
  async isThrownOut(condition: string): Promise<void> {
    const error = await this.receives(`<stream:error><${condition} xmlns='${NS.streamErrors}'/></stream:error>`);
    if (!error) throw new Error('no error');
    const event = await this.#event('the end of the stream');
    if (event.kind !== 'close') throw new Error(`expected the end of the stream, got ${show(event)}`);
  }

  /** The other side ends the stream. */
  async ends(): Promise<void> {
    const event = await this.#event('the end of the stream');
    if (event.kind !== 'close') throw new Error(`expected the end of the stream, got ${show(event)}`);
  }

  async authenticates(username: string, password: string): Promise<void> {
    await this.opens();
    this.sends(`<auth xmlns='${NS.sasl}' mechanism='PLAIN'>${encodeBase64(plainMessage(username, password))}</auth>`);
    await this.receives(`<success xmlns='${NS.sasl}'/>`);
    this.restarts();
  }

  /** Asks for the roster. @returns a line for each item: JID, subscription, and whether a request waits for an answer */
  async roster(): Promise<string[]> {
    this.sends(`<iq type='get' id='roster'><query xmlns='${NS.roster}'/></iq>`);
    const answer = await this.receives(`<iq type='result' id='roster'/>`);
    const items = answer.child('query', NS.roster)?.childrenNamed('item') ?? [];
    return items
      .map((item) => `${item.attribute('jid')} ${item.attribute('subscription')}${item.attribute('ask') ? ' ask' : ''}`)
      .sort();
  }

  /** A new stream on the same connection. */
  restarts(): void {
    this.#reader.restart();
  }

  async binds(resource: string): Promise<void> {
    await this.opens();
    this.sends(`<iq type='set' id='bind'><bind xmlns='${NS.bind}'><resource>${resource}</resource></bind></iq>`);
    await this.receives(`<iq type='result' id='bind'/>`);
  }

  /** Goes over to TLS. */
  startsTls(options: ConnectionOptions = {}): Promise<void> {
    this.#socket.removeAllListeners();
    const secured = connectTls({ socket: this.#socket, rejectUnauthorized: false, ...options });
    return new Promise((resolve, reject) => {
      secured.once('error', reject);
      secured.once('secureConnect', () => {
        this.#socket = secured;
        this.#reader = new StreamReader();
        this.#listen();
        resolve();
      });
    });
  }

  /** What an authentication can be tied to. */
  get channelBindings(): ChannelBindings {
    const socket = this.#socket;
    return socket instanceof TLSSocket ? channelBindings(socket, () => socket.getPeerCertificate().raw) : {};
  }

  /** The server's certificate, as this connection got it. */
  get certificate(): Uint8Array | undefined {
    return this.#socket instanceof TLSSocket ? this.#socket.getPeerX509Certificate()?.raw : undefined;
  }

  /** For resuming. */
  get tlsSession(): Buffer | undefined {
    return this.#socket instanceof TLSSocket ? this.#socket.getSession() : undefined;
  }

  get hasResumedTls(): boolean {
    return this.#socket instanceof TLSSocket && this.#socket.isSessionReused();
  }

  /** Cuts the connection. */
  leaves(): void {
    this.#socket.destroy();
  }

  /** Called for each piece of bytes that arrives. */
  onData(heard: () => void): void {
    this.#socket.on('data', heard);
  }

  pauses(): void {
    this.#socket.pause();
  }

  /** Waits until the other side has closed. */
  async isClosed(): Promise<void> {
    const until = Date.now() + PATIENCE_MS;
    while (!this.#ended) {
      if (Date.now() > until) throw new Error('the connection is still open');
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  #listen(): void {
    this.#socket.on('data', (chunk: Uint8Array) => {
      this.#reader.push(Uint8Array.from(chunk));
      this.#drain();
    });
    this.#socket.on('error', () => undefined);
    this.#socket.on('close', () => {
      this.#ended = true;
      this.#wake();
    });
  }

  #drain(): void {
    for (let event = this.#reader.next(); event; event = this.#reader.next()) {
      this.#events.push(event);
      // What follows a success belongs to a new stream, which only the one who reads it can say.
      if (event.kind === 'frame' && ['success', 'compressed'].includes(event.frame.head.name)) break;
    }
    this.#wake();
  }

  async #event(waitingFor = 'anything'): Promise<StreamEvent> {
    const until = Date.now() + PATIENCE_MS;
    for (;;) {
      this.#drainQuietly();
      const event = this.#events.shift();
      if (event) return event;
      const left = until - Date.now();
      if (left <= 0 || this.#ended)
        throw new Error(`${this.#ended ? 'the connection was closed' : 'nothing came'}; waiting for ${waitingFor}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  #drainQuietly(): void {
    if (this.#events.length > 0) return;
    const wake = this.#wake;
    this.#wake = () => {};
    this.#drain();
    this.#wake = wake;
  }
}

/** A request to add or change a contact, and the push that tells of one. @see RFC 6121 §2.1.5, §2.1.6 */
export const rosterSet = (id: string, item: string): string =>
  `<iq type='set' id='${id}'><query xmlns='${NS.roster}'>${item}</query></iq>`;
export const push = (item: string): string => `<iq type='set'><query xmlns='${NS.roster}'>${item}</query></iq>`;

/** Makes two that are present see each other. */
export async function befriend(romeo: Actor, juliet: Actor): Promise<void> {
  romeo.sends(`<presence type='subscribe' to='juliet@localhost'/>`);
  await juliet.receives(`<presence type='subscribe' from='romeo@localhost'/>`);
  juliet.sends(`<presence type='subscribed' to='romeo@localhost'/><presence type='subscribe' to='romeo@localhost'/>`);
  await romeo.receives(`<presence type='subscribe' from='juliet@localhost'/>`);
  romeo.sends(`<presence type='subscribed' to='juliet@localhost'/>`);
  await juliet.receives(push(`<item jid='romeo@localhost' subscription='both'/>`));
  await romeo.receives(push(`<item jid='juliet@localhost' subscription='both'/>`));
}

function isLike(actual: Element, wanted: Element): boolean {
  return (
    actual.is(wanted.name, wanted.namespace) &&
    Object.entries(wanted.attributes).every(([name, value]) => actual.attribute(name) === value) &&
    (wanted.text.trim() === '' || wanted.text === actual.text) &&
    wanted.elements.every((child) => actual.elements.some((other) => isLike(other, child)))
  );
}

/** @see RFC 4616 §2 */
function plainMessage(username: string, password: string): Uint8Array {
  return new TextEncoder().encode(`\0${username}\0${password}`);
}

function show(event: StreamEvent): string {
  return event.kind === 'frame' ? event.frame.element.toString(NS.client) : event.kind;
}
