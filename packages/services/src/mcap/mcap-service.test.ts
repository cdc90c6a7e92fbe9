import {
  decodeEvent,
  decodeInterface,
  decodeReading,
  decodeReadings,
  decodeResources,
  decodeStop,
  decodeStreaming,
  decodeTreeChange,
  encodeAnnouncement,
  encodeDiscover,
  encodeEvent,
  encodeHistory,
  encodeInterfaceRequest,
  encodeRead,
  encodeReadings,
  encodeStop,
  encodeStream,
  encodeTreeChange,
  encodeWrite,
} from '@thingward/ieee1451/mcap';
import { type Element, parseElement, xml } from '@thingward/xml';
import { encodeResultSetRequest, presence, RESULT_SET, type StanzaError } from '@thingward/xmpp';
import { describe, expect, it, vi } from 'vitest';
import {
  announce,
  BOILER,
  follow,
  MCAP,
  mcapStage,
  NCAP,
  NS,
  READING,
  TEMPERATURE,
  TIM,
  told,
  VALVE,
} from '../../test/mcap-stage.ts';
import type { MemoryPeer } from '../../test/memory-network.ts';

const get = async (peer: MemoryPeer, payload: Element) => (await peer.request('get', MCAP, payload)) as Element;
const set = (peer: MemoryPeer, payload: Element) => peer.request('set', MCAP, payload);
const discover = async (peer: MemoryPeer) => decodeResources(await get(peer, encodeDiscover()));
const refused = async (request: Promise<unknown>): Promise<StanzaError> => {
  try {
    await request;
  } catch (error) {
    return error as StanzaError;
  }
  throw new Error('it was not refused');
};

describe('discovery', () => {
  it('shows everybody what they may read, and nobody anything else', async () => {
    const { ncap, owner, guest, stranger, network } = await mcapStage();
    await announce(ncap);
    const since = new Date('2026-05-01T12:00:00Z');
    const all = {
      ...BOILER,
      jid: 'gateway@example.org',
      since,
      tims: BOILER.tims.map((tim) => ({ ...tim, since })),
    };
    expect(await discover(owner)).toEqual([all]);
    expect(await discover(network.peer('admin@example.org/a'))).toEqual([all]);
    const [thermometer] = all.tims[0]?.channels ?? [];
    expect(await discover(guest)).toEqual([
      { ...all, tims: [{ ...all.tims[0], channels: [thermometer] }], things: [] },
    ]);
    expect(await discover(stranger)).toEqual([]);
    for (const request of [encodeDiscover({ ncap: NCAP }), encodeDiscover({ ncap: NCAP, tim: TIM })]) {
      expect(await refused(get(stranger, request))).toMatchObject({ condition: 'item-not-found' });
      expect(decodeResources(await get(guest, request))).toHaveLength(1);
    }
    expect(await refused(get(guest, encodeDiscover({ tim: TIM })))).toMatchObject({ condition: 'bad-request' });
  });

  it('goes page by page', async () => {
    const { network, owner } = await mcapStage();
    const ids = Array.from({ length: 5 }, (_, i) => `0000000${i}-1111-4111-8111-111111111111`);
    const peer = network.peer('gateway@example.org/many');
    for (const id of ids) await announce(peer, { ...BOILER, id });
    const page = async (part: Parameters<typeof encodeResultSetRequest>[0]) => {
      const answer = await get(owner, encodeDiscover().append(encodeResultSetRequest(part)));
      const setOf = answer.child('set', RESULT_SET);
      return {
        ids: decodeResources(answer).map(({ id }) => id),
        count: setOf?.child('count')?.text,
        index: setOf?.child('first')?.attribute('index'),
      };
    };
    expect(await page({ max: 2 })).toEqual({ ids: ids.slice(0, 2), count: '5', index: '0' });
    expect(await page({ max: 2, after: ids[1] })).toEqual({ ids: ids.slice(2, 4), count: '5', index: '2' });
    expect(await page({ max: 2, before: '' })).toEqual({ ids: ids.slice(3), count: '5', index: '3' });
    expect(await page({ max: 2, before: ids[3] })).toEqual({ ids: ids.slice(1, 3), count: '5', index: '1' });
    expect(await page({ max: 0 })).toEqual({ ids: [], count: '5', index: undefined });
  });

  it('does not let one account take the NCAP of another', async () => {
    const { ncap, guest, network } = await mcapStage();
    await announce(ncap);
    expect(await refused(announce(guest))).toMatchObject({ condition: 'conflict' });
    const gone = encodeTreeChange({ kind: 'left', ncap: { ...BOILER, isPresent: false } });
    expect(await refused(set(guest, gone))).toMatchObject({ condition: 'item-not-found' });
    expect(await refused(announce(network.peer('a@elsewhere.example/b')))).toMatchObject({ condition: 'forbidden' });
  });

  it('keeps within its limits', async () => {
    const { ncap } = await mcapStage({ resourcesPerNcap: 3, ncapsPerJid: 1 });
    expect(await refused(announce(ncap))).toMatchObject({ condition: 'policy-violation' });
    const small = { ...BOILER, things: [] };
    await set(ncap, encodeAnnouncement({ ncap: small, lease: 90 }));
    const second = encodeAnnouncement({ ncap: { ...small, id: TIM }, lease: 90 });
    expect(await refused(set(ncap, second))).toMatchObject({ condition: 'resource-constraint' });
  });
});

