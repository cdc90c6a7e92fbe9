import { Element, xml } from '@thingward/xml';
import {
  type Account,
  enableRequest,
  Jid,
  type KeptToken,
  MemoryTokenKeeper,
  type NegotiatedStream,
  NS,
  negotiate,
  resumeRequest,
  STREAM_MANAGEMENT,
  type StreamItem,
  type XmlStream,
  XmppClient,
} from '@thingward/xmpp';
import { tcpConnector } from '@thingward/xmpp/node';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { USER_AGENT } from './authentication.ts';
import { Stage } from './conversation.ts';
import { Relay } from './relay.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open();
});
afterAll(() => stage.close());
afterEach(() => vi.useRealTimers());

const ROMEO = Jid.parse('romeo@localhost');
const BASE = { jid: ROMEO, password: 'romeo' };

/** A token the server has never given. */
const forged = (mechanism = 'HT-SHA-256-EXPR', validMs = 1000_000): KeptToken => ({
  token: 'forged',
  expiresAt: new Date(Date.now() + validMs),
  mechanism,
  count: 7,
});

/** An account that keeps its token, or one it was never given. */
function account(token?: KeptToken) {
  const tokens = new MemoryTokenKeeper();
  tokens.save(ROMEO, token);
  return { ...BASE, userAgent: { id: USER_AGENT }, tokens };
}

/** A stream that counts how often it had to wait for the server after it had said something. */
class CountedStream implements XmlStream {
  readonly #stream: XmlStream;
  roundTrips = 0;
  /** Names of the elements that were sent. */
  readonly sent: string[] = [];
  #hasSpoken = false;

  constructor(stream: XmlStream) {
    this.#stream = stream;
  }

  get isEncrypted() {
    return this.#stream.isEncrypted;
  }

  get channelBindings() {
    return this.#stream.channelBindings;
  }

  get certified() {
    return this.#stream.certified;
  }

  get startTls() {
    return this.#stream.startTls;
  }

  open(to: string, from?: string): void {
    this.#hasSpoken = true;
    this.sent.push('stream');
    this.#stream.open(to, from);
  }

  send(element: Element): void {
    this.#hasSpoken = true;
    this.sent.push(element.name);
    this.#stream.send(element);
  }

