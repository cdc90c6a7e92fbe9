import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { SILENT_LOGGER } from '@thingward/xmpp';
import { encodeSsdp, type FoundServer, SsdpLink, type SsdpMessage, searchSsdp } from '@thingward/xmpp/finding';
import { afterEach, describe, expect, it } from 'vitest';
import { SsdpResponder } from '../src/announce/ssdp-responder.ts';

const ADDRESS = '127.0.0.1';
const UDN = 'uuid:2fac1234-31f8-81b4-a222-08002b34c003';
const TYPE = 'urn:thingward:device:XmppServer:1';
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

let nextPort = 40_000 + (process.pid % 20_000);
/** A port of its own for each test, so that none hears another. */
const newPort = () => nextPort++;

async function responder(port: number) {
  const started = await SsdpResponder.start({
    ...{ address: ADDRESS, port, descriptionPort: 0, bootId: 42, log: SILENT_LOGGER, random: () => 0 },
    describe: () => ({
      ...{
        udn: UDN,
        domain: 'example.com',
        version: '1',
        registries: ['registry.example.com'],
        provisioningServers: [],
      },
      doors: [
        { tls: 'direct', port: 5223 },
        { tls: 'starttls', port: 5222 },
      ],
    }),
  });
  closers.push(() => started.stop());
  return started;
}

/** All that comes to a port of one's own, or to everybody. */
async function listener(port: number, isListening = false) {
  const link = await SsdpLink.open({ address: ADDRESS, port, isListening });
  closers.push(() => link.close());
  const heard: SsdpMessage[] = [];
  link.listen((message) => heard.push(message));
  const until = async (isEnough: () => boolean) => {
    for (let i = 0; i < 200 && !isEnough(); i++) await delay(10);
  };
  return { link, heard, until };
}

const search = (headers: Readonly<Record<string, string | number>>) =>
  encodeSsdp('search', { HOST: '239.255.255.250:1900', MAN: '"ssdp:discover"', MX: 1, ...headers });

async function find(port: number, read?: (location: URL) => Promise<string>): Promise<readonly FoundServer[]> {
  const enough = new AbortController();
  const timer = setTimeout(() => enough.abort(), 2000);
  let left = 2;
  const onFound = () => {
    if (--left === 0) enough.abort();
  };
  const found = await searchSsdp({
    addresses: [ADDRESS],
    port,
    signal: enough.signal,
    onFound,
    ...(read && { read }),
  });
  clearTimeout(timer);
  return found;
}

describe('a server that answers to SSDP', () => {
  it('is found, with its doors and its registry', async () => {
    const port = newPort();
    await responder(port);
    const shared = { method: 'ssdp', domain: 'example.com', host: ADDRESS, registries: ['registry.example.com'] };
    expect(await find(port)).toEqual([
      { ...shared, port: 5223, tls: 'direct' },
      { ...shared, port: 5222, tls: 'starttls' },
    ]);
  });

  it('§1.2.2: tells everybody that it is there, and §1.2.3: says goodbye', async () => {
    const port = newPort();
    const { heard, until } = await listener(port, true);
    const stopping = await responder(port);
    await until(() => heard.length >= 6);
    const told = heard.slice(0, 3).map(({ headers }) => [headers.get('NT'), headers.get('USN')]);
    expect(told).toEqual([
      ['upnp:rootdevice', `${UDN}::upnp:rootdevice`],
      [UDN, UDN],
      [TYPE, `${UDN}::${TYPE}`],
    ]);
    const { headers } = heard[0] as SsdpMessage;
    expect(headers.get('NTS')).toBe('ssdp:alive');
    expect(headers.get('CACHE-CONTROL')).toBe('max-age=1800');
    expect(headers.get('LOCATION')).toBe(stopping.location);
    expect(headers.get('BOOTID.UPNP.ORG')).toBe('42');
    expect(headers.get('SERVER')).toMatch(/^\S+\/\S+ UPnP\/2\.0 Thingward\/1$/);
    heard.length = 0;
    await stopping.stop();
    closers.pop();
    await until(() => heard.length >= 3);
    expect(heard.map((message) => message.headers.get('NTS'))).toEqual(Array(3).fill('ssdp:byebye'));
  });

  it.each([
    ['ssdp:all', 3],
    ['upnp:rootdevice', 1],
    [UDN, 1],
    [TYPE, 1],
  ])('§1.3.3: answers to who looks for %s', async (target, count) => {
    const port = newPort();
    const { location } = await responder(port);
    const { link, heard, until } = await listener(port);
    await link.send(search({ ST: target }));
    await until(() => heard.length >= count);
    expect(heard).toHaveLength(count);
    const { kind, headers } = heard[0] as SsdpMessage;
    expect(kind).toBe('response');
    expect(headers.get('LOCATION')).toBe(location);
    expect(headers.has('EXT')).toBe(true);
    expect(heard.map((message) => message.headers.get('ST'))).toContain(target === 'ssdp:all' ? TYPE : target);
  });

  it('§1.3.3: says nothing to who looks for something else, or has not said how long it waits', async () => {
    const port = newPort();
    await responder(port);
    const { link, heard, until } = await listener(port);
    await link.send(search({ ST: 'urn:thingward:device:XmppServer:2' }));
    await link.send(search({ ST: TYPE, MAN: 'ssdp:discover' }));
    await link.send(search({ ST: TYPE, MX: 0 }));
    await link.send(encodeSsdp('search', { HOST: '239.255.255.250:1900', MAN: '"ssdp:discover"', ST: TYPE }));
    await link.send(search({ ST: UDN }));
    await until(() => heard.length > 0);
    expect(heard.map(({ headers }) => headers.get('ST'))).toEqual([UDN]);
  });

  it('is described to neighbours over HTTP, and serves nothing else', async () => {
    const { location } = await responder(newPort());
    const response = await fetch(location);
    expect(response.headers.get('content-type')).toBe('text/xml; charset="utf-8"');
    expect(await response.text()).toContain("domain='example.com'");
    expect((await fetch(location, { method: 'POST' })).status).toBe(405);
    expect((await fetch(new URL('/', location))).status).toBe(404);
    // One that says nothing keeps nobody else from it.
    const silent = connect({ port: Number(new URL(location).port), host: ADDRESS });
    closers.push(() => silent.destroy());
    expect((await fetch(location, { method: 'HEAD' })).status).toBe(200);
  });

  it('has its description nowhere else', async () => {
    const port = newPort();
    const impostor = await SsdpLink.open({ address: ADDRESS, port, isListening: true });
    closers.push(() => impostor.close());
    const places = ['http://192.0.2.1/x', 'https://127.0.0.1/x', 'file:///etc/passwd', 'http://a@127.0.0.1/x', 'none'];
    impostor.listen(({ kind }, source) => {
      if (kind !== 'search') return;
      for (const place of places) void impostor.send(encodeSsdp('response', { ST: TYPE, LOCATION: place }), source);
    });
    const asked: string[] = [];
    const read = async (location: URL) => {
      asked.push(location.href);
      return '';
    };
    expect(await find(port, read)).toEqual([]);
    expect(asked).toEqual([]);
  });
});
