import {
  nodeAffiliations,
  nodeConfiguration,
  nodeSubscriptions,
  retrieveItems,
  subscribeToNode,
} from '@thingward/xmpp';
import { describe, expect, it, vi } from 'vitest';
import { METER, NODE, PublicationStage, reading } from '../../test/publication-stage.ts';
import { refusal, settled } from '../../test/pubsub-stage.ts';

const ROMEO = 'romeo@montague.lit';
const ORCHARD = `${ROMEO}/orchard`;
const JULIET = 'juliet@capulet.lit';
const BALCONY = `${JULIET}/balcony`;

describe('a Thing at a service of publish-subscribe', () => {
  it('makes its node for those who may read it', async () => {
    const stage = await PublicationStage.open({ title: 'Meter', maxItems: 3 }, { [ROMEO]: true, [JULIET]: false });
    await stage.publishes(1, 2, 3, 4);
    const form = await nodeConfiguration(stage.meter.peer, NODE);
    const value = (name: string) => form.fields.find((field) => field.var === `pubsub#${name}`)?.values?.join();
    expect([value('access_model'), value('max_items'), value('title'), value('type')]).toEqual([
      'whitelist',
      '3',
      'Meter',
      'urn:xmpp:iot:sensordata',
    ]);
    const affiliations = (await nodeAffiliations(stage.meter.peer, NODE)).map(
      ({ jid, affiliation }) => `${jid} ${affiliation}`,
    );
    expect(affiliations.sort()).toEqual([`${METER} owner`, `${ROMEO} member`]);
    const items = await retrieveItems(stage.pubsub.actor(ORCHARD).peer, NODE, { newest: 10 });
    expect(items.map(({ id }) => id?.split('.')[1])).toEqual(['2', '3', '4']);
    expect(await refusal(retrieveItems(stage.pubsub.actor(BALCONY).peer, NODE, { newest: 1 }))).toBe(
      'cancel not-allowed closed-node',
    );
  });

  it('gives the last value, and then the next ones, and ends a subscription at once', async () => {
    const stage = await PublicationStage.open({}, { [ROMEO]: true, [JULIET]: true });
    await stage.publishes(1, 2);
    const romeo = stage.follows(ORCHARD);
    const juliet = stage.follows(BALCONY, { retained: 5 });
    await vi.waitFor(() => expect(juliet.seen).toEqual(['1', '2']));
    await stage.publishes(3);
    await vi.waitFor(() => expect(romeo.seen).toEqual(['2', '3']));
    stage.allows(ROMEO, false);
    await stage.publishes(4);
    expect(await romeo.ended).toMatchObject({ name: 'PublicationEndedError', code: 'access-ended' });
    await vi.waitFor(() => expect(juliet.seen).toEqual(['1', '2', '3', '4']));
    expect(romeo.seen).toEqual(['2', '3']);
    expect((await nodeSubscriptions(stage.meter.peer, NODE)).map(({ jid }) => jid.toString())).toEqual([BALCONY]);
  });

  it('publishes nothing until the service knows that somebody may not read it any more', async () => {
    const stage = await PublicationStage.open({}, { [ROMEO]: true });
    await stage.publishes(1);
    const { seen } = stage.follows(ORCHARD);
    await vi.waitFor(() => expect(seen).toEqual(['1']));
    await stage.pubsub.service.stop();
    stage.allows(ROMEO, false);
    stage.publisher.offer([reading(2)]);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(stage.publisher.published).toBe(1);
    await stage.pubsub.start();
    await vi.waitFor(() => expect(stage.publisher.published).toBe(2));
    await settled();
    expect(seen).toEqual(['1']);
  });

  it('lets restricted readers in where the node has nothing else', async () => {
    const filter = { names: ['Power'], types: [], minIntervalMs: 0, changes: [] };
    const stage = await PublicationStage.open(
      { filter },
      { [ROMEO]: { names: ['Power', 'Energy'] }, [JULIET]: { names: ['Energy'] } },
    );
    await stage.publishes(1);
    const members = (await nodeAffiliations(stage.meter.peer, NODE)).filter(
      ({ affiliation }) => affiliation === 'member',
    );
    expect(members.map(({ jid }) => jid.toString())).toEqual([ROMEO]);
    stage.publisher.offer([reading(2, 'Energy')]);
    expect(stage.queue.next()).toBeUndefined();
  });

  it('decides about each subscriber, also about those who asked while it was away', async () => {
    const stage = await PublicationStage.open({ access: { kind: 'authorize' } }, {});
    stage.readers.set(ROMEO, true);
    await stage.publishes(1);
    const { seen } = stage.follows(ORCHARD);
    await vi.waitFor(() => expect(seen).toEqual(['1']));
    const juliet = stage.follows(BALCONY);
    expect(await juliet.ended).toMatchObject({ code: 'access-ended' });
    stage.meter.peer.disconnect();
    const nurse = stage.pubsub.actor('nurse@capulet.lit/hall').peer;
    expect((await subscribeToNode(nurse, NODE, nurse.jid)).state).toBe('pending');
    stage.readers.set('nurse@capulet.lit', true);
    stage.pubsub.network.connect(stage.meter.peer);
    stage.publisher.accessChanged();
    await vi.waitFor(async () => {
      expect((await retrieveItems(nurse, NODE, { newest: 1 })).length).toBe(1);
    });
  });

  it('does not publish to a node that somebody has opened up: it closes it first', async () => {
    const stage = await PublicationStage.open({}, {});
    await stage.publishes(1);
    const open = `<configure node='${NODE.node}'><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>http://jabber.org/protocol/pubsub#node_config</value></field><field var='pubsub#access_model'><value>open</value></field></x></configure>`;
    await stage.meter.setsAsOwner(open);
    const curious = stage.pubsub.actor(BALCONY);
    await subscribeToNode(curious.peer, NODE, curious.peer.jid);
    await stage.pubsub.eventsTo(BALCONY);
    await stage.publishes(2);
    const events = await stage.pubsub.eventsTo(BALCONY);
    expect(events.join()).not.toContain("value='2'");
    expect(events.join()).toContain("subscription='none'");
  });

  it('publishes nothing to a node of the same name that is not its own', async () => {
    const squatter = 'other@denmark.lit';
    const stage = await PublicationStage.open({}, {}, {}, (pubsub) =>
      pubsub.actor(squatter).sets(`<create node='${NODE.node}'/>`),
    );
    stage.publisher.offer([reading(1)]);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const other = stage.pubsub.actor(squatter);
    expect(await retrieveItems(other.peer, NODE, { newest: 1 })).toEqual([]);
    expect(stage.publisher.published).toBe(0);
    await other.setsAsOwner(`<delete node='${NODE.node}'/>`);
    await vi.waitFor(() => expect(stage.publisher.published).toBe(1));
    expect(await refusal(retrieveItems(other.peer, NODE, { newest: 1 }))).toBe('cancel not-allowed closed-node');
  });

  it('asks for what was missed, and says what can not be had any more', async () => {
    const stage = await PublicationStage.open({ maxItems: 3 }, { [ROMEO]: true });
    await stage.publishes(1);
    const { seen } = stage.follows(ORCHARD);
    await vi.waitFor(() => expect(seen).toEqual(['1']));
    const { peer } = stage.pubsub.actor(ORCHARD);
    peer.disconnect();
    await stage.publishes(2, 3, 4, 5, 6, 7);
    stage.pubsub.network.connect(peer);
    await stage.publishes(8);
    await vi.waitFor(() => expect(seen).toEqual(['1', { kind: 'gap', missing: 4 }, '6', '7', '8']));
  });

  it('gives each item once, though the answer was lost', async () => {
    const stage = await PublicationStage.open({}, { [ROMEO]: true });
    await stage.publishes(1);
    const { seen } = stage.follows(ORCHARD);
    await vi.waitFor(() => expect(seen).toEqual(['1']));
    stage.queue.put([reading(2)]);
    const batch = stage.queue.next();
    const item = (await retrieveItems(stage.meter.peer, NODE, { newest: 1 }))[0];
    const id = `${batch?.number.epoch}.${batch?.number.number}`;
    const payload = `${item?.payload}`
      .replace("seqnr='1'", "seqnr='2'")
      .replace(':01', ':02')
      .replace("value='1'", "value='2'");
    await stage.meter.sets(`<publish node='${NODE.node}'><item id='${id}'>${payload}</item></publish>`);
    await vi.waitFor(() => expect(seen).toEqual(['1', '2']));
    await stage.publishes(3);
    await vi.waitFor(() => expect(seen.at(-1)).toBe('3'));
    expect(seen).toEqual(['1', '2', '3']);
    const kept = await retrieveItems(stage.meter.peer, NODE, { newest: 10 });
    expect(kept.length).toBe(new Set(kept.map((one) => one.id)).size);
  });

  it('drops what the service will never take, and goes on', async () => {
    const stage = await PublicationStage.open({}, {}, { limits: { payloadBytes: 2000 } });
    await stage.publishes(1);
    const long = { ...reading(2), value: { type: 'string' as const, value: 'x'.repeat(3000) } };
    stage.publisher.offer([long]);
    await vi.waitFor(() => expect(stage.publisher.lost).toBe(1));
    await stage.publishes(3);
    const kept = await retrieveItems(stage.meter.peer, NODE, { newest: 10 });
    expect(kept.map(({ id }) => id?.split('.')[1])).toEqual(['1', '2']);
  });

  it('gathers readings into one item', async () => {
    const stage = await PublicationStage.open({ batchMs: 300 }, {});
    await stage.publishes(1);
    for (const second of [2, 3, 4]) stage.publisher.offer([reading(second)]);
    await vi.waitFor(() => expect(stage.publisher.published).toBe(2));
    const [item] = await retrieveItems(stage.meter.peer, NODE, { newest: 1 });
    expect(item?.payload?.toString().match(/<timestamp /g)?.length).toBe(3);
  });
});
