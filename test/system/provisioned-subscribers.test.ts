import { encodeFriendAdvice, followPublication, queryHistory } from '@thingward/things';
import { xml } from '@thingward/xml';
import { Jid, message, retrieveItems } from '@thingward/xmpp';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { HISTORY, Plant, type User } from '../plant.ts';

const PROVISIONING = Jid.parse('provisioning.localhost');
const TANK = { service: Jid.parse('pubsub.localhost'), node: 'sensordata/plc@localhost' };

let plant: Plant;
let owner: User;
let reader: User;
/** What the provisioning server has said to the owner. */
const heard: string[] = [];

beforeAll(async () => {
  plant = await Plant.start({ provisioning: PROVISIONING.toString() });
  owner = await plant.signIn('owner');
  reader = await plant.signIn('stranger');
  owner.client.onMessage({ name: 'body', namespace: 'jabber:client' }, ({ from }, body) => {
    if (from.equals(PROVISIONING)) heard.push(body.text);
  });
}, 60_000);
afterAll(() => plant?.stop());

const say = (text: string) => owner.client.send(message('chat', { to: PROVISIONING }, xml('body', {}, text)));
const kept = () => retrieveItems(reader.client, TANK, { newest: 1 });
const past = () => queryHistory(reader.client, HISTORY, { thing: Jid.parse('plc@localhost'), maxPoints: 1 });

it('a rule lets a friend follow a Thing, and the friend is cut off as soon as the rule is withdrawn', async () => {
  const plc = await plant.claim(owner, 'plc');
  const friend = reader.client.jid.bare;
  owner.client.send(message('normal', { to: plc }, encodeFriendAdvice({ kind: 'friend', jid: friend })));
  // Being a friend is not enough: the owner is asked.
  const asked = () => heard.flatMap((text) => /Question (\d+): may stranger@localhost read/.exec(text)?.[1] ?? []);
  await vi.waitFor(() => expect(asked()).toHaveLength(1), { timeout: 10_000 });
  await expect(kept()).rejects.toMatchObject({ condition: 'not-allowed' });
  await expect(past()).rejects.toMatchObject({ condition: 'forbidden' });

  say(`allow ${asked()[0]}`);
  await vi.waitFor(kept, { timeout: 10_000 });
  await vi.waitFor(past, { timeout: 10_000 });
  let items = 0;
  let withdrawnAt = 0;
  const following = (async () => {
    const news = followPublication(reader.client, TANK, { signal: AbortSignal.timeout(30_000) });
    for await (const { kind } of news) {
      if (kind !== 'fields' || ++items !== 2) continue;
      withdrawnAt = performance.now();
      say('withdraw 1');
    }
  })();
  await expect(following).rejects.toMatchObject({ code: 'access-ended' });
  expect(items).toBeGreaterThanOrEqual(2);
  expect(performance.now() - withdrawnAt).toBeLessThan(10_000);
  await expect(kept()).rejects.toMatchObject({ condition: 'not-allowed' });
  await vi.waitFor(() => expect(past()).rejects.toMatchObject({ condition: 'forbidden' }), { timeout: 10_000 });
}, 90_000);
