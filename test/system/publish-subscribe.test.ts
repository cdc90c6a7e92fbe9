import {
  encodeFriendAdvice,
  findConventionalPublications,
  findPublications,
  followPublication,
  type PublishedNews,
} from '@thingward/things';
import { discoItems, Jid, message, retrieveItems, StanzaError, subscribeToNode } from '@thingward/xmpp';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { Plant, type User } from '../plant.ts';

const PUBSUB = Jid.parse('pubsub.localhost');
const TANK = { service: PUBSUB, node: 'sensordata/plc@localhost' };

describe('a Thing that publishes', { timeout: 60_000 }, () => {
  let plant: Plant;
  let owner: User;
  let stranger: User;
  let plc: Jid;

  beforeAll(async () => {
    // Friends may as their owner says: what becomes of those who are asked about is told in provisioned-subscribers.test.ts.
    plant = await Plant.start({ provisioning: 'none' });
    owner = await plant.signIn('owner');
    stranger = await plant.signIn('stranger');
    plc = await plant.claim(owner, 'plc');
    await plant.claim(owner, 'meter');
  });
  afterAll(() => plant?.stop());

  /** What comes, until there is as much as wanted. */
  async function take(news: AsyncIterable<PublishedNews>, count: number): Promise<PublishedNews[]> {
    const taken: PublishedNews[] = [];
    for await (const one of news) if (taken.push(one) >= count) break;
    return taken;
  }
  const follow = (user: User, at = TANK, options = {}) =>
    followPublication(user.client, at, { signal: AbortSignal.timeout(20_000), ...options });
  const numbers = (news: readonly PublishedNews[]) =>
    news.map((one) => (one.kind === 'fields' ? one.number?.number : one));

  it('is found by its owner, and by nobody else', async () => {
    const published = { ...TANK, title: 'Tank' };
    expect(await findPublications(owner.client, plc)).toEqual([published]);
    expect(await discoItems(owner.client, plc)).toEqual([{ jid: PUBSUB, node: TANK.node, name: 'Tank' }]);
    expect(await findPublications(owner.client, plc, { nodeId: 'other' })).toEqual([]);
    expect(await findPublications(stranger.client, plc)).toEqual([]);
    expect(await discoItems(stranger.client, plc)).toEqual([]);
  });

  it('gives the last value at once, and then what is new, counted and in order', async () => {
    await vi.waitFor(async () => expect(await kept(owner)).toBeGreaterThan(1), { timeout: 10_000 });
    // What is read more seldom comes between: among so many are some with a level.
    const news = await take(follow(owner), 6);
    const [first] = numbers(news) as [number];
    expect(numbers(news)).toEqual(news.map((_, i) => first + i));
    const fields = news.flatMap((one) => (one.kind === 'fields' ? one.fields : []));
    const levels = fields.filter(({ name }) => name === 'Level').map(({ timestamp }) => timestamp.getTime());
    expect(levels.length).toBeGreaterThan(0);
    expect(levels).toEqual([...levels].sort((a, b) => a - b));
  });

  it('refuses a stranger', async () => {
    const jid = stranger.client.jid;
    await expect(subscribeToNode(stranger.client, TANK, jid)).rejects.toMatchObject({ condition: 'not-allowed' });
    await expect(retrieveItems(stranger.client, TANK, { newest: 1 })).rejects.toBeInstanceOf(StanzaError);
  });

  it('lets a friend in, and ends its subscription with the friendship', async () => {
    const advise = (kind: 'friend' | 'unfriend') =>
      owner.client.send(message('normal', { to: plc }, encodeFriendAdvice({ kind, jid: stranger.client.jid.bare })));
    advise('friend');
    onTestFinished(() => advise('unfriend'));
    await vi.waitFor(() => retrieveItems(stranger.client, TANK, { newest: 1 }), { timeout: 5000 });
    let items = 0;
    const following = (async () => {
      for await (const { kind } of follow(stranger)) {
        if (kind === 'fields' && ++items === 2) advise('unfriend');
      }
    })();
    await expect(following).rejects.toMatchObject({ code: 'access-ended' });
    await expect(retrieveItems(stranger.client, TANK, { newest: 1 })).rejects.toMatchObject({
      condition: 'not-allowed',
    });
  });

  it('publishes to its own account, too, where others find it by convention', async () => {
    const [meter, ...others] = await findConventionalPublications(owner.client, Jid.parse('meter@localhost'));
    expect(others).toEqual([]);
    expect(meter).toEqual({ service: Jid.parse('meter@localhost'), node: 'urn:xmpp:iot:sensordata' });
    const [news] = await take(follow(owner, meter as typeof TANK), 1);
    expect(news).toMatchObject({ kind: 'fields', number: { number: expect.any(Number) } });
    expect(await findConventionalPublications(owner.client, plc)).toEqual([TANK]);
    expect(await findConventionalPublications(stranger.client, plc)).toEqual([]);
  });

  it('publishes what it has read while the server was away, once and in order', async () => {
    const seen: PublishedNews[] = [];
    const stopping = new AbortController();
    const following = (async () => {
      for await (const news of follow(owner, TANK, { signal: stopping.signal, backOffMs: { first: 100, max: 500 } })) {
        seen.push(news);
      }
    })().catch(() => undefined);
    await vi.waitFor(() => expect(seen.length).toBeGreaterThan(1), { timeout: 10_000 });
    await plant.server.stop();
    const away = Date.now();
    await new Promise((resolve) => setTimeout(resolve, 2500));
    await plant.startServer();
    const back = Date.now();
    const isFromMeanwhile = (at: Date) => at.getTime() > away && at.getTime() < back;
    const meanwhile = () =>
      seen.flatMap((news) => (news.kind === 'fields' ? news.fields : [])).filter((f) => isFromMeanwhile(f.timestamp));
    await vi.waitFor(() => expect(meanwhile().length).toBeGreaterThan(3), { timeout: 30_000 });
    const before = seen.length;
    await vi.waitFor(() => expect(seen.length).toBeGreaterThan(before), { timeout: 10_000 });
    stopping.abort();
    await following;
    const got = numbers(seen) as number[];
    expect(got).toEqual(got.map((_, i) => (got[0] as number) + i));
    const keys = seen.flatMap((news) =>
      news.kind === 'fields' ? news.fields.map(({ name, timestamp }) => `${name} ${timestamp.toISOString()}`) : [],
    );
    expect(new Set(keys).size).toBe(keys.length);
  });

  async function kept(user: User): Promise<number> {
    return (await retrieveItems(user.client, TANK, { newest: 100 })).length;
  }
});
