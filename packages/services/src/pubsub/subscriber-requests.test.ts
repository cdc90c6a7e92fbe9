import { StanzaError } from '@thingward/xmpp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ENTRY, event, form, type PubSubActor, PubSubStage, pubsub, refusal } from '../../test/pubsub-stage.ts';

const FRANCISCO = 'francisco@denmark.lit';
const SUBSCRIBE = `<subscribe node='princely_musings' jid='${FRANCISCO}'/>`;

let stage: PubSubStage;
let hamlet: PubSubActor;
let francisco: PubSubActor;
beforeEach(async () => {
  stage = await PubSubStage.open();
  hamlet = stage.actor('hamlet@denmark.lit/elsinore');
  francisco = stage.actor(`${FRANCISCO}/barracks`);
  await hamlet.sets(`<create node='princely_musings'/>`);
});
afterEach(() => stage.close());

const publish = (id: string, payload = ENTRY) =>
  hamlet.sets(`<publish node='princely_musings'><item id='${id}'>${payload}</item></publish>`);
const configure = (fields: Record<string, string | string[]>) =>
  hamlet.setsAsOwner(`<configure node='princely_musings'>${form('node_config', fields)}</configure>`);
const affiliate = (jid: string, affiliation: string) =>
  hamlet.setsAsOwner(
    `<affiliations node='princely_musings'><affiliation jid='${jid}' affiliation='${affiliation}'/></affiliations>`,
  );
const subidIn = (answer: string) => / subid='([^']+)'/.exec(answer)?.[1] ?? '';