describe('exchanges', () => {
  it('are passed on with the name of who asks', async () => {
    const { ncap, guest, owner, asked, writes } = await mcapStage();
    await announce(ncap);
    expect(decodeReading(await get(guest, encodeRead(TEMPERATURE)))).toEqual(READING);
    expect(decodeInterface(await get(owner, encodeInterfaceRequest(TEMPERATURE)))).toMatchObject({
      unit: 'K',
      min: 273,
    });
    await set(owner, encodeWrite({ ...VALVE, samples: [0.5] }));
    expect(asked).toEqual(['guest@example.org', 'owner@example.org', 'owner@example.org']);
    expect(writes).toEqual([{ ...VALVE, originator: 'owner@example.org', samples: [0.5] }]);
  });

  it('believe nobody who names another', async () => {
    const { ncap, guest, asked } = await mcapStage();
    await announce(ncap);
    await get(guest, encodeRead({ ...TEMPERATURE, originator: 'owner@example.org' }));
    expect(asked).toEqual(['guest@example.org']);
  });

  it('name what is wrong', async () => {
    const { ncap, owner, guest, stranger, writes, network } = await mcapStage();
    await announce(ncap);
    const wrong = async (peer: MemoryPeer, payload: Element, type: 'get' | 'set' = 'get') =>
      (await refused(type === 'get' ? get(peer, payload) : set(peer, payload))).condition;
    expect(await wrong(guest, encodeRead(VALVE))).toBe('item-not-found');
    expect(await wrong(stranger, encodeRead(TEMPERATURE))).toBe('item-not-found');
    expect(await wrong(owner, encodeRead({ ...TEMPERATURE, channel: 9 }))).toBe('item-not-found');
    expect(await wrong(network.peer('admin@example.org/a'), encodeRead(TEMPERATURE))).toBe('forbidden');
    expect(await wrong(guest, encodeWrite({ ...TEMPERATURE, samples: [1] }), 'set')).toBe('forbidden');
    expect(await wrong(owner, encodeWrite({ ...VALVE, samples: [] }), 'set')).toBe('bad-request');
    expect(await wrong(owner, parseElement(`<read xmlns='${NS}' ncap='7'/>`))).toBe('bad-request');
    expect(writes).toEqual([]);
  });

  it('say that an NCAP gave no answer, and of a write that nobody knows what happened', async () => {
    const { ncap, owner, network } = await mcapStage({ answerMs: 30 });
    await announce(ncap);
    network
      .peer('gateway@example.org/ncap')
      .onIq('get', { name: 'read', namespace: NS }, () => new Promise(() => undefined));
    expect(await refused(get(owner, encodeRead(TEMPERATURE)))).toMatchObject({ condition: 'remote-server-timeout' });
    const silent = network.peer('gateway@example.org/ncap');
    let commands = 0;
    silent.onIq('set', { name: 'write', namespace: NS }, () => {
      commands++;
      return new Promise(() => undefined);
    });
    const lost = await refused(set(owner, encodeWrite({ ...VALVE, samples: [1] })));
    expect(lost).toMatchObject({ condition: 'remote-server-timeout', type: 'cancel' });
    expect(lost.application?.is('outcome-unknown', NS)).toBe(true);
    expect(commands).toBe(1);
  });

  it('give the history that the NCAP has, with its pages', async () => {
    const { ncap, guest } = await mcapStage();
    await announce(ncap);
    let seen = '';
    ncap.onIq('get', { name: 'history', namespace: NS }, ({ payload }) => {
      seen = payload.toString();
      const page = encodeReadings({ ...TEMPERATURE, readings: [{ time: new Date(0), samples: [1] }] });
      return page.append(xml('set', { xmlns: RESULT_SET }, xml('last', {}, 'next')));
    });
    const request = encodeHistory({ ...TEMPERATURE, from: new Date(0) }).append(encodeResultSetRequest({ max: 1 }));
    const answer = await get(guest, request);
    expect(decodeReadings(answer).readings).toHaveLength(1);
    expect(answer.child('set', RESULT_SET)?.child('last')?.text).toBe('next');
    expect(seen).toContain("originator='guest@example.org'");
    expect(seen).toContain('<max>1</max>');
  });
});

