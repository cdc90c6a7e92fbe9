import { PubSubService, type PubSubTables, pubsubMigrations } from '@thingward/services';
import type { Kysely } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ServiceEnvironment } from '../src/index.ts';
import { type Actor, befriend, Stage } from './conversation.ts';

const PUBSUB = 'http://jabber.org/protocol/pubsub';
const READING = `<fields xmlns='urn:xmpp:iot:sensordata' seqnr='1'/>`;
const request = (id: string, type: 'get' | 'set', content: string, kind = '') =>
  `<iq type='${type}' id='${id}' to='pubsub.localhost'><pubsub xmlns='${PUBSUB}${kind}'>${content}</pubsub></iq>`;
const result = (id: string, content = '') =>
  `<iq type='result' id='${id}' from='pubsub.localhost'>${content && `<pubsub xmlns='${PUBSUB}'>${content}</pubsub>`}</iq>`;
const publish = (id: string) =>
  request(id, 'set', `<publish node='meter'><item id='${id}'>${READING}</item></publish>`);
const event = (id: string, to: string) =>
  `<message from='pubsub.localhost' to='${to}' type='headline'><event xmlns='${PUBSUB}#event'><items node='meter'><item id='${id}'>${READING}</item></items></event></message>`;

const create = (options: Readonly<Record<string, string>>) => {
  const fields = Object.entries(options).map(
    ([name, value]) => `<field var='pubsub#${name}'><value>${value}</value></field>`,
  );
  const form = `<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>${PUBSUB}#node_config</value></field>${fields.join('')}</x>`;
  return request('c', 'set', `<create node='meter'/><configure>${form}</configure>`);
};
const ended = (jid: string) =>
  `<message to='${jid}'><event xmlns='${PUBSUB}#event'><subscription node='meter' jid='${jid}' subscription='none'/></event></message>`;

let stage: Stage;
let romeo: Actor;
let juliet: Actor;
beforeEach(async () => {
  const service = {
    name: 'pubsub',
    title: 'Publish-Subscribe',
    migrations: pubsubMigrations,
    create: (
      peer: ConstructorParameters<typeof PubSubService>[0]['peer'],
      database: Kysely<never>,
      _log: unknown,
      _settings: unknown,
      environment?: ServiceEnvironment,
    ) =>
      new PubSubService({
        peer,
        database: database as unknown as Kysely<PubSubTables>,
        ...(environment ? { contact: environment.contact } : {}),
      }),
  };
  stage = await Stage.open({}, { services: [service] });
  romeo = await stage.present('romeo', 'orchard');
  juliet = await stage.present('juliet', 'balcony');
});
afterEach(() => stage.close());

const subscribe = async (who: Actor, jid: string) => {
  who.sends(request('s', 'set', `<subscribe node='meter' jid='${jid}'/>`));
  await who.receives(result('s', `<subscription node='meter' jid='${jid}' subscription='subscribed'/>`));
};