describe('subscribing (XEP-0060 §6.1)', () => {
  it('is answered with the subscription and its SubID (examples 22, 23)', async () => {
    const answer = await francisco.sets(SUBSCRIBE);
    expect(answer).toBe(
      pubsub(
        `<subscription node='princely_musings' jid='${FRANCISCO}' subid='${subidIn(answer)}' subscription='subscribed'/>`,
      ),
    );
    expect(subidIn(answer)).not.toBe('');
    // A second time the state is what it was.
    expect(await francisco.sets(SUBSCRIBE)).toBe(answer);
  });

  it('is refused as its errors say (examples 24 - 34)', async () => {
    const subscribe = (who: PubSubActor, jid: string, node = 'princely_musings') =>
      refusal(who.sets(`<subscribe node='${node}' jid='${jid}'/>`));
    expect(await subscribe(francisco, 'bernardo@denmark.lit')).toBe('modify bad-request invalid-jid');
    expect(await subscribe(francisco, '@')).toBe('modify bad-request invalid-jid');
    expect(await refusal(francisco.sets(`<subscribe node='princely_musings'/>`))).toBe(
      'modify bad-request jid-required',
    );
    expect(await refusal(francisco.sets(`<subscribe jid='${FRANCISCO}'/>`))).toBe('modify bad-request nodeid-required');
    expect(await subscribe(francisco, FRANCISCO, 'nothing')).toBe('cancel item-not-found');
    await affiliate(FRANCISCO, 'outcast');
    expect(await subscribe(francisco, FRANCISCO)).toBe('auth forbidden');
    await affiliate(FRANCISCO, 'publish-only');
    expect(await subscribe(francisco, FRANCISCO)).toBe('auth forbidden');
    await affiliate(FRANCISCO, 'none');
    await configure({ 'pubsub#access_model': 'whitelist' });
    expect(await subscribe(francisco, FRANCISCO)).toBe('cancel not-allowed closed-node');
    await affiliate(FRANCISCO, 'member');
    await configure({ 'pubsub#subscribe': '0' });
    expect(await subscribe(francisco, FRANCISCO)).toBe('cancel feature-not-implemented unsupported subscribe');
    await configure({ 'pubsub#subscribe': '1' });
    expect(await subscribe(francisco, `${FRANCISCO}/barracks`)).toContain("subscription='subscribed'");
  });

  it('is refused where there are too many (example 32)', async () => {
    await stage.start({ limits: { subscriptionsPerJid: 2, subscriptionsPerNode: 3 } });
    await francisco.sets(SUBSCRIBE);
    const subscribe = (who: string, resource: string) =>
      refusal(
        stage
          .actor(`${who}@denmark.lit/r`)
          .sets(`<subscribe node='princely_musings' jid='${who}@denmark.lit/${resource}'/>`),
      );
    await subscribe('francisco', 'a');
    expect(await subscribe('francisco', 'b')).toBe('wait policy-violation too-many-subscriptions');
    await subscribe('bernardo', 'a');
    expect(await subscribe('horatio', 'a')).toBe('wait resource-constraint');
  });

  it('is refused where the node has moved to (example 35)', async () => {
    await hamlet.setsAsOwner(
      `<delete node='princely_musings'><redirect uri='xmpp:hamlet@denmark.lit?;node=blog'/></delete>`,
    );
    const error = await francisco.sets(SUBSCRIBE).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(StanzaError);
    expect(error).toMatchObject({ type: 'modify', condition: 'gone', address: 'xmpp:hamlet@denmark.lit?;node=blog' });
    await hamlet.sets(`<create node='princely_musings'/>`);
    expect(await francisco.sets(SUBSCRIBE)).toContain("subscription='subscribed'");
  });

  it('waits for approval where the node wants that (examples 30, 37)', async () => {
    await configure({ 'pubsub#access_model': 'authorize' });
    const answer = await francisco.sets(SUBSCRIBE);
    expect(answer).toContain("subscription='pending'");
    expect(await refusal(francisco.sets(SUBSCRIBE))).toBe('auth not-authorized pending-subscription');
    await publish('1');
    expect(await stage.eventsTo(FRANCISCO)).toEqual([]);
    await affiliate('horatio@denmark.lit', 'member');
    const horatio = stage.actor('horatio@denmark.lit/r');
    expect(await horatio.sets(`<subscribe node='princely_musings' jid='horatio@denmark.lit'/>`)).toContain(
      "subscription='subscribed'",
    );
  });

  it('brings the last item, with its time (example 42)', async () => {
    await publish('first');
    stage.now += 5000;
    await publish('ae890ac52d0df67ed7cfdf51b644e901');
    stage.now += 60_000;
    await francisco.sets(SUBSCRIBE);
    const [message, ...others] = await stage.sentTo(FRANCISCO);
    expect(others).toEqual([]);
    expect(message?.attribute('type')).toBe('headline');
    expect(message?.elements.map(String)).toEqual([
      event(`<items node='princely_musings'><item id='ae890ac52d0df67ed7cfdf51b644e901'>${ENTRY}</item></items>`),
      "<delay xmlns='urn:xmpp:delay' stamp='2003-12-13T18:30:07.000Z'/>",
    ]);
    await configure({ 'pubsub#send_last_published_item': 'never' });
    await stage.actor('bernardo@denmark.lit/r').sets(`<subscribe node='princely_musings' jid='bernardo@denmark.lit'/>`);
    expect(await stage.eventsTo('bernardo@denmark.lit')).toEqual([]);
  });
});

describe('unsubscribing (XEP-0060 §6.2)', () => {
  it('is answered with the state (examples 43, 44)', async () => {
    const subid = subidIn(await francisco.sets(SUBSCRIBE));
    const request = (rest: string) => `<unsubscribe node='princely_musings' jid='${FRANCISCO}'${rest}/>`;
    expect(await refusal(francisco.sets(request(` subid='991d7fd1'`)))).toBe('modify not-acceptable invalid-subid');
    expect(await francisco.sets(request(` subid='${subid}'`))).toBe(
      pubsub(`<subscription node='princely_musings' jid='${FRANCISCO}' subscription='none' subid='${subid}'/>`),
    );
    await publish('1');
    expect(await stage.eventsTo(FRANCISCO)).toEqual([]);
  });

  it('is refused as its errors say (examples 46 - 49)', async () => {
    const unsubscribe = (who: PubSubActor, node: string) =>
      refusal(who.sets(`<unsubscribe node='${node}' jid='${FRANCISCO}'/>`));
    expect(await unsubscribe(francisco, 'princely_musings')).toBe('cancel unexpected-request not-subscribed');
    expect(await unsubscribe(francisco, 'nothing')).toBe('cancel item-not-found');
    await francisco.sets(SUBSCRIBE);
    expect(await unsubscribe(hamlet, 'princely_musings')).toBe('auth forbidden');
  });
});

