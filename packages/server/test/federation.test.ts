import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NS } from '@thingward/xmpp';
import { afterEach, describe, expect, it } from 'vitest';
import { TestAuthority } from './certificates.ts';
import { Actor, Stage } from './conversation.ts';

const CAPULET = 'capulet.example';
const MONTAGUE = 'montague.example';
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

type Input = NonNullable<Parameters<typeof Stage.open>[0]>;
type S2s = NonNullable<Input['s2s']>;

const doors = { c2s: '127.0.0.1:0', c2sTls: '127.0.0.1:0', s2s: '127.0.0.1:0' };

async function house(domain: string, s2s: S2s, more: Input = {}): Promise<Stage> {
  const stage = await Stage.open({ domain, listen: doors, s2s: { tls: 'optional', ...s2s }, ...more });
  closers.push(() => stage.close());
  return stage;
}

const doorOf = (stage: Stage, door: 's2s' | 's2sTls' = 's2s'): number => {
  const address = stage.server.federation?.address(door);
  if (!address) throw new Error('the door is closed');
  return address.port;
};

/** A port that is kept free for a server that comes later. */
async function reservedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Two servers that find each other. */
async function verona(s2s: S2s = {}, inputs: { capulet?: Input; montague?: Input } = {}) {
  const port = await reservedPort();
  const capulet = await house(CAPULET, { ...s2s, hosts: { [MONTAGUE]: `127.0.0.1:${port}` } }, inputs.capulet);
  const montague = await house(
    MONTAGUE,
    { ...s2s, hosts: { [CAPULET]: `127.0.0.1:${doorOf(capulet)}` } },
    { listen: { ...doors, s2s: `127.0.0.1:${port}` }, ...inputs.montague },
  );
  return { capulet, montague };
}

