import { createSocket } from 'node:dgram';
import { SILENT_LOGGER } from '@thingward/xmpp';
import {
  browseMdns,
  type FoundServer,
  MdnsLink,
  type MdnsMessage,
  type MdnsService,
  mdnsRecords,
  shownCertificate,
} from '@thingward/xmpp/finding';
import { decode } from 'dns-packet';
import { afterEach, describe, expect, it } from 'vitest';
import { doorsAt, reachableOn } from '../src/announce/announcements.ts';
import { MdnsResponder } from '../src/announce/mdns-responder.ts';
import { Stage } from './conversation.ts';

const ADDRESS = '127.0.0.1';
const LINK = { name: 'lo', ipv4: [ADDRESS], ipv6: [] };
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

/** Its clock runs so much faster. */
const SPEED = 20;

/** A turn of the network rather than the time the RFC gives others to object. */
const pause = () => new Promise((resolve) => setTimeout(resolve, 20));

/** By its clock it is more than a second ago that everything was announced. */
const aSecond = () => new Promise((resolve) => setTimeout(resolve, 1500 / SPEED));

async function responder(port: number, more: Partial<Parameters<typeof MdnsResponder.start>[0]> = {}) {
  const started = await MdnsResponder.start({
    link: LINK,
    port,
    machine: 'pronto',
    domain: 'example.com',
    service: () => ({ doors: DOORS, addresses: [ADDRESS] }),
    signal: new AbortController().signal,
    log: SILENT_LOGGER,
    pause,
    now: () => performance.now() * SPEED,
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
    await aSecond();
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

  it('RFC 6762 §8.2: gets a name that another wants at the same time, or waits', async () => {
    const port = newPort();
    const [first, second] = await Promise.all([
      responder(port, { service: () => ({ doors: DOORS, addresses: ['192.0.2.9'] }) }),
      responder(port, { service: () => ({ doors: DOORS, addresses: ['192.0.2.10'] }) }),
    ]);
    // The one with the later bytes has it; the other finds it taken when it tries again.
    expect([first, second].map(({ machine }) => machine)).toEqual(['pronto-1', 'pronto']);
  });

  it('§9: gives a name up that another machine has come with, and defends it against one that only asks', async () => {
    const port = newPort();
    const defending = await responder(port);
    const other = await link(port);
    await aSecond();
    const theirs = { name: 'pronto.local', type: 'A', data: '192.0.2.99', ttl: 120, flush: true } as const;
    const defence = next(other, ({ isResponse, answers }) => isResponse && answers.some(({ type }) => type === 'A'));
    await other.query([{ name: 'pronto.local', type: 'ANY' }], { proposed: [theirs] });
    expect((await defence).answers).toContainEqual(expect.objectContaining({ type: 'A', data: ADDRESS }));
    expect(defending.machine).toBe('pronto');
    // It does not care, and goes on saying so.
    const insisting = setInterval(() => void other.respond([theirs]), 20);
    for (let i = 0; i < 300 && defending.machine !== 'pronto-1'; i++) await pause();
    clearInterval(insisting);
    expect(defending.machine).toBe('pronto-1');
    expect((await browse(port, 2)).map(({ host }) => host)).toEqual([ADDRESS, ADDRESS]);
  });

  it('§6.1: says what it has not, of a name that is its own', async () => {
    const port = newPort();
    await responder(port);
    const asker = await link(port);
    const raw = await new Promise<{ type: string; data: unknown }>((resolve) => {
      const socket = createSocket({ type: 'udp4', reuseAddr: true });
      closers.push(() => socket.close());
      socket.on('message', (bytes) => {
        const { type, answers = [] } = decode(bytes);
        const absence = answers.find((answer) => answer.type === 'NSEC');
        if (type === 'response' && absence) resolve(absence as never);
      });
      socket.bind(port, () => {
        socket.addMembership('224.0.0.251', ADDRESS);
        void asker.query([{ name: 'pronto.local', type: 'AAAA' }]);
      });
    });
    expect(raw.data).toEqual({ nextDomain: 'pronto.local', rrtypes: ['A'] });
  });

  it('§6: does not tell everybody the same within a second', async () => {
    const port = newPort();
    await responder(port);
    const asker = await link(port);
    const heard: string[] = [];
    asker.listen(({ isResponse, answers }) => {
      if (isResponse) heard.push(...answers.map(({ name, type }) => `${type} ${name}`));
    });
    // What was announced a moment ago is not told again either.
    await aSecond();
    for (let i = 0; i < 5; i++) await asker.query([{ name: 'pronto.local', type: 'A' }]);
    for (let i = 0; i < 10; i++) await pause();
    expect(heard).toEqual(['A pronto.local']);
  });

  it('tells of doors that have changed', async () => {
    const port = newPort();
    let doors: MdnsService['doors'] = DOORS;
    const changing = await responder(port, { service: () => ({ doors, addresses: [ADDRESS] }) });
    const listening = await link(port);
    const gone = next(listening, ({ answers }) => answers.some(({ ttl }) => ttl === 0));
    doors = [{ tls: 'starttls', port: 5299 }];
    await changing.refresh();
    const { answers } = await gone;
    expect(answers.filter(({ ttl }) => ttl === 0).map(({ name, type }) => `${type} ${name}`)).toEqual([
      'PTR _services._dns-sd._udp.local',
      'PTR _xmpps-client._tcp.local',
      'SRV pronto._xmpps-client._tcp.local',
      'TXT pronto._xmpps-client._tcp.local',
      'SRV pronto._xmpp-client._tcp.local',
    ]);
    await aSecond();
    expect(await browse(port, 1)).toMatchObject([{ port: 5299 }]);
  });

  it('is not announced where there is no link', async () => {
    await expect(
      responder(newPort(), { link: { name: 'none', ipv4: ['192.0.2.77'], ipv6: [] } }),
    ).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('mDNS on 192.0.2.77'),
    });
  });

  it('is announced where its doors can be reached', () => {
    const door = (host: string, port: number) => ({ host, port });
    expect(doorsAt('192.0.2.1', { starttls: door('0.0.0.0', 5222), direct: door('192.0.2.1', 5223) })).toEqual(DOORS);
    expect(doorsAt('192.0.2.1', { starttls: door('127.0.0.1', 5222), direct: door('192.0.2.9', 5223) })).toEqual([]);
    expect(doorsAt('192.0.2.1', { starttls: door('::', 5222), direct: undefined })).toEqual([DOORS[1]]);
    const both = { name: 'eth0', ipv4: ['192.0.2.1'], ipv6: ['fe80::1%eth0', '2001:db8::1'] };
    const addresses = (host: string) => reachableOn(both, { starttls: door(host, 5222), direct: undefined }).addresses;
    expect(addresses('::')).toEqual(['192.0.2.1', 'fe80::1', '2001:db8::1']);
    expect(addresses('0.0.0.0')).toEqual(['192.0.2.1']);
    expect(addresses('2001:db8::1')).toEqual(['2001:db8::1']);
    expect(addresses('127.0.0.1')).toEqual([]);
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