  read(): Promise<StreamItem> {
    if (this.#hasSpoken) this.roundTrips++;
    this.#hasSpoken = false;
    return this.#stream.read();
  }

  close(): Promise<void> {
    return this.#stream.close();
  }

  destroy(): void {
    this.#stream.destroy();
  }
}

/** Signs in once. @returns what it took, after TLS was there */
async function signsIn(account: Account, change: (stream: XmlStream) => XmlStream = (stream) => stream) {
  const relay = new Relay(() => stage.server.address(1)?.port ?? 0);
  const connect = tcpConnector({
    domain: 'localhost',
    host: '127.0.0.1',
    port: await relay.listen(),
    tls: 'direct',
    trust: { fingerprint: stage.server.tls.fingerprint },
  });
  const stream = new CountedStream(await connect(AbortSignal.timeout(5000)));
  const before = relay.bytes;
  const outcome = await negotiate(change(stream), account);
  const bytes = relay.bytes - before;
  const { roundTrips, sent } = stream;
  return { outcome, roundTrips, bytes, sent, leaves: () => relay.close() };
}

/** A stream whose features are changed on their way. */
function tampered(stream: XmlStream, change: (features: readonly Element[]) => readonly Element[]): XmlStream {
  const read = async (): Promise<StreamItem> => {
    const item = await stream.read();
    if (item.kind !== 'element' || item.element.name !== 'features') return item;
    const { name, namespace, attributes, elements } = item.element;
    return { kind: 'element', element: new Element(name, namespace, attributes, change(elements)) };
  };
  return new Proxy(stream, {
    get: (target, name) => {
      if (name === 'read') return read;
      const value = Reflect.get(target, name, target) as unknown;
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/** A server that knows nothing of XEP-0388, as far as the client can see. */
const withoutSasl2 = (stream: XmlStream): XmlStream =>
  tampered(stream, (features) => features.filter(({ name }) => name !== 'authentication'));

/** One that offers nothing but PLAIN. */
const withPlainAlone = (stream: XmlStream): XmlStream =>
  tampered(stream, () => [xml('mechanisms', { xmlns: NS.sasl }, xml('mechanism', {}, 'PLAIN'))]);

const managementOf = ({ answers }: NegotiatedStream) =>
  answers.find((answer) => answer.is('enabled', STREAM_MANAGEMENT))?.attribute('id') ?? '';

describe('how much it takes to sign in, after TLS', () => {
  it('SASL and resource binding of RFC 6120: five round trips', async () => {
    const { roundTrips, outcome, leaves, sent } = await signsIn({ ...BASE, resource: 'classic' }, withoutSasl2);
    expect(sent).toEqual(['stream', 'auth', 'response', 'stream', 'iq']);
    expect(roundTrips).toBe(5);
    expect(outcome.jid.toString()).toBe('romeo@localhost/classic');
    leaves();
  });

  it('SASL2 with Bind 2: three', async () => {
    const { roundTrips, outcome, leaves, sent } = await signsIn({ ...BASE, tag: 'tag' });
    expect(sent).toEqual(['stream', 'authenticate', 'response']);
    expect(roundTrips).toBe(3);
    expect(outcome.jid.resource).toMatch(/^tag\//);
    leaves();
  });

  it('a token with Bind 2, or with the former session: one', async () => {
    const romeo = { ...account(), tag: 'tag', wishes: [enableRequest({ resume: true })] };
    const first = await signsIn(romeo);
    expect(first.roundTrips).toBe(3);
    expect(romeo.tokens.load()).toMatchObject({ mechanism: 'HT-SHA-256-EXPR', count: 0 });
    first.leaves();
    const second = await signsIn({ ...romeo, password: undefined });
    expect(second.sent).toEqual(['stream', 'authenticate']);
    expect(second.roundTrips).toBe(1);
    expect(romeo.tokens.load()?.count).toBe(1);
    second.leaves();
    const resume = { jid: second.outcome.jid, request: resumeRequest(managementOf(second.outcome), 0) };
    const third = await signsIn({ ...romeo, resume });
    expect(third.roundTrips).toBe(1);
    expect(third.outcome.resumed?.attribute('h')).toBe('0');
    expect(third.outcome.jid.equals(second.outcome.jid)).toBe(true);
    third.leaves();
    const gone = await signsIn({ ...romeo, resume: { ...resume, request: resumeRequest('unknown', 0) } });
    expect(gone.roundTrips).toBe(1);
    expect(gone.outcome.failed?.name).toBe('failed');
    expect(managementOf(gone.outcome)).not.toBe('');
    gone.leaves();
  });

  it('each takes fewer bytes than the one before', async () => {
    const romeo = account();
    const bytes: number[] = [];
    for (const sign of [
      () => signsIn({ ...BASE, resource: 'classic' }, withoutSasl2),
      () => signsIn(BASE),
      () =>
        signsIn(romeo)
          .then(({ leaves }) => leaves())
          .then(() => signsIn(romeo)),
    ]) {
      const { bytes: taken, leaves } = await sign();
      bytes.push(taken);
      leaves();
    }
    expect(bytes).toEqual([...bytes].sort((a, b) => b - a));
  });
});

describe('a client with a token (XEP-0484 §4.1)', () => {
  it('falls back to the password on the same stream, and gets another token', async () => {
    const romeo = account(forged());
    const { sent, outcome, leaves } = await signsIn(romeo);
    expect(sent).toEqual(['stream', 'authenticate', 'authenticate', 'response']);
    expect(outcome.jid.isFull).toBe(true);
    expect(romeo.tokens.load()).toMatchObject({ count: 0, token: expect.not.stringContaining('forged') });
    leaves();
  });

  it('without a password it fails, and the token is forgotten', async () => {
    const romeo = { ...account(forged()), password: undefined };
    await expect(signsIn(romeo)).rejects.toMatchObject({ condition: 'not-authorized' });
    expect(romeo.tokens.load()).toBeUndefined();
  });

  it('does not show one that is too old, or one that is for another kind of connection', async () => {
    for (const token of [forged('HT-SHA-256-EXPR', -1), forged('HT-SHA-256-UNIQ')]) {
      const { sent, leaves } = await signsIn(account(token));
      expect(sent).toEqual(['stream', 'authenticate', 'response']);
      leaves();
    }
  });

  it('forgets it where the server offers none any more, and shows the password', async () => {
    const romeo = account(forged());
    const { sent, leaves } = await signsIn(romeo, withoutSasl2);
    expect(sent.slice(0, 4)).toEqual(['stream', 'authenticate', 'auth', 'response']);
    expect(romeo.tokens.load()).toBeUndefined();
    leaves();
  });

  it('keeps up its connection with it', async () => {
    const tokens = new MemoryTokenKeeper();
    const mechanisms: string[] = [];
    const note = (details: object) => mechanisms.push((details as { mechanism?: string }).mechanism ?? '');
    const silent = () => undefined;
    const own = await Stage.open({}, { log: { debug: note, info: silent, warn: note, error: silent } });
    const client = new XmppClient({
      ...BASE,
      tag: 'gateway',
      userAgent: { id: USER_AGENT, software: 'Thingward' },
      tokens,
      connect: tcpConnector({
        domain: 'localhost',
        host: '127.0.0.1',
        port: own.server.address(0)?.port ?? 0,
        tls: 'starttls',
        trust: { fingerprint: own.server.tls.fingerprint },
      }),
    });
    client.start();
    await client.ready();
    const { jid } = client;
    await client.stop();
    client.start();
    await client.ready();
    expect(client.jid.toString()).toBe(jid.toString());
    expect(mechanisms.filter(Boolean)).toEqual(['SCRAM-SHA-256-PLUS', 'HT-SHA-256-EXPR']);
    await client.stop();
    await own.close();
  });
});

describe('a client that is watched by somebody in between', () => {
  it('does not show the password where it needed not before (XEP-0474 §6)', async () => {
    const connect = tcpConnector({
      domain: 'localhost',
      host: '127.0.0.1',
      port: stage.server.address(1)?.port ?? 0,
      tls: 'direct',
      trust: { fingerprint: stage.server.tls.fingerprint },
    });
    let isWatched = false;
    const client = new XmppClient({
      ...BASE,
      connect: async (signal) => (isWatched ? withPlainAlone(await connect(signal)) : connect(signal)),
    });
    client.start();
    await client.ready();
    await client.stop();
    isWatched = true;
    client.start();
    await expect(client.ready()).rejects.toMatchObject({ condition: 'mechanism-too-weak' });
    expect(client.state).toBe('failed');
    await client.stop();
  });

  it('finds out that mechanisms or ways of binding were taken away (XEP-0474 §5.2)', async () => {
    const without = (text: string) => (stream: XmlStream) =>
      tampered(stream, (features) => features.map((feature) => reduced(feature, text)));
    for (const text of ['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-1', 'PLAIN', 'tls-exporter']) {
      await expect(signsIn(BASE, without(text))).rejects.toMatchObject({ condition: 'aborted' });
    }
  });
});

/** The element without descendants that hold or name the text. */
function reduced(element: Element, text: string): Element {
  const { name, namespace, attributes, children } = element;
  const kept = children
    .filter((child) => typeof child === 'string' || (child.text !== text && child.attribute('type') !== text))
    .map((child) => (typeof child === 'string' ? child : reduced(child, text)));
  return new Element(name, namespace, attributes, kept);
}