describe('two servers', () => {
  it('exchange messages, requests and presence, both proving themselves by dialback', async () => {
    const { capulet, montague } = await verona();
    const juliet = await capulet.present('juliet');
    const romeo = await montague.present('romeo');
    romeo.sends(`<message to='juliet@${CAPULET}' type='chat' id='1'><body>O!</body></message>`);
    await juliet.receives(
      `<message from='romeo@${MONTAGUE}/r' to='juliet@${CAPULET}' id='1'><body>O!</body></message>`,
    );
    juliet.sends(`<message to='romeo@${MONTAGUE}/r' type='chat' id='2'><body>Ay me!</body></message>`);
    await romeo.receives(`<message from='juliet@${CAPULET}/r' id='2'><body>Ay me!</body></message>`);
    romeo.sends(`<iq type='get' id='3' to='${CAPULET}'><ping xmlns='urn:xmpp:ping'/></iq>`);
    await romeo.receives(`<iq type='result' id='3' from='${CAPULET}'/>`);
    juliet.sends(`<iq type='get' id='4' to='nobody@${MONTAGUE}/x'><ping xmlns='urn:xmpp:ping'/></iq>`);
    await juliet.receives(
      `<iq type='error' id='4' from='nobody@${MONTAGUE}/x'><error type='cancel'><service-unavailable xmlns='${NS.stanzaErrors}'/></error></iq>`,
    );
    romeo.sends(`<presence type='subscribe' to='juliet@${CAPULET}'/>`);
    await juliet.receives(`<presence type='subscribe' from='romeo@${MONTAGUE}'/>`);
    juliet.sends(`<presence type='subscribed' to='romeo@${MONTAGUE}'/>`);
    await romeo.receives(`<presence type='subscribed' from='juliet@${CAPULET}'/>`);
    await romeo.receives(`<presence from='juliet@${CAPULET}/r'/>`);
    juliet.sends(`<presence type='unavailable'/>`);
    await romeo.receives(`<presence type='unavailable' from='juliet@${CAPULET}/r'/>`);
  });

  it('use one stream for both directions (XEP-0288)', async () => {
    const { capulet, montague } = await verona();
    const juliet = await capulet.present('juliet');
    const romeo = await montague.present('romeo');
    romeo.sends(`<message to='juliet@${CAPULET}/r' id='1'/>`);
    await juliet.receives(`<message id='1'/>`);
    juliet.sends(`<message to='romeo@${MONTAGUE}/r' id='2'/>`);
    await romeo.receives(`<message id='2'/>`);
    // Dialback had capulet open a stream of its own, to verify the key; what it sends goes over the first one.
    const streams = [capulet, montague].map(({ server }) => server.federation?.statistics);
    expect(streams[1]).toMatchObject({ outgoingStreams: 1 });
    expect(streams.map((statistics) => statistics?.queuedStanzas)).toEqual([0, 0]);
  });

  it('prove themselves by certificates where that is asked for (XEP-0178)', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'thingward-ca-'));
    closers.push(() => rmSync(directory, { recursive: true }));
    const authority = await TestAuthority.create(directory);
    const { capulet, montague } = await verona(
      { tls: 'required', authentication: 'certificate', trust: { ca: authority.file } },
      { capulet: { tls: await authority.issue(CAPULET) }, montague: { tls: await authority.issue(MONTAGUE) } },
    );
    const juliet = await capulet.present('juliet');
    const romeo = await montague.present('romeo');
    romeo.sends(`<message to='juliet@${CAPULET}/r' id='1'/>`);
    await juliet.receives(`<message id='1' from='romeo@${MONTAGUE}/r'/>`);
    juliet.sends(`<message to='romeo@${MONTAGUE}/r' id='2'/>`);
    await romeo.receives(`<message id='2' from='juliet@${CAPULET}/r'/>`);
    const count = (stage: Stage) => stage.server.federation?.statistics;
    expect(count(montague)).toMatchObject({ outgoingStreams: 1, incomingStreams: 0 });
    expect(count(capulet)).toMatchObject({ outgoingStreams: 0, incomingStreams: 1 });
  });

  it('have nothing to do with each other when a certificate that is asked for is of another domain', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'thingward-ca-'));
    closers.push(() => rmSync(directory, { recursive: true }));
    const authority = await TestAuthority.create(directory);
    const { montague } = await verona(
      { tls: 'required', authentication: 'certificate', trust: { ca: authority.file } },
      { capulet: { tls: await authority.issue('tybalt.example') }, montague: { tls: await authority.issue(MONTAGUE) } },
    );
    const romeo = await montague.present('romeo');
    romeo.sends(`<message to='juliet@${CAPULET}/r' id='1'/>`);
    await romeo.receives(
      `<message type='error' id='1'><error><remote-server-timeout xmlns='${NS.stanzaErrors}'/></error></message>`,
    );
  });

  it('go on after one of them was away', async () => {
    const { capulet, montague } = await verona();
    const romeo = await montague.present('romeo');
    const [first, port] = [await capulet.present('juliet'), doorOf(capulet)];
    romeo.sends(`<message to='juliet@${CAPULET}/r' id='1'/>`);
    await first.receives(`<message id='1'/>`);
    await capulet.server.stop();
    romeo.sends(`<message to='juliet@${CAPULET}/r' id='2'/>`);
    await romeo.receives(`<message type='error' id='2'/>`);
    capulet.listen({ ...doors, s2s: `127.0.0.1:${port}` });
    await capulet.start();
    const juliet = await capulet.present('juliet');
    juliet.sends(`<message to='romeo@${MONTAGUE}/r' id='3'/>`);
    await romeo.receives(`<message id='3'/>`);
    romeo.sends(`<message to='juliet@${CAPULET}/r' id='4'/>`);
    await juliet.receives(`<message id='4'/>`);
  });
});

describe('a server that can not be reached', () => {
  it('is told of as RFC 6120 §8.3.3.16 says', async () => {
    const dns = {
      srv: () => Promise.reject(Object.assign(new Error('no'), { code: 'ENOTFOUND' })),
      ipv4: () => Promise.reject(Object.assign(new Error('no'), { code: 'ENOTFOUND' })),
      ipv6: () => Promise.reject(Object.assign(new Error('no'), { code: 'ENOTFOUND' })),
      system: () => Promise.reject(Object.assign(new Error('no'), { code: 'ENOTFOUND' })),
    };
    const stage = await Stage.open({ domain: CAPULET, listen: doors }, { dns });
    closers.push(() => stage.close());
    const juliet = await stage.present('juliet');
    juliet.sends(`<iq type='get' to='mars.example' id='1'><ping xmlns='urn:xmpp:ping'/></iq>`);
    await juliet.receives(
      `<iq type='error' from='mars.example' id='1'><error type='cancel'><remote-server-not-found xmlns='${NS.stanzaErrors}'/></error></iq>`,
    );
  });

  it('is not spoken to when it is not allowed', async () => {
    const stage = await house(CAPULET, { deny: ['*.mars.example'] });
    const juliet = await stage.present('juliet');
    juliet.sends(`<message to='x@a.mars.example' id='1'/>`);
    await juliet.receives(
      `<message type='error' id='1'><error><not-allowed xmlns='${NS.stanzaErrors}'/></error></message>`,
    );
  });
});

const header = (from: string, to: string) =>
  `<stream:stream xmlns='jabber:server' xmlns:stream='${NS.stream}' xmlns:db='jabber:server:dialback' from='${from}' to='${to}' version='1.0'>`;