describe('streams', () => {
  it('give readings until they are stopped', async () => {
    const { ncap, guest, owner } = await mcapStage();
    await announce(ncap);
    const payloads = told(guest);
    const { id } = decodeStreaming((await set(guest, encodeStream({ ...TEMPERATURE, interval: 1 }))) as Element);
    await vi.waitFor(() => expect(payloads.length).toBeGreaterThan(2));
    expect(decodeReading(payloads[0] as Element)).toEqual({ ...READING, stream: id });
    expect(await refused(set(owner, encodeStop({ stream: id })))).toMatchObject({ condition: 'item-not-found' });
    await set(guest, encodeStop({ stream: id }));
    expect(await refused(set(guest, encodeStop({ stream: id })))).toMatchObject({ condition: 'item-not-found' });
  });

  it('end when the requester goes, and when it may no longer read', async () => {
    const { ncap, guest } = await mcapStage({ streamsPerJid: 1 });
    await announce(ncap);
    const payloads = told(guest);
    const request = encodeStream({ ...TEMPERATURE, interval: 1 });
    await set(guest, request);
    expect(await refused(set(guest, request))).toMatchObject({ condition: 'resource-constraint' });
    guest.send(presence('unavailable', { to: MCAP }));
    await vi.waitFor(() => set(guest, request));
    await set(ncap, xml('readers', { xmlns: NS, ncap: NCAP, node: 'boiler/1' }));
    await vi.waitFor(() => expect(payloads.at(-1)?.name).toBe('stop'));
    expect(decodeStop(payloads.at(-1) as Element).reason).toContain('item-not-found');
  });
});

describe('changes of the tree', () => {
  it('are told to followers who may see them', async () => {
    const { ncap, guest, owner, stranger } = await mcapStage();
    const seen = { guest: told(guest), owner: told(owner), stranger: told(stranger) };
    for (const peer of [guest, owner, stranger]) await set(peer, follow);
    await announce(ncap);
    await vi.waitFor(() => expect(seen.owner.length).toBeGreaterThan(0));
    await vi.waitFor(() => expect(seen.guest).toHaveLength(1));
    expect(decodeTreeChange(seen.guest[0] as Element)).toMatchObject({
      kind: 'joined',
      ncap: { id: NCAP, tims: [{ channels: [{ number: 1 }] }] },
    });
    ncap.send(xml('message', { to: MCAP.toString() }, encodeEvent(READING)));
    await vi.waitFor(() => expect(seen.guest).toHaveLength(2));
    expect(decodeEvent(seen.guest[1] as Element)).toEqual(READING);
    const without = { ...BOILER, tims: BOILER.tims.map((tim) => ({ ...tim, isPresent: false })) };
    await set(ncap, encodeAnnouncement({ ncap: without, lease: 90 }));
    await vi.waitFor(() => expect(seen.guest).toHaveLength(3));
    expect(decodeTreeChange(seen.guest[2] as Element)).toMatchObject({
      kind: 'left',
      ncap: { isPresent: true, tims: [{ id: TIM, isPresent: false }] },
    });
    expect(seen.stranger).toEqual([]);
  });

  it('are stanzas of clients: over a WebSocket there is no namespace to inherit', async () => {
    const { ncap, owner } = await mcapStage();
    const namespaces: (string | undefined)[] = [];
    owner.onMessage({ name: 'joined', namespace: NS }, ({ stanza }) => {
      namespaces.push(stanza.namespace);
    });
    await set(owner, follow);
    await announce(ncap);
    await vi.waitFor(() => expect(namespaces.length).toBeGreaterThan(0));
    expect(new Set(namespaces)).toEqual(new Set(['jabber:client']));
  });

  it('come when an NCAP is not connected any more, or silent for too long, or says so', async () => {
    const { ncap, owner, clock } = await mcapStage();
    const seen = told(owner);
    await announce(ncap);
    await set(owner, follow);
    const gone = async (count: number) => {
      await vi.waitFor(() => expect(seen).toHaveLength(count));
      expect(decodeTreeChange(seen[count - 1] as Element)).toMatchObject({ kind: 'left', ncap: { isPresent: false } });
      expect((await discover(owner))[0]?.isPresent).toBe(false);
      expect(await refused(get(owner, encodeRead(TEMPERATURE)))).toMatchObject({ condition: 'recipient-unavailable' });
      await announce(ncap);
    };
    ncap.send(presence('unavailable', { to: MCAP }));
    await gone(1);
    clock.now = new Date(clock.now.getTime() + 91_000);
    await gone(3);
    await set(ncap, encodeTreeChange({ kind: 'left', ncap: { ...BOILER, isPresent: false } }));
    await gone(5);
  });

  it('are told once: an announcement of the same says nothing new, one of another TIM says that alone', async () => {
    const { ncap, owner } = await mcapStage();
    const seen = told(owner);
    await announce(ncap);
    await set(owner, follow);
    await set(ncap, encodeAnnouncement({ ncap: BOILER, lease: 90 }));
    const [tim] = BOILER.tims as [(typeof BOILER.tims)[number]];
    const second = { ...tim, id: '33333333-3333-4333-8333-333333333333' };
    await set(ncap, encodeAnnouncement({ ncap: { ...BOILER, tims: [tim, second] }, lease: 90 }));
    await vi.waitFor(() => expect(seen).toHaveLength(1));
    const { kind, ncap: change } = decodeTreeChange(seen[0] as Element);
    expect([kind, change.tims.map(({ id }) => id), change.things]).toEqual(['joined', [second.id], []]);
  });

  it('are told to nobody who has left', async () => {
    const { ncap, owner } = await mcapStage();
    const seen = told(owner);
    await set(owner, follow);
    owner.send(presence('unavailable', { to: MCAP }));
    await announce(ncap);
    await discover(owner);
    expect(seen).toEqual([]);
  });
});