describe('subscription options (XEP-0060 §6.3, §6.4)', () => {
  const OPTIONS = `<options node='princely_musings' jid='${FRANCISCO}'/>`;
  const submit = (fields: Record<string, string | string[]>) =>
    francisco.sets(
      `<options node='princely_musings' jid='${FRANCISCO}'>${form('subscribe_options', fields)}</options>`,
    );

  it('are given as a form and taken back (examples 51 - 53, 60, 61)', async () => {
    await francisco.sets(SUBSCRIBE);
    const asked = await francisco.gets(OPTIONS);
    for (const part of ["type='form'", "var='pubsub#deliver'", "var='pubsub#expire'", "var='pubsub#show-values'"]) {
      expect(asked).toContain(part);
    }
    expect(asked).not.toContain('digest');
    expect(
      await submit({
        'pubsub#deliver': '0',
        'pubsub#digest': '0',
        'pubsub#include_body': 'false',
        'pubsub#show-values': ['chat', 'online', 'away'],
      }),
    ).toBe('');
    expect(await francisco.gets(OPTIONS)).toContain('<value>0</value>');
    await publish('1');
    expect(await stage.eventsTo(FRANCISCO)).toEqual([]);
    await submit({ 'pubsub#deliver': '1', 'pubsub#show-values': ['chat', 'online', 'away', 'xa', 'dnd'] });
    await publish('2');
    expect(await stage.eventsTo(FRANCISCO)).toHaveLength(1);
  });

  it('are refused as the errors say (examples 54 - 59, 62)', async () => {
    expect(await refusal(francisco.gets(OPTIONS))).toBe('cancel unexpected-request not-subscribed');
    await francisco.sets(SUBSCRIBE);
    expect(await refusal(hamlet.gets(OPTIONS))).toBe('auth forbidden');
    expect(await refusal(francisco.gets(`<options node='princely_musings'/>`))).toBe('modify bad-request jid-required');
    expect(await refusal(francisco.gets(`<options node='nothing' jid='${FRANCISCO}'/>`))).toBe('cancel item-not-found');
    expect(await refusal(francisco.gets(`<options node='princely_musings' jid='${FRANCISCO}' subid='x'/>`))).toBe(
      'modify not-acceptable invalid-subid',
    );
    const wrong: Record<string, string | string[]>[] = [
      { 'pubsub#deliver': 'perhaps' },
      { 'pubsub#deliver': ['1', '0'] },
      { 'pubsub#show-values': 'asleep' },
      { 'pubsub#expire': 'tomorrow' },
    ];
    for (const fields of wrong) {
      expect(await refusal(submit(fields))).toBe('modify bad-request invalid-options');
    }
    expect(await refusal(francisco.sets(OPTIONS))).toBe('modify bad-request');
  });

  it('are set along with subscribing (examples 63, 64)', async () => {
    const options = form('subscribe_options', { 'pubsub#deliver': '1', 'pubsub#digest': '0' });
    const answer = await francisco.sets(`${SUBSCRIBE}<options>${options}</options>`);
    expect(answer).toContain("subscription='subscribed'");
    expect(answer).toContain("<x xmlns='jabber:x:data' type='result'>");
    for (const wrong of [`<options jid='${FRANCISCO}'>${options}</options>`, `<configure>${options}</configure>`]) {
      expect(await refusal(francisco.sets(`${SUBSCRIBE}${wrong}`))).toBe('modify bad-request');
    }
    expect(await refusal(francisco.sets(`<options>${options}</options>${SUBSCRIBE}`))).toContain('modify bad-request');
  });

  it('have defaults that can be asked for (examples 65 - 67)', async () => {
    for (const request of [`<default node='princely_musings'/>`, '<default/>']) {
      const answer = await francisco.gets(request);
      expect(answer).toContain("type='result'");
      expect(answer).toContain("<field var='pubsub#deliver'><value>1</value></field>");
    }
  });

  it('can make a subscription a lease (XEP-0060 §12.18)', async () => {
    await stage.start({ limits: { leaseMs: 3_600_000 } });
    await francisco.sets(SUBSCRIBE);
    // Longer than allowed: brought down to what is.
    await submit({ 'pubsub#expire': '2006-02-28T11:59:59Z' });
    expect(await francisco.gets(OPTIONS)).toContain('<value>2003-12-13T19:30:02.000Z</value>');
    await publish('1');
    expect(await stage.eventsTo(FRANCISCO)).toHaveLength(1);
    stage.now += 3_600_000;
    await publish('2');
    expect(await stage.eventsTo(FRANCISCO)).toEqual([]);
    // A new start sweeps at once.
    await stage.start();
    expect(await stage.eventsTo(FRANCISCO)).toEqual([
      expect.stringMatching(/<subscription .*node='princely_musings' .*subscription='none'\/>/),
    ]);
    expect(await francisco.gets('<subscriptions/>')).toBe(pubsub('<subscriptions/>'));
  });
});

