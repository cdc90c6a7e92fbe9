import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { type Element, type StreamEvent, StreamReader, XmlError } from '@thingward/xml';
import { clientMechanism, decodeBase64, decodeChannelBindings, encodeBase64, Jid, NS } from '@thingward/xmpp';
import { type Captures, match } from './pattern.ts';

/** The server that is tested. */
export interface Target {
  readonly host: string;
  readonly port: number;
  readonly domain: string;
  readonly tls: 'direct' | 'starttls' | 'none';
  /** How long something that should come is waited for. */
  readonly patienceMs: number;
  /** How long something that should not come is given to come, after all have had an answer to a ping. */
  readonly settleMs: number;
}

export interface Account {
  readonly jid: Jid;
  readonly password: string;
}

/** What came over a stream; `broken` when it is no XML stream any more, `end` when the connection is closed. */
type Happening =
  | { readonly kind: 'header'; readonly element: Element }
  | { readonly kind: 'element'; readonly element: Element }
  | { readonly kind: 'close' }
  | { readonly kind: 'broken'; readonly error: XmlError }
  | { readonly kind: 'end' };

/** Something did not happen as the script says. */
export class Deviation extends Error {
  override readonly name = 'Deviation';
}

/** One client at a server: says what it is told to, remembers what it hears. */
export class Actor {
  readonly #target: Target;
  readonly account: Account;
  readonly #heard: Happening[] = [];
  #socket: Socket | undefined;
  #reader = new StreamReader();
  #isSecured = false;
  #isBound = false;
  #wake: () => void = () => {};
  #probes = 0;
  jid: Jid;

  constructor(target: Target, account: Account) {
    this.#target = target;
    this.account = account;
    this.jid = account.jid;
  }

  get isBound(): boolean {
    return this.#isBound;
  }

  get isSecured(): boolean {
    return this.#isSecured;
  }