/** A server the test plays, which others may connect to as well. */
class PlayedServer {
  readonly port: number;
  readonly #server: Server;
  readonly #connections: Socket[] = [];

  private constructor(server: Server, onConnection: (actor: Actor) => void) {
    this.#server = server;
    this.port = (server.address() as { port: number }).port;
    server.on('connection', (socket: Socket) => {
      this.#connections.push(socket);
      onConnection(new Actor(socket, CAPULET));
    });
  }

  static async open(onConnection: (actor: Actor) => void): Promise<PlayedServer> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const played = new PlayedServer(server, onConnection);
    closers.push(() => played.close());
    return played;
  }

  close(): void {
    for (const socket of this.#connections) socket.destroy();
    this.#server.close();
  }
}

/** Plays montague's authoritative server: answers every verification with `verdict`. */
async function authoritative(verdict: 'valid' | 'invalid'): Promise<PlayedServer> {
  return PlayedServer.open((actor) => {
    void (async () => {
      await actor.header();
      actor.sends(`${header(MONTAGUE, CAPULET).replace(' version', " id='a1' version")}`);
      actor.sends(
        `<stream:features><dialback xmlns='urn:xmpp:features:dialback'><errors/></dialback></stream:features>`,
      );
      for (;;) {
        const request = await actor.next();
        if (request.name !== 'verify') continue;
        actor.sends(
          `<db:verify xmlns:db='jabber:server:dialback' from='${MONTAGUE}' to='${CAPULET}' id='${request.attribute('id')}' type='${verdict}'/>`,
        );
      }
    })().catch(() => undefined);
  });
}

async function knock(stage: Stage): Promise<Actor> {
  const { connect } = await import('node:net');
  const socket = connect(doorOf(stage), '127.0.0.1');
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  const actor = new Actor(socket, CAPULET);
  closers.push(() => actor.leaves());
  return actor;
}

/** Montague, played by the test, with a stream to capulet on which it has proved itself. */
async function accepted(): Promise<{ montague: Actor; juliet: Actor }> {
  const server = await authoritative('valid');
  const capulet = await house(CAPULET, { hosts: { [MONTAGUE]: `127.0.0.1:${server.port}` } });
  const juliet = await capulet.present('juliet');
  const montague = await knock(capulet);
  await montague.opens(header(MONTAGUE, CAPULET));
  montague.sends(`<db:result from='${MONTAGUE}' to='${CAPULET}'>a-key</db:result>`);
  await montague.receives(`<result xmlns='jabber:server:dialback' from='${CAPULET}' to='${MONTAGUE}' type='valid'/>`);
  return { montague, juliet };
}