describe('presence (XEP-0060 §12.5, §12.6)', () => {
  it('is asked for where it matters, and decides who is notified', async () => {
    await configure({ 'pubsub#presence_based_delivery': '1' });
    await francisco.sets(SUBSCRIBE);
    expect((await stage.sentTo(FRANCISCO, 'presence')).map((sent) => sent.attribute('type'))).toEqual([
      'subscribe',
      'probe',
    ]);
    await publish('1');
    expect(await stage.eventsTo(FRANCISCO)).toEqual([]);
    francisco.shows();
    await stage.eventsTo('nobody');
    await publish('2');
    expect(await stage.eventsTo(FRANCISCO)).toHaveLength(1);
    francisco.shows('unavailable');
    await stage.eventsTo('nobody');
    await publish('3');
    expect(await stage.eventsTo(FRANCISCO)).toEqual([]);
  });

  it('brings the last item to who comes online, once', async () => {
    await configure({ 'pubsub#send_last_published_item': 'on_sub_and_presence' });
    await francisco.sets(SUBSCRIBE);
    await publish('1');
    await stage.eventsTo(FRANCISCO);
    francisco.shows();
    expect(await stage.eventsTo(`${FRANCISCO}/barracks`)).toHaveLength(1);
    francisco.shows();
    expect(await stage.eventsTo(`${FRANCISCO}/barracks`)).toEqual([]);
  });

  it('ends temporary subscriptions (example of §12.5)', async () => {
    await francisco.sets(
      `${SUBSCRIBE}<options>${form('subscribe_options', { 'pubsub#expire': 'presence' })}</options>`,
    );
    francisco.shows();
    await publish('1');
    expect(await stage.eventsTo(FRANCISCO)).toHaveLength(1);
    francisco.shows('unavailable');
    await stage.eventsTo('nobody');
    expect(await francisco.gets('<subscriptions/>')).toBe(pubsub('<subscriptions/>'));
  });

  it('takes the items of a publisher along where the node wants that', async () => {
    await configure({ 'pubsub#purge_offline': '1', 'pubsub#notify_retract': '1' });
    await francisco.sets(SUBSCRIBE);
    hamlet.shows();
    await publish('1');
    hamlet.shows('unavailable');
    const events = await stage.eventsTo(FRANCISCO);
    expect(events.at(-1)).toBe(event(`<items node='princely_musings'><retract id='1'/></items>`));
    expect(await francisco.gets(`<items node='princely_musings'/>`)).toBe(pubsub(`<items node='princely_musings'/>`));
  });
});