  /** A new connection, with nothing said yet. */
  async connect(): Promise<void> {
    this.cut();
    this.#heard.length = 0;
    const { host, port, domain, tls } = this.#target;
    this.#isSecured = tls === 'direct';
    const socket = this.#isSecured
      ? connectTls({ host, port, servername: domain, rejectUnauthorized: false, ALPNProtocols: ['xmpp-client'] })
      : connectTcp({ host, port });
    await settled(socket, this.#isSecured ? 'secureConnect' : 'connect');
    this.#listen(socket);
  }

  /** A connection that is as safe as it gets here, with no stream open on it. */
  async secure(): Promise<void> {
    await this.connect();
    if (this.#target.tls !== 'starttls') return;
    await this.open();
    this.say(`<starttls xmlns='${NS.tls}'/>`);
    await this.hear((element) => element.is('proceed', NS.tls) || undefined, 'to be let into TLS');
    await this.startTls();
  }

  async startTls(): Promise<void> {
    const socket = this.#socket as Socket;
    socket.removeAllListeners();
    this.#socket = undefined;
    const { domain } = this.#target;
    const secured = connectTls({ socket, servername: domain, rejectUnauthorized: false });
    await settled(secured, 'secureConnect');
    this.#isSecured = true;
    this.#listen(secured);
  }

  /** @returns the features */
  async open(): Promise<Element> {
    this.say(this.header());
    await this.hearHeader(() => true);
    return this.hear((element) => (element.is('features', NS.stream) ? element : undefined), 'stream features');
  }

  header(): string {
    const { domain } = this.#target;
    return `<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='${NS.stream}' to='${domain}' version='1.0'>`;
  }

  /** An authenticated connection with no stream open on it. */
  async authenticate(): Promise<void> {
    await this.secure();
    const features = await this.open();
    const offered = features.child('mechanisms', NS.sasl)?.childrenNamed('mechanism') ?? [];
    const mechanism = clientMechanism(
      {
        profile: 'sasl',
        mechanisms: offered.map(({ text }) => text),
        bindingTypes: decodeChannelBindings(features),
      },
      this.account,
      { isEncrypted: this.#isSecured },
    );
    const start = encodeBase64(await mechanism.start());
    this.say(`<auth xmlns='${NS.sasl}' mechanism='${mechanism.name}'>${start}</auth>`);
    for (;;) {
      const answer = await this.hear((element) => (element.namespace === NS.sasl ? element : undefined), 'SASL');
      if (answer.name === 'success') return mechanism.finish(answer.text ? decoded(answer.text) : undefined);
      if (answer.name !== 'challenge') throw new Deviation(`could not authenticate: ${answer}`);
      const response = encodeBase64(await mechanism.respond(decoded(answer.text)));
      this.say(`<response xmlns='${NS.sasl}'>${response}</response>`);
    }
  }

  /** A bound session that has said nothing yet. */
  async signIn(resource: string): Promise<void> {
    await this.authenticate();
    await this.open();
    const bind = `<bind xmlns='${NS.bind}'><resource>${resource}</resource></bind>`;
    const answer = await this.ask(`<iq type='set' id='bind'>${bind}</iq>`, 'bind');
    const jid = Jid.tryParse(answer.child('bind', NS.bind)?.child('jid')?.text ?? '');
    if (!jid) throw new Deviation(`could not bind a resource: ${answer}`);
    this.jid = jid;
    this.#isBound = true;
  }

  /** A session that has asked for the roster and shown itself. */
  async becomePresent(resource: string, priority: number): Promise<void> {
    await this.signIn(resource);
    await this.ask(`<iq type='get' id='roster'><query xmlns='${NS.roster}'/></iq>`, 'roster');
    this.say(priority === 0 ? '<presence/>' : `<presence><priority>${priority}</priority></presence>`);
    const own = this.jid.toString();
    const isOwn = (element: Element) => (element.is('presence') && element.attribute('from') === own) || undefined;
    // What waited for it may come before.
    this.#heard.unshift(...(await this.#passing(isOwn, 'its own presence')).passed);
  }

  say(data: string | Uint8Array): void {
    if (!this.#socket) throw new Deviation('is not connected');
    this.#socket.write(data);
  }

  /** Sends a request. @returns the answer */
  ask(request: string, id: string): Promise<Element> {
    this.say(request);
    return this.hear(
      (element) => (element.is('iq') && element.attribute('id') === id ? element : undefined),
      `an answer to ${request}`,
    );
  }

  /**
   * Waits for an element that is wanted; what came before it is dropped.
   * @param wanted gives undefined for others
   */
  async hear<Value>(wanted: (element: Element) => Value | undefined, what: string): Promise<Value> {
    return (await this.#passing(wanted, what)).value;
  }

  /** @returns what was wanted, and what came before it */
  async #passing<Value>(wanted: (element: Element) => Value | undefined, what: string) {
    const passed: Happening[] = [];
    for (;;) {
      const happening = await this.#next(`${what}${passed.length > 0 ? `; heard ${passed.map(shown).join(' ')}` : ''}`);
      if (happening.kind === 'element') {
        const value = wanted(happening.element);
        if (value !== undefined) return { value, passed };
      } else if (happening.kind !== 'header') {
        throw new Deviation(`expected ${what}; heard ${[...passed, happening].map(shown).join(' ')}`);
      }
      passed.push(happening);
    }
  }

  /** Waits for one element like each pattern, in any order. */
  async hearAll(patterns: readonly Element[]): Promise<Captures> {
    const left = [...patterns];
    const captures = new Map<string, string>();
    while (left.length > 0) {
      const [at, found] = await this.hear(
        (element) => {
          for (const [index, pattern] of left.entries()) {
            const found = match(element, pattern);
            if (found) return [index, found] as const;
          }
          return undefined;
        },
        left.map((pattern) => pattern.toString(NS.client)).join(' and '),
      );
      left.splice(at, 1);
      for (const [name, value] of found) captures.set(name, value);
    }
    return captures;
  }

  async hearHeader(isWanted: (header: Element) => boolean): Promise<void> {
    const happening = await this.#next('a stream header');
    if (happening.kind === 'header' && isWanted(happening.element)) return;
    throw new Deviation(`expected another stream header; heard ${shown(happening)}`);
  }

  /** The stream ends, with one of these conditions where any are given. */
  async hearEnd(conditions: readonly string[]): Promise<void> {
    const what = `the end of the stream${conditions.length > 0 ? ` with ${conditions.join(' or ')}` : ''}`;
    let condition: string | undefined;
    for (;;) {
      const happening = await this.#next(condition ? `the end of the stream after ${condition}` : what);
      if (happening.kind === 'element' && happening.element.is('error', NS.stream)) {
        condition = happening.element.elements.find(({ namespace }) => namespace === NS.streamErrors)?.name ?? 'none';
      }
      if (happening.kind === 'broken') throw new Deviation(`expected ${what}; heard ${shown(happening)}`);
      if (happening.kind !== 'close' && happening.kind !== 'end') continue;
      if (conditions.length === 0 || conditions.includes(condition ?? '')) break;
      throw new Deviation(`expected ${what}; it ended with ${condition ?? 'no error'}`);
    }
    await this.#ended();
  }

  /** What has come and nobody has waited for. */
  get unheard(): readonly Element[] {
    return this.#heard.flatMap((happening) => (happening.kind === 'element' ? [happening.element] : []));
  }

  /** Forgets what has come and nobody has waited for. */
  async forget(): Promise<void> {
    await this.probe();
    this.#heard.length = 0;
  }

  /** Waits until all that the server did because of what this actor said before has been done, as far as it can be known from here. */
  async probe(): Promise<void> {
    if (!this.#isBound || !this.#socket) return;
    const id = `probe-${++this.#probes}`;
    const { domain } = this.#target;
    this.say(`<iq type='get' id='${id}' to='${domain}'><ping xmlns='urn:xmpp:ping'/></iq>`);
    const until = Date.now() + this.#target.patienceMs;
    for (;;) {
      const at = this.#heard.findIndex(
        (happening) => happening.kind === 'element' && happening.element.attribute('id') === id,
      );
      if (at !== -1) {
        this.#heard.splice(at, 1);
        return;
      }
      if (this.#heard.some(({ kind }) => kind === 'end')) return;
      if (!(await this.#change(until))) throw new Deviation('its ping was not answered');
    }
  }

  /** Says goodbye and waits for the answer. */
  async leave(): Promise<void> {
    this.say('</stream:stream>');
    await this.hearEnd([]);
  }

  /** Cuts the connection without a word. */
  cut(): void {
    this.#socket?.removeAllListeners();
    this.#socket?.on('error', () => undefined);
    this.#socket?.destroy();
    this.#socket = undefined;
    this.#isBound = false;
  }

  async #ended(): Promise<void> {
    const until = Date.now() + this.#target.patienceMs;
    this.#isBound = false;
    this.#socket?.end();
    while (!this.#heard.some(({ kind }) => kind === 'end')) {
      if (!(await this.#change(until))) throw new Deviation('the connection was not closed after the stream');
    }
    this.#socket = undefined;
  }

  #listen(socket: Socket): void {
    this.#socket = socket;
    this.#reader = new StreamReader({ maxElementBytes: 4_194_304, maxHeaderBytes: 65_536 });
    const add = (happening: Happening): void => {
      this.#heard.push(happening);
      this.#wake();
    };
    socket.on('data', (chunk: Uint8Array) => {
      if (this.#heard.at(-1)?.kind === 'broken') return;
      this.#reader.push(Uint8Array.from(chunk));
      try {
        for (let event = this.#reader.next(); event; event = this.#reader.next()) add(this.#taken(event));
      } catch (error) {
        if (!(error instanceof XmlError)) throw error;
        add({ kind: 'broken', error });
      }
    });
    socket.on('error', () => undefined);
    socket.on('close', () => add({ kind: 'end' }));
  }

  #taken(event: StreamEvent): Happening {
    if (event.kind === 'open') return { kind: 'header', element: event.header };
    if (event.kind === 'close') return { kind: 'close' };
    const { element } = event.frame;
    // What the server says next belongs to a new stream (RFC 6120 §6.4.6).
    if (element.is('success', NS.sasl)) this.#reader.restart();
    return { kind: 'element', element };
  }

  async #next(what: string): Promise<Happening> {
    const until = Date.now() + this.#target.patienceMs;
    while (this.#heard.length === 0) {
      if (!(await this.#change(until))) throw new Deviation(`expected ${what}; nothing more came`);
    }
    return this.#heard.shift() as Happening;
  }

  /** @returns whether something happened in time */
  #change(until: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), Math.max(0, until - Date.now()));
      this.#wake = () => {
        clearTimeout(timer);
        resolve(true);
      };
    });
  }
}

/** @throws Deviation for what is not base64 */
function decoded(text: string): Uint8Array {
  const bytes = decodeBase64(text);
  if (!bytes) throw new Deviation(`"${text}" is not base64`);
  return bytes;
}

function settled(socket: Socket, event: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.once(event, () => {
      socket.off('error', reject);
      resolve();
    });
  });
}

function shown(happening: Happening): string {
  switch (happening.kind) {
    case 'header':
    case 'element':
      return happening.element.toString(NS.client);
    case 'close':
      return '</stream:stream>';
    case 'broken':
      return `(${happening.error.message})`;
    case 'end':
      return '(the end of the connection)';
  }
}