describe('publish-subscribe on the server', () => {
  it('takes readings to all who have subscribed, under whatever address', async () => {
    romeo.sends(request('c', 'set', `<create node='meter'/>`));
    await romeo.receives(result('c', `<create node='meter'/>`));
    const chamber = await stage.present('juliet', 'chamber');
    await subscribe(juliet, 'juliet@localhost');
    await subscribe(romeo, 'romeo@localhost/orchard');
    romeo.sends(publish('1') + publish('2'));
    await romeo.receives(event('1', 'romeo@localhost/orchard'));
    await romeo.receives(event('2', 'romeo@localhost/orchard'));
    for (const actor of [juliet, chamber]) {
      // A headline for the account goes to each of its clients, in order.
      await actor.receives(event('1', 'juliet@localhost'));
      await actor.receives(event('2', 'juliet@localhost'));
    }
  });

  it('writes a payload once, and rightly, for everybody', async () => {
    romeo.sends(request('c', 'set', `<create node='meter'/>`));
    await subscribe(juliet, 'juliet@localhost/balcony');
    await subscribe(romeo, 'romeo@localhost/orchard');
    romeo.sends(
      request(
        '1',
        'set',
        `<publish node='meter'><item id='1'><p xmlns='urn:p' a='&lt;&apos;'>ö &amp; 🌹</p></item></publish>`,
      ),
    );
    for (const [actor, to] of [
      [juliet, 'juliet@localhost/balcony'],
      [romeo, 'romeo@localhost/orchard'],
    ] as const) {
      await actor.receives(
        `<message to='${to}'><event xmlns='${PUBSUB}#event'><items node='meter'><item id='1'><p xmlns='urn:p' a="&lt;'">ö &amp; 🌹</p></item></items></event></message>`,
      );
    }
  });

  it('forgets a resource that is gone', async () => {
    romeo.sends(request('c', 'set', `<create node='meter'/>`));
    const window = await stage.present('juliet', 'window');
    await subscribe(window, 'juliet@localhost/window');
    window.leaves();
    await juliet.receives(`<presence type='unavailable' from='juliet@localhost/window'/>`);
    romeo.sends(publish('1'));
    await romeo.receives(result('1'));
    const listed = async () => {
      romeo.sends(request('l', 'get', `<subscriptions node='meter'/>`, '#owner'));
      const answer = await romeo.receives(`<iq type='result' id='l'/>`);
      return answer.child('pubsub', `${PUBSUB}#owner`)?.child('subscriptions')?.elements.length;
    };
    await expect.poll(listed).toBe(0);
  });

  it('keeps nodes, items and subscriptions over a restart', async () => {
    romeo.sends(request('c', 'set', `<create node='meter'/>`));
    await subscribe(juliet, 'juliet@localhost');
    romeo.sends(publish('1'));
    await romeo.receives(result('1'));
    await stage.server.stop();
    await stage.start();
    [romeo, juliet] = [await stage.present('romeo'), await stage.present('juliet')];
    romeo.sends(publish('2'));
    await juliet.receives(event('2', 'juliet@localhost'));
    juliet.sends(request('i', 'get', `<items node='meter'/>`));
    await juliet.receives(
      result('i', `<items node='meter'><item id='1'>${READING}</item><item id='2'>${READING}</item></items>`),
    );
  });

  it('lets in who is in a group of the roster of the owner, as long as it is', async () => {
    const groups = (id: string, group: string) =>
      romeo.sends(
        `<iq type='set' id='${id}'><query xmlns='jabber:iq:roster'><item jid='juliet@localhost'><group>${group}</group></item></query></iq>`,
      );
    const refused = (id: string) =>
      juliet.receives(
        `<iq type='error' id='${id}'><error type='auth'><not-authorized xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/><not-in-roster-group xmlns='${PUBSUB}#errors'/></error></iq>`,
      );
    await befriend(romeo, juliet);
    romeo.sends(create({ access_model: 'roster', roster_groups_allowed: 'Operators' }));
    await romeo.receives(result('c', `<create node='meter'/>`));
    juliet.sends(request('s', 'set', `<subscribe node='meter' jid='juliet@localhost'/>`));
    await refused('s');
    groups('g1', 'Operators');
    await romeo.receives(`<iq type='result' id='g1'/>`);
    await subscribe(juliet, 'juliet@localhost');
    romeo.sends(publish('1'));
    await juliet.receives(event('1', 'juliet@localhost'));
    groups('g2', 'Friends');
    await romeo.receives(`<iq type='result' id='g2'/>`);
    romeo.sends(publish('2'));
    await juliet.receives(ended('juliet@localhost'));
    juliet.sends(request('i', 'get', `<items node='meter'/>`));
    await refused('i');
  });

  it('cuts the subscription of who is taken from the list', async () => {
    const list = (id: string, affiliation: string) =>
      request(
        id,
        'set',
        `<affiliations node='meter'><affiliation jid='juliet@localhost' affiliation='${affiliation}'/></affiliations>`,
        '#owner',
      );
    romeo.sends(create({ access_model: 'whitelist' }));
    await romeo.receives(result('c', `<create node='meter'/>`));
    romeo.sends(list('a1', 'member'));
    await romeo.receives(`<iq type='result' id='a1'/>`);
    await subscribe(juliet, 'juliet@localhost/balcony');
    romeo.sends(list('a2', 'none') + publish('1'));
    await juliet.receives(ended('juliet@localhost/balcony'));
    await juliet.doesNotReceive(event('1', 'juliet@localhost/balcony'));
  });
});