describe('retrieving items (XEP-0060 §6.5)', () => {
  const items = (...ids: string[]) => ids.map((id) => `<item id='${id}'>${ENTRY}</item>`).join('');
  const get = (attributes = '', content = '', set = '') =>
    francisco.gets(`<items node='princely_musings'${attributes}>${content}</items>${set}`);
  const rsm = (content: string) => `<set xmlns='http://jabber.org/protocol/rsm'>${content}</set>`;

  it('returns all, some by id, the newest, or none (examples 70, 71, 74 - 79, 90)', async () => {
    expect(await get()).toBe(pubsub(`<items node='princely_musings'/>`));
    for (const id of ['a', 'b', 'c']) await publish(id);
    expect(await get()).toBe(pubsub(`<items node='princely_musings'>${items('a', 'b', 'c')}</items>`));
    expect(await get('', `<item id='c'/><item id='none'/><item id='a'/>`)).toBe(
      pubsub(`<items node='princely_musings'>${items('c', 'a')}</items>`),
    );
    expect(await get(` max_items='2'`)).toBe(pubsub(`<items node='princely_musings'>${items('b', 'c')}</items>`));
    expect(await get(` max_items='9'`)).toBe(pubsub(`<items node='princely_musings'>${items('a', 'b', 'c')}</items>`));
    // An item published again is the newest.
    await publish('a');
    expect(await get(` max_items='1'`)).toBe(pubsub(`<items node='princely_musings'>${items('a')}</items>`));
    expect(await refusal(get(` max_items='0'`))).toBe('modify bad-request');
    expect(await refusal(get('', '<item/>'))).toBe('modify bad-request item-required');
  });

  it('returns pages (example 73, XEP-0059)', async () => {
    for (const id of ['a', 'b', 'c', 'd']) await publish(id);
    const page = (ids: string[], index: number) =>
      pubsub(
        `<items node='princely_musings'>${items(...ids)}</items>` +
          rsm(`<first index='${index}'>${ids[0]}</first><last>${ids.at(-1)}</last><count>4</count>`),
      );
    expect(await get('', '', rsm('<max>3</max>'))).toBe(page(['a', 'b', 'c'], 0));
    expect(await get('', '', rsm('<max>3</max><after>c</after>'))).toBe(page(['d'], 3));
    expect(await get('', '', rsm('<max>2</max><before/>'))).toBe(page(['c', 'd'], 2));
    expect(await get('', '', rsm('<max>2</max><before>c</before>'))).toBe(page(['a', 'b'], 0));
    expect(await get('', '', rsm('<max>1</max><index>2</index>'))).toBe(page(['c'], 2));
    expect(await get('', '', rsm('<max>0</max>'))).toBe(
      pubsub(`<items node='princely_musings'/>${rsm('<count>4</count>')}`),
    );
    expect(await refusal(get('', '', rsm('<after>x</after>')))).toBe('cancel item-not-found');
    expect(await refusal(get('', '', rsm('<max>-1</max>')))).toBe('modify bad-request');
  });

  it('says when there is more than fits', async () => {
    await stage.start({ limits: { answerBytes: 1000 } });
    const long = `<entry xmlns='http://www.w3.org/2005/Atom'>${'x'.repeat(400)}</entry>`;
    for (const id of ['a', 'b', 'c']) await publish(id, long);
    expect(await get()).toContain("<first index='0'>a</first><last>a</last><count>3</count>");
    expect(await get(` max_items='3'`)).toContain("<first index='2'>c</first><last>c</last><count>3</count>");
  });

  it('is refused as its errors say (examples 80 - 89)', async () => {
    await francisco.sets(SUBSCRIBE);
    expect(await refusal(get(` subid='wrong'`))).toBe('modify not-acceptable invalid-subid');
    await francisco.sets(`<unsubscribe node='princely_musings' jid='${FRANCISCO}'/>`);
    await configure({ 'pubsub#access_model': 'authorize' });
    expect(await refusal(get())).toBe('auth not-authorized not-subscribed');
    await francisco.sets(SUBSCRIBE);
    expect(await refusal(get())).toBe('auth not-authorized not-subscribed');
    await configure({ 'pubsub#access_model': 'whitelist' });
    expect(await refusal(get())).toBe('cancel not-allowed closed-node');
    await configure({ 'pubsub#access_model': 'open', 'pubsub#persist_items': '0' });
    expect(await refusal(get())).toBe('cancel feature-not-implemented unsupported persistent-items');
    await affiliate(FRANCISCO, 'outcast');
    expect(await refusal(get())).toBe('auth forbidden');
    expect(await refusal(francisco.gets(`<items node='nothing'/>`))).toBe('cancel item-not-found');
    expect(await refusal(francisco.gets('<items/>'))).toBe('modify bad-request nodeid-required');
  });
});

