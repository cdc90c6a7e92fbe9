import { SILENT_LOGGER } from '@thingward/xmpp';
import {
  browseMdns,
  type FoundServer,
  MdnsLink,
  type MdnsMessage,
  mdnsRecords,
  shownCertificate,
} from '@thingward/xmpp/finding';
import { afterEach, describe, expect, it } from 'vitest';
import { doorsAt } from '../src/announce/announcements.ts';
import { MdnsResponder } from '../src/announce/mdns-responder.ts';
import { Stage } from './conversation.ts';

const ADDRESS = '127.0.0.1';
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

let nextPort = 20_000 + (process.pid % 20_000);
/** A port of its own for each test, so that none hears another. */
const newPort = () => nextPort++;

const DOORS = [
  { tls: 'direct', port: 5223 },
  { tls: 'starttls', port: 5222 },
] as const;

/** A turn of the network rather than the time the RFC gives others to object. */
const pause = () => new Promise((resolve) => setTimeout(resolve, 20));

async function responder(port: number, more: Partial<Parameters<typeof MdnsResponder.start>[0]> = {}) {
  const started = await MdnsResponder.start({
    address: ADDRESS,
    port,
    machine: 'pronto',
    domain: 'example.com',
    doors: () => DOORS,
    signal: new AbortController().signal,
    log: SILENT_LOGGER,
    pause,
    ...more,
  });
  closers.push(() => started.stop());
  return started;
}

/** Browses until so many servers were found. */
async function browse(port: number, count: number): Promise<readonly FoundServer[]> {
  const enough = new AbortController();
  let left = count;
  return browseMdns({
    addresses: [ADDRESS],
    port,
    signal: enough.signal,
    onFound: () => {
      if (--left === 0) enough.abort();
    },
  });
}

async function link(port: number): Promise<MdnsLink> {
  const opened = await MdnsLink.open({ address: ADDRESS, port });
  closers.push(() => opened.close());
  return opened;
}

/** The next message that is as told. */
function next(of: MdnsLink, isWanted: (message: MdnsMessage) => boolean): Promise<MdnsMessage> {
  return new Promise((resolve) => of.listen((message) => isWanted(message) && resolve(message)));
}

describe('a server on the link', () => {
  it('is found by multicast DNS', async () => {
    const port = newPort();
    await responder(port);
    const shared = { method: 'mdns', domain: 'example.com', host: ADDRESS };
    expect(await browse(port, 2)).toEqual([
      { ...shared, port: 5223, tls: 'direct' },
      { ...shared, port: 5222, tls: 'starttls' },
    ]);
  });

  it('takes another name where its own is taken', async () => {
    const port = newPort();
    const first = await responder(port);
    const second = await responder(port, { domain: 'example.org' });
    const third = await responder(port, { domain: 'example.net' });
    expect([first, second, third].map(({ machine }) => machine)).toEqual(['pronto', 'pronto-1', 'pronto-2']);
    const found = await browse(port, 6);
    expect(new Set(found.map(({ domain }) => domain))).toEqual(new Set(['example.com', 'example.org', 'example.net']));
  });

  it('says goodbye', async () => {
    const port = newPort();
    const listener = await link(port);
    const stopping = await responder(port);
    const goodbye = next(listener, ({ isResponse, answers }) => isResponse && answers.some(({ ttl }) => ttl === 0));
    closers.length = 1;
    await stopping.stop();
    const { answers } = await goodbye;
    expect(answers.every(({ ttl }) => ttl === 0)).toBe(true);
    expect(answers.map(({ type }) => type)).toContain('PTR');
  });

  it('tells nobody what they know', async () => {
    const port = newPort();
    await responder(port);
    const asker = await link(port);
    const known = mdnsRecords({ machine: 'pronto', domain: 'example.com', addresses: [ADDRESS], doors: DOORS });
    const heard: string[] = [];
    asker.listen(({ isResponse, answers }) => {
      if (isResponse) heard.push(...answers.map(({ name, type }) => `${type} ${name}`));
    });
    await asker.query([{ name: '_xmpp-client._tcp.local', type: 'PTR' }], { known });
    const done = next(asker, ({ isResponse, answers }) => isResponse && answers.some(({ type }) => type === 'A'));
    await asker.query([{ name: 'pronto.local', type: 'A' }]);
    await done;
    expect(heard).toEqual(['A pronto.local']);
  });

  it('is not announced where there is no link', async () => {
    await expect(responder(newPort(), { address: '192.0.2.77' })).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('mDNS on 192.0.2.77'),
    });
  });

  it('is announced where its doors can be reached', () => {
    const door = (host: string, port: number) => ({ host, port });
    expect(doorsAt('192.0.2.1', { starttls: door('0.0.0.0', 5222), direct: door('192.0.2.1', 5223) })).toEqual(DOORS);
    expect(doorsAt('192.0.2.1', { starttls: door('127.0.0.1', 5222), direct: door('192.0.2.9', 5223) })).toEqual([]);
    expect(doorsAt('192.0.2.1', { starttls: door('::', 5222), direct: undefined })).toEqual([DOORS[1]]);
  });
});

describe('a server that was found', () => {
  const never = new AbortController().signal;

  it.each([
    ['starttls', 0],
    ['direct', 1],
  ] as const)('shows its certificate (%s)', async (tls, index) => {
    const stage = await Stage.open({ listen: { c2s: '127.0.0.1:0', c2sTls: '127.0.0.1:0' } });
    closers.push(() => stage.close());
    const port = stage.server.address(index)?.port ?? 0;
    const found: FoundServer = { method: 'mdns', domain: 'localhost', host: ADDRESS, port, tls };
    const { fingerprint, isVouchedFor } = await shownCertificate(found, never);
    const expected = stage.server.tls.fingerprint.replace('sha256:', '').replaceAll(':', '').toLowerCase();
    expect(fingerprint).toBe(expected);
    expect(isVouchedFor).toBe(false);
  });

  it('may show none', async () => {
    const port = newPort();
    const found: FoundServer = { method: 'mdns', domain: 'localhost', host: ADDRESS, port, tls: 'direct' };
    await expect(shownCertificate(found, never)).rejects.toMatchObject({ code: 'no-certificate' });
    await expect(shownCertificate(found, AbortSignal.abort())).rejects.toThrow('no certificate in time');
  });
});