describe('a stream from another server', () => {
  it('is answered with features, STARTTLS among them', async () => {
    const capulet = await house(CAPULET, {});
    const montague = await knock(capulet);
    const features = await montague.opens(header(MONTAGUE, CAPULET));
    const names = features.elements.map(({ name, namespace }) => `${name} ${namespace}`).sort();
    expect(names).toEqual(['bidi urn:xmpp:features:bidi', 'dialback urn:xmpp:features:dialback', `starttls ${NS.tls}`]);
    await montague.sends(`<starttls xmlns='${NS.tls}'/>`);
    await montague.receives(`<proceed xmlns='${NS.tls}'/>`);
    await montague.startsTls();
    const secured = await montague.opens(header(MONTAGUE, CAPULET));
    expect(secured.child('starttls', NS.tls)).toBeUndefined();
    // Nobody signed the certificate it did not show.
    expect(secured.child('mechanisms', NS.sasl)).toBeUndefined();
  });

  it('offers dialback only inside TLS where that is required', async () => {
    const capulet = await house(CAPULET, { tls: 'required' });
    const montague = await knock(capulet);
    const features = await montague.opens(header(MONTAGUE, CAPULET));
    expect(features.child('starttls', NS.tls)?.child('required')).toBeDefined();
    montague.sends(`<db:result from='${MONTAGUE}' to='${CAPULET}'>key</db:result>`);
    await montague.receives(
      `<result xmlns='jabber:server:dialback' type='error'><error xmlns='jabber:server'><policy-violation xmlns='${NS.stanzaErrors}'/></error></result>`,
    );
  });

  it('carries stanzas once its key was verified, as the sender it was verified for', async () => {
    const { montague, juliet } = await accepted();
    montague.sends(`<message from='romeo@${MONTAGUE}/x' to='juliet@${CAPULET}' id='1'><body>O!</body></message>`);
    await juliet.receives(`<message from='romeo@${MONTAGUE}/x' id='1'><body>O!</body></message>`);
  });

  it.each([
    ['of another domain', `from='claudius@denmark.example' to='juliet@${CAPULET}'`, 'invalid-from'],
    ['of a domain below the one it has proved', `from='x@sub.${MONTAGUE}' to='juliet@${CAPULET}'`, 'invalid-from'],
    ['of a domain that ends like it', `from='x@not${MONTAGUE}' to='juliet@${CAPULET}'`, 'invalid-from'],
    ['of one of our services', `from='pubsub.${CAPULET}' to='juliet@${CAPULET}'`, 'invalid-from'],
    ['of our own domain', `from='romeo@${CAPULET}' to='juliet@${CAPULET}'`, 'invalid-from'],
    ['without from', `to='juliet@${CAPULET}'`, 'improper-addressing'],
    ['without to', `from='romeo@${MONTAGUE}'`, 'improper-addressing'],
    ['for a domain that is not served here', `from='romeo@${MONTAGUE}' to='x@denmark.example'`, 'host-unknown'],
  ])('ends when a stanza comes %s', async (_what, addresses, condition) => {
    const { montague, juliet } = await accepted();
    montague.sends(`<message ${addresses} id='1'><body>!</body></message>`);
    await montague.isThrownOut(condition);
    await juliet.doesNotReceive(`<message id='1'/>`);
  });

  it('ends when a stanza comes before it is authenticated', async () => {
    const capulet = await house(CAPULET, {});
    const montague = await knock(capulet);
    await montague.opens(header(MONTAGUE, CAPULET));
    montague.sends(`<message from='romeo@${MONTAGUE}' to='juliet@${CAPULET}'/>`);
    await montague.isThrownOut('not-authorized');
  });

  it('is refused when the key is not valid', async () => {
    const server = await authoritative('invalid');
    const capulet = await house(CAPULET, { hosts: { [MONTAGUE]: `127.0.0.1:${server.port}` } });
    const mallory = await knock(capulet);
    await mallory.opens(header(MONTAGUE, CAPULET));
    mallory.sends(`<db:result from='${MONTAGUE}' to='${CAPULET}'>forged</db:result>`);
    await mallory.receives(`<result xmlns='jabber:server:dialback' type='invalid'/>`);
    await mallory.isClosed();
  });

  it.each([
    ['for a domain that is not served here', header(MONTAGUE, 'denmark.example'), 'host-unknown'],
    ['as one of our domains', header(CAPULET, CAPULET), 'invalid-from'],
    ['to nobody', header(MONTAGUE, CAPULET).replace(` to='${CAPULET}'`, ''), 'improper-addressing'],
    ['of a client', header(MONTAGUE, CAPULET).replace('jabber:server', 'jabber:client'), 'invalid-namespace'],
    ['of an unknown version', header(MONTAGUE, CAPULET).replace("'1.0'", "'2.0'"), 'unsupported-version'],
  ])('ends when it is opened %s', async (_what, opening, condition) => {
    const capulet = await house(CAPULET, {});
    const montague = await knock(capulet);
    montague.sends(opening);
    await montague.header();
    await montague.isThrownOut(condition);
  });

  it('says of a key whether it is ours', async () => {
    const capulet = await house(CAPULET, {});
    const montague = await knock(capulet);
    await montague.opens(header(MONTAGUE, CAPULET));
    montague.sends(`<db:verify from='${MONTAGUE}' to='${CAPULET}' id='s1'>guess</db:verify>`);
    await montague.receives(
      `<verify xmlns='jabber:server:dialback' from='${CAPULET}' to='${MONTAGUE}' id='s1' type='invalid'/>`,
    );
  });
});

describe('direct TLS between servers (XEP-0368)', () => {
  it('is taken, and used where the configuration or DNS says so', async () => {
    const port = await reservedPort();
    const capulet = await house(
      CAPULET,
      { tls: 'required', hosts: { [MONTAGUE]: `127.0.0.1:${port}` } },
      { listen: { c2s: '127.0.0.1:0', c2sTls: '127.0.0.1:0', s2sTls: '127.0.0.1:0' } },
    );
    const montague = await house(
      MONTAGUE,
      { tls: 'required', hosts: { [CAPULET]: `tls://127.0.0.1:${doorOf(capulet, 's2sTls')}` } },
      { listen: { ...doors, s2s: `127.0.0.1:${port}` } },
    );
    const juliet = await capulet.present('juliet');
    const romeo = await montague.present('romeo');
    romeo.sends(`<message to='juliet@${CAPULET}/r' id='1'/>`);
    await juliet.receives(`<message id='1' from='romeo@${MONTAGUE}/r'/>`);
  });
});