describe('rosters (XEP-0060 §4.5, examples 25, 26, 85, 86)', () => {
  it('decide where they are known, at once when they change', async () => {
    let groups: readonly string[] | undefined;
    await stage.start({
      contact: (owner) => {
        expect(owner.toString()).toBe('hamlet@denmark.lit');
        return { isSubscribedToPresence: groups !== undefined, rosterGroups: groups ?? [] };
      },
    });
    await configure({ 'pubsub#access_model': 'presence' });
    const items = () => refusal(francisco.gets(`<items node='princely_musings'/>`));
    expect(await refusal(francisco.sets(SUBSCRIBE))).toBe('auth not-authorized presence-subscription-required');
    expect(await items()).toBe('auth not-authorized presence-subscription-required');
    await configure({ 'pubsub#access_model': 'roster', 'pubsub#roster_groups_allowed': ['friends', 'servants'] });
    groups = ['enemies'];
    expect(await refusal(francisco.sets(SUBSCRIBE))).toBe('auth not-authorized not-in-roster-group');
    expect(await items()).toBe('auth not-authorized not-in-roster-group');
    groups = ['enemies', 'friends'];
    await francisco.sets(SUBSCRIBE);
    await publish('1');
    expect(await stage.eventsTo(FRANCISCO)).toHaveLength(1);
    groups = ['enemies'];
    await publish('2');
    // Not the item, but the end of the subscription.
    expect(await stage.eventsTo(FRANCISCO)).toEqual([expect.stringContaining("subscription='none'")]);
    expect(await francisco.gets('<subscriptions/>')).toBe(pubsub('<subscriptions/>'));
  });

  it('are no access model where they are not', async () => {
    expect(await refusal(configure({ 'pubsub#access_model': 'presence' }))).toBe(
      'modify not-acceptable unsupported-access-model',
    );
  });
});

describe('notifications that come back (XEP-0060 §12.4)', () => {
  it('end the subscription of who is gone', async () => {
    const full = `${FRANCISCO}/barracks`;
    await francisco.sets(`<subscribe node='princely_musings' jid='${full}'/>`);
    const bernardo = stage.actor('bernardo@denmark.lit');
    await bernardo.sets(`<subscribe node='princely_musings' jid='bernardo@denmark.lit'/>`);
    await publish('1');
    const id = (await stage.sentTo(full))[0]?.attribute('id') ?? '';
    expect(id).not.toBe('');
    francisco.bounces(id, new StanzaError('service-unavailable'));
    // An account may be offline only.
    bernardo.bounces(id, new StanzaError('service-unavailable'));
    bernardo.bounces('ps1-00000000-zz', new StanzaError('recipient-unavailable'));
    await stage.eventsTo('bernardo@denmark.lit');
    await publish('2');
    expect(await stage.eventsTo(full)).toEqual([]);
    expect(await stage.eventsTo('bernardo@denmark.lit')).toHaveLength(1);
    bernardo.bounces(id, new StanzaError('gone'));
    await stage.eventsTo('nobody');
    expect(await bernardo.gets('<subscriptions/>')).toBe(pubsub('<subscriptions/>'));
  });
});