describe('network messages', () => {
  const APP = 'ffffffff-ffff-4fff-8fff-ffffffffffff';
  const command = (service: string, values: Record<string, string | number>, extra = '') =>
    parseElement(
      `<message xmlns='${NS}' service='${service}' type='command'${extra}>${Object.entries(values)
        .map(([name, value]) => `<value name='${name}'>${value}</value>`)
        .join('')}</message>`,
    );
  const value = (message: Element | undefined, name: string) =>
    message?.childrenNamed('value').find((one) => one.attribute('name') === name)?.text;

  it('are answered as those of the edition of 2024', async () => {
    const { ncap, guest, stranger } = await mcapStage();
    await announce(ncap);
    const ncaps = await get(guest, command('ncap-discovery', { appId: APP }));
    expect(ncaps.childrenNamed('message')).toHaveLength(1);
    expect(value(ncaps.child('message'), 'ncapId')).toBe(NCAP);
    expect((await get(stranger, command('ncap-discovery', { appId: APP }))).elements).toEqual([]);
    const ids = { appId: APP, ncapId: NCAP };
    expect(value(await get(guest, command('tim-discovery', ids)), 'tims')).toBe(TIM);
    const channels = await get(guest, command('channel-discovery', { ...ids, timId: TIM }));
    expect(channels.childrenNamed('value').map(({ text }) => text)).toContain('Water temperature');
    const read = { ...ids, timId: TIM, channelId: 1, samplingMode: 'immediate', timeoutSeconds: 5 };
    const sample = await get(guest, command('read-sample', read, " withOctets='true'"));
    expect(value(sample, 'value')).toBe('353.5');
    // The octets of the whole reply: service, kind, length, no error, and the identifiers.
    expect(sample.attribute('octets')).toMatch(/^02010200440000ffffffff/);
  });

  it('are refused where no layout is public, and where values are wrong', async () => {
    const { ncap, guest } = await mcapStage();
    await announce(ncap);
    const condition = async (payload: Element) => (await refused(get(guest, payload))).condition;
    expect(await condition(command('write-sample', { octets: '00' }))).toBe('feature-not-implemented');
    expect(await condition(command('tim-discovery', { appId: APP }))).toBe('bad-request');
    expect(await condition(command('no-such', {}))).toBe('bad-request');
    const teds = { appId: APP, ncapId: NCAP, timId: TIM, channelId: 1, teds: 'meta', offset: 0, timeoutSeconds: 5 };
    expect(await condition(command('read-teds', teds))).toBe('item-not-found');
  });
});

it('shows what it knew after a restart', async () => {
  const { ncap, owner, service } = await mcapStage();
  await announce(ncap);
  await service.stop();
  await service.start();
  expect(await discover(owner)).toHaveLength(1);
});
