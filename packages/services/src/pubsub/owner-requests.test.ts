import { parseElement } from '@thingward/xml';
import { decodeDataForm, formValues } from '@thingward/xmpp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  canonical,
  ENTRY,
  event,
  form,
  owner,
  type PubSubActor,
  PubSubStage,
  pubsub,
  refusal,
} from '../../test/pubsub-stage.ts';

const HAMLET = 'hamlet@denmark.lit';
const FRANCISCO = 'francisco@denmark.lit';
const HORATIO = 'horatio@denmark.lit';
const BARD = 'bard@shakespeare.lit';

let stage: PubSubStage;
let hamlet: PubSubActor;
let francisco: PubSubActor;
let horatio: PubSubActor;
beforeEach(async () => {
  stage = await PubSubStage.open();
  hamlet = stage.actor(`${HAMLET}/elsinore`);
  francisco = stage.actor(`${FRANCISCO}/barracks`);
  horatio = stage.actor(`${HORATIO}/castle`);
});
afterEach(() => stage.close());

const create = (fields?: Record<string, string | string[]>, who = hamlet) =>
  who.sets(`<create node='princely_musings'/>${fields ? `<configure>${form('node_config', fields)}</configure>` : ''}`);
const configure = (fields: Record<string, string | string[]>, who = hamlet) =>
  who.setsAsOwner(`<configure node='princely_musings'>${form('node_config', fields)}</configure>`);
const subscribe = (who: PubSubActor) => who.sets(`<subscribe node='princely_musings' jid='${who.peer.jid.bare}'/>`);
const publish = (id: string) =>
  hamlet.sets(`<publish node='princely_musings'><item id='${id}'>${ENTRY}</item></publish>`);
const setAffiliations = (who: PubSubActor, entries: Record<string, string>) =>
  who.setsAsOwner(
    `<affiliations node='princely_musings'>${Object.entries(entries)
      .map(([jid, affiliation]) => `<affiliation jid='${jid}' affiliation='${affiliation}'/>`)
      .join('')}</affiliations>`,
  );
const setSubscriptions = (who: PubSubActor, entries: Record<string, string>) =>
  who.setsAsOwner(
    `<subscriptions node='princely_musings'>${Object.entries(entries)
      .map(([jid, state]) => `<subscription jid='${jid}' subscription='${state}'/>`)
      .join('')}</subscriptions>`,
  );
const subscriptionEvent = (jid: string, state: string) =>
  expect.stringMatching(new RegExp(`^<event [^>]*><subscription jid='${jid}' .*subscription='${state}'/></event>$`));
const withoutIds = (text: string) => text.replaceAll(/ subid='[^']+'/g, '');

/** Values of the form in an answer. */
function valuesIn(text: string): Record<string, readonly string[] | undefined> {
  const x = parseElement(text).elements[0]?.elements[0];
  if (!x) throw new Error('no form');
  const data = decodeDataForm(x);
  return Object.fromEntries(data.fields.map(({ var: name = '' }) => [name, formValues(data, name)]));
}

describe('creating nodes (XEP-0060 §8.1)', () => {
  it('makes them, with a given id, a made one, or a configuration (examples 119, 125, 126, 128 - 130, 132)', async () => {
    expect(await create()).toBe(pubsub(`<create node='princely_musings'/>`));
    expect(await hamlet.sets('<create/>')).toMatch(/<create node='[^']+'\/>/);
    await hamlet.sets(
      `<create node='other'/><configure>${form('node_config', {
        'pubsub#title': 'Princely Musings (Atom)',
        'pubsub#deliver_notifications': '1',
        'pubsub#item_expire': '604800',
        'pubsub#access_model': 'whitelist',
        'pubsub#send_last_published_item': 'never',
        'pubsub#presence_based_delivery': 'false',
        'pubsub#max_payload_size': '1028',
        'pubsub#body_xslt': 'http://jabxslt.jabberstudio.org/atom_body.xslt',
      })}</configure>`,
    );
    expect(valuesIn(await hamlet.getsAsOwner(`<configure node='other'/>`))).toMatchObject({
      'pubsub#title': ['Princely Musings (Atom)'],
      'pubsub#item_expire': ['604800'],
      'pubsub#access_model': ['whitelist'],
      'pubsub#send_last_published_item': ['never'],
      'pubsub#max_payload_size': ['1028'],
    });
  });

  it('is refused as its errors say (examples 122, 123, 131)', async () => {
    await create();
    expect(await refusal(create())).toBe('cancel conflict');
    expect(await refusal(stage.actor(`${BARD}/globe`).sets(`<create node='x'/>`))).toBe('auth forbidden');
    const configured = (fields: Record<string, string>, rest = '') =>
      refusal(hamlet.sets(`<create node='x'/><configure${rest}>${form('node_config', fields)}</configure>`));
    expect(await configured({ 'pubsub#access_model': 'roster' })).toBe(
      'modify not-acceptable unsupported-access-model',
    );
    expect(await configured({ 'pubsub#access_model': 'magic' })).toBe('modify not-acceptable unsupported-access-model');
    expect(await configured({ 'pubsub#node_type': 'collection' })).toBe(
      'cancel feature-not-implemented unsupported collections',
    );
    expect(await configured({ 'pubsub#max_items': '0' })).toBe('modify not-acceptable');
    expect(await configured({ 'pubsub#max_items': '99999999' })).toBe('modify not-acceptable');
    expect(await configured({}, ` node='x'`)).toBe('modify bad-request');
    expect(await refusal(hamlet.sets(`<create node='${'n'.repeat(600)}'/>`))).toBe('modify not-acceptable');
    expect(await refusal(hamlet.sets(`<create node='tab&#9;ulator'/>`))).toBe('modify not-acceptable');
    expect(await refusal(hamlet.sets(`<configure/><create node='x'/>`))).toContain('feature-not-implemented');
    expect(await refusal(hamlet.sets(''))).toBe('modify bad-request');
    await stage.start({ limits: { nodesPerOwner: 1 } });
    expect(await configured({})).toBe('wait resource-constraint max-nodes-exceeded');
  });
});

describe('configuring nodes (XEP-0060 §8.2, §8.3)', () => {
  it('gives a form and takes it (examples 133, 134, 139 - 141)', async () => {
    await create();
    const asked = await hamlet.getsAsOwner(`<configure node='princely_musings'/>`);
    expect(asked).toContain("type='form'");
    const names = Object.keys(valuesIn(asked));
    for (const name of ['title', 'max_items', 'access_model', 'presence_based_delivery', 'publish_node_full']) {
      expect(names).toContain(`pubsub#${name}`);
    }
    expect(names).not.toContain('pubsub#roster_groups_allowed');
    expect(await configure({ 'pubsub#title': 'T', 'pubsub#max_items': '7' })).toBe('');
    expect(
      await hamlet.setsAsOwner(
        `<configure node='princely_musings'><x xmlns='jabber:x:data' type='cancel'/></configure>`,
      ),
    ).toBe('');
    expect(valuesIn(await hamlet.getsAsOwner(`<configure node='princely_musings'/>`))).toMatchObject({
      'pubsub#title': ['T'],
      'pubsub#max_items': ['7'],
    });
  });

  it('is refused as its errors say (examples 136, 137, 139, 143)', async () => {
    await create();
    const get = (who: PubSubActor, node: string) => refusal(who.getsAsOwner(`<configure${node}/>`));
    expect(await get(francisco, ` node='princely_musings'`)).toBe('auth forbidden');
    expect(await get(hamlet, '')).toBe('modify bad-request nodeid-required');
    expect(await get(hamlet, ` node='nothing'`)).toBe('cancel item-not-found');
    expect(await refusal(configure({}, francisco))).toBe('auth forbidden');
    const wrong: Record<string, string>[] = [
      { 'pubsub#publish_model': 'nobody' },
      { 'pubsub#item_expire': '-1' },
      { 'pubsub#contact': '@' },
    ];
    for (const fields of wrong) {
      expect(await refusal(configure(fields))).toBe('modify not-acceptable');
    }
    expect(
      await refusal(
        hamlet.setsAsOwner(`<configure node='princely_musings'>${form('subscribe_options', {})}</configure>`),
      ),
    ).toBe('modify not-acceptable');
    expect(
      await refusal(hamlet.setsAsOwner(`<configure node='princely_musings'><x xmlns='jabber:x:data'/></configure>`)),
    ).toBe('modify bad-request');
  });

  it('tells subscribers where they are to know (examples 144, 145)', async () => {
    await create({ 'pubsub#notify_config': '1' });
    await subscribe(francisco);
    await configure({ 'pubsub#title': 'New' });
    const [told] = await stage.eventsTo(FRANCISCO);
    expect(told).toContain("<configuration node='princely_musings'><x xmlns='jabber:x:data' type='result'>");
    expect(told).toContain("<field var='pubsub#title'><value>New</value></field>");
    await configure({ 'pubsub#deliver_payloads': '0' });
    expect(await stage.eventsTo(FRANCISCO)).toEqual([event(`<configuration node='princely_musings'/>`)]);
  });

  it('tells the default configuration (examples 146 - 148)', async () => {
    const answer = await hamlet.getsAsOwner('<default/>');
    expect(answer).toContain("<default><x xmlns='jabber:x:data' type='form'>");
    expect(valuesIn(answer)).toMatchObject({ 'pubsub#access_model': ['open'], 'pubsub#max_items': ['10'] });
    expect(await refusal(hamlet.getsAsOwner(`<default type='collection'/>`))).toBe(
      'cancel feature-not-implemented unsupported collections',
    );
  });

  it('ends the subscriptions of those who may not go on', async () => {
    await create();
    for (const who of [francisco, horatio]) await subscribe(who);
    await setAffiliations(hamlet, { [HORATIO]: 'member' });
    await configure({ 'pubsub#access_model': 'whitelist' });
    expect(await stage.eventsTo(FRANCISCO)).toEqual([subscriptionEvent(FRANCISCO, 'none')]);
    expect(await stage.eventsTo(HORATIO)).toEqual([]);
    await publish('1');
    expect(await stage.eventsTo(FRANCISCO)).toEqual([]);
    expect(await stage.eventsTo(HORATIO)).toHaveLength(1);
  });

  it('forgets the items of a node that keeps none any more', async () => {
    await create();
    await publish('1');
    await configure({ 'pubsub#persist_items': '0' });
    await configure({ 'pubsub#persist_items': '1' });
    expect(await hamlet.gets(`<items node='princely_musings'/>`)).toBe(pubsub(`<items node='princely_musings'/>`));
  });
});

describe('deleting and purging nodes (XEP-0060 §8.4, §8.5)', () => {
  it('deletes, tells everybody, and knows where it went (examples 151 - 154)', async () => {
    await create({ 'pubsub#access_model': 'authorize' });
    await setAffiliations(hamlet, { [FRANCISCO]: 'member' });
    await subscribe(francisco);
    await subscribe(horatio);
    await publish('1');
    await stage.eventsTo(FRANCISCO);
    const redirect = `<redirect uri='xmpp:hamlet@denmark.lit?;node=blog'/>`;
    expect(await refusal(francisco.setsAsOwner(`<delete node='princely_musings'/>`))).toBe('auth forbidden');
    expect(await refusal(hamlet.setsAsOwner(`<delete node='nothing'/>`))).toBe('cancel item-not-found');
    expect(await hamlet.setsAsOwner(`<delete node='princely_musings'>${redirect}</delete>`)).toBe('');
    for (const jid of [FRANCISCO, HORATIO]) {
      expect(await stage.eventsTo(jid)).toEqual([event(`<delete node='princely_musings'>${redirect}</delete>`)]);
    }
    expect(await refusal(hamlet.gets(`<items node='princely_musings'/>`))).toBe('modify gone');
    for (const table of ['pubsub_nodes', 'pubsub_items', 'pubsub_subscriptions', 'pubsub_affiliations'] as const) {
      expect(await stage.database.selectFrom(table).selectAll().execute()).toEqual([]);
    }
  });

  it('does not let items of a deleted node turn up in the next', async () => {
    await create();
    const publications = [1, 2, 3].map((i) => refusal(publish(`${i}`)));
    await hamlet.setsAsOwner(`<delete node='princely_musings'/>`);
    await create();
    await Promise.all(publications);
    const rows = await stage.database.selectFrom('pubsub_items').selectAll().execute();
    const [node] = await stage.database.selectFrom('pubsub_nodes').select('id').execute();
    expect(rows.filter(({ node_id }) => node_id !== node?.id)).toEqual([]);
  });

  it('remembers so many places only', async () => {
    await stage.start({ limits: { redirects: 2 } });
    for (const node of ['a', 'b', 'c']) {
      await hamlet.sets(`<create node='${node}'/>`);
      await hamlet.setsAsOwner(`<delete node='${node}'><redirect uri='xmpp:x?;node=${node}'/></delete>`);
    }
    expect(await refusal(hamlet.gets(`<items node='a'/>`))).toBe('cancel item-not-found');
    expect(await refusal(hamlet.gets(`<items node='c'/>`))).toBe('modify gone');
  });

  it('purges, and tells once (examples 157 - 159, 161 - 163)', async () => {
    await create();
    for (const id of ['1', '2']) await publish(id);
    await configure({ 'pubsub#send_last_published_item': 'never', 'pubsub#notify_retract': '1' });
    await subscribe(francisco);
    expect(await refusal(francisco.setsAsOwner(`<purge node='princely_musings'/>`))).toBe('auth forbidden');
    expect(await hamlet.setsAsOwner(`<purge node='princely_musings'/>`)).toBe('');
    expect(await stage.eventsTo(FRANCISCO)).toEqual([event(`<purge node='princely_musings'/>`)]);
    expect(await hamlet.gets(`<items node='princely_musings'/>`)).toBe(pubsub(`<items node='princely_musings'/>`));
    await configure({ 'pubsub#persist_items': '0' });
    expect(await refusal(hamlet.setsAsOwner(`<purge node='princely_musings'/>`))).toBe(
      'cancel feature-not-implemented unsupported persistent-items',
    );
    expect(await refusal(hamlet.setsAsOwner(`<purge node='nothing'/>`))).toBe('cancel item-not-found');
  });
});

describe('subscription requests (XEP-0060 §8.6, §8.7)', () => {
  const COMMANDS = 'http://jabber.org/protocol/commands';
  const PENDING = 'http://jabber.org/protocol/pubsub#get-pending';

  async function pending() {
    await create({ 'pubsub#access_model': 'authorize' });
    await publish('1');
    await subscribe(horatio);
    const [message] = await stage.sentTo(HAMLET);
    const x = message?.child('x', 'jabber:x:data');
    if (!x) throw new Error('no form');
    const asked = decodeDataForm(x);
    const answer = (allow: string, type: 'submit' | 'cancel' = 'submit') => ({
      type,
      fields: asked.fields.map(({ var: name, values = [] }) => ({
        var: name,
        values: name === 'pubsub#allow' ? [allow] : values,
      })),
    });
    return { asked, answer };
  }

  it('go to the owner, who allows (examples 164 - 166)', async () => {
    const { asked, answer } = await pending();
    expect(asked.type).toBe('form');
    expect(formValues(asked, 'FORM_TYPE')).toEqual(['http://jabber.org/protocol/pubsub#subscribe_authorization']);
    expect(formValues(asked, 'pubsub#node')).toEqual(['princely_musings']);
    expect(formValues(asked, 'pubsub#subscriber_jid')).toEqual([HORATIO]);
    expect(formValues(asked, 'pubsub#allow')).toEqual(['false']);
    hamlet.sends(answer('true'));
    const events = await stage.eventsTo(HORATIO);
    expect(events[0]).toEqual(subscriptionEvent(HORATIO, 'subscribed'));
    expect(events[1]).toContain(ENTRY);
    expect(events).toHaveLength(2);
    expect(await horatio.gets(`<items node='princely_musings'/>`)).toContain(ENTRY);
  });

  it('are denied, or go on waiting (examples 167 - 169)', async () => {
    const { answer } = await pending();
    hamlet.sends(answer('false', 'cancel'));
    francisco.sends(answer('true'));
    expect(await stage.eventsTo(HORATIO)).toEqual([]);
    hamlet.sends(answer('false'));
    expect(await stage.eventsTo(HORATIO)).toEqual([subscriptionEvent(HORATIO, 'none')]);
    expect(await horatio.gets('<subscriptions/>')).toBe(pubsub('<subscriptions/>'));
    // Too late to change one's mind.
    hamlet.sends(answer('true'));
    expect(await stage.eventsTo(HORATIO)).toEqual([]);
  });

  it('are decided by affiliations', async () => {
    await pending();
    await setAffiliations(hamlet, { [HORATIO]: 'publisher' });
    expect((await stage.eventsTo(HORATIO))[0]).toEqual(subscriptionEvent(HORATIO, 'subscribed'));
    await subscribe(francisco);
    await setAffiliations(hamlet, { [FRANCISCO]: 'outcast' });
    expect(await stage.eventsTo(FRANCISCO)).toEqual([subscriptionEvent(FRANCISCO, 'none')]);
  });

  it('are sent again when the owner asks for them (examples 170, 171, 176, 177)', async () => {
    await pending();
    await hamlet.sets(`<create node='quiet'/>`);
    const command = (who: PubSubActor, rest: string, content = '', node = PENDING) =>
      who.asks('set', `<command xmlns='${COMMANDS}' node='${node}'${rest}>${content}</command>`);
    const listed = await command(hamlet, ` action='execute'`);
    expect(listed?.attribute('status')).toBe('executing');
    expect(String(listed)).toContain('<option><value>princely_musings</value></option>');
    expect(String(listed)).not.toContain('quiet');
    const session = listed?.attribute('sessionid') ?? '';
    const chosen = `<x xmlns='jabber:x:data' type='submit'><field var='pubsub#node'><value>princely_musings</value></field></x>`;
    const done = await command(hamlet, ` sessionid='${session}' action='execute'`, chosen);
    expect(done?.attribute('status')).toBe('completed');
    expect(done?.attribute('sessionid')).toBe(session);
    expect(await stage.sentTo(`${HAMLET}/elsinore`)).toHaveLength(1);
    expect(await refusal(command(francisco, '', chosen))).toBe('auth forbidden');
    expect(await refusal(command(hamlet, '', chosen.replace('princely_musings', 'nothing')))).toBe(
      'cancel item-not-found',
    );
    expect(await refusal(command(hamlet, '', '', 'other'))).toBe('cancel item-not-found');
    expect((await command(hamlet, ` action='cancel'`))?.attribute('status')).toBe('canceled');
  });
});

describe('managing subscriptions (XEP-0060 §8.8)', () => {
  it('lists those in force, page by page (examples 178 - 182)', async () => {
    await create({ 'pubsub#access_model': 'authorize' });
    await setAffiliations(hamlet, { [FRANCISCO]: 'member' });
    await subscribe(hamlet);
    await subscribe(francisco);
    await subscribe(horatio);
    const request = `<subscriptions node='princely_musings'/>`;
    expect(withoutIds(await hamlet.getsAsOwner(request))).toBe(
      owner(
        `<subscriptions node='princely_musings'><subscription jid='${HAMLET}' subscription='subscribed'/>` +
          `<subscription jid='${FRANCISCO}' subscription='subscribed'/></subscriptions>`,
      ),
    );
    const page = await hamlet.getsAsOwner(`${request}<set xmlns='http://jabber.org/protocol/rsm'><max>1</max></set>`);
    expect(page).toContain(`<first index='0'>${HAMLET}</first><last>${HAMLET}</last><count>2</count>`);
    expect(await refusal(francisco.getsAsOwner(request))).toBe('auth forbidden');
    expect(await refusal(hamlet.getsAsOwner(`<subscriptions node='nothing'/>`))).toBe('cancel item-not-found');
  });

  it('changes them, and tells who is concerned (examples 183 - 184, 190)', async () => {
    await create({ 'pubsub#notify_sub': '1' });
    expect(await setSubscriptions(hamlet, { [BARD]: 'subscribed' })).toBe('');
    expect(await stage.eventsTo(BARD)).toEqual([subscriptionEvent(BARD, 'subscribed')]);
    expect(await stage.eventsTo(HAMLET)).toEqual([subscriptionEvent(BARD, 'subscribed')]);
    await setSubscriptions(hamlet, { [BARD]: 'none' });
    expect(await stage.eventsTo(BARD)).toEqual([subscriptionEvent(BARD, 'none')]);
    expect(await refusal(setSubscriptions(francisco, { [BARD]: 'subscribed' }))).toBe('auth forbidden');
    await subscribe(francisco);
    await francisco.sets(`<unsubscribe node='princely_musings' jid='${FRANCISCO}'/>`);
    expect(await stage.eventsTo(HAMLET)).toEqual([
      subscriptionEvent(BARD, 'none'),
      subscriptionEvent(FRANCISCO, 'subscribed'),
      subscriptionEvent(FRANCISCO, 'none'),
    ]);
  });

  it('gives back what could not be changed, and changes the rest (examples 188, 189)', async () => {
    await create();
    await subscribe(francisco);
    await setAffiliations(hamlet, { 'polonius@denmark.lit': 'outcast' });
    const request = setSubscriptions(hamlet, {
      [FRANCISCO]: 'pending',
      'polonius@denmark.lit': 'subscribed',
      [BARD]: 'subscribed',
    });
    const error = await request.catch((reason) => reason);
    expect(error).toMatchObject({ condition: 'not-acceptable', type: 'modify' });
    expect(withoutIds(canonical(error.payload))).toBe(
      owner(
        `<subscriptions node='princely_musings'><subscription jid='${FRANCISCO}' subscription='subscribed'/>` +
          `<subscription jid='polonius@denmark.lit' subscription='none'/></subscriptions>`,
      ),
    );
    expect(await stage.eventsTo(BARD)).toEqual([subscriptionEvent(BARD, 'subscribed')]);
    expect(
      await refusal(
        hamlet.setsAsOwner(
          `<subscriptions node='princely_musings'><subscription jid='${BARD}' subscription='maybe'/></subscriptions>`,
        ),
      ),
    ).toBe('modify bad-request');
  });
});

describe('managing affiliations (XEP-0060 §8.9)', () => {
  it('lists and changes them (examples 191, 192, 196, 197)', async () => {
    await create();
    expect(await setAffiliations(hamlet, { [BARD]: 'publisher', 'polonius@denmark.lit': 'outcast' })).toBe('');
    const list = `<affiliations node='princely_musings'/>`;
    expect(await hamlet.getsAsOwner(list)).toBe(
      owner(
        `<affiliations node='princely_musings'><affiliation jid='${HAMLET}' affiliation='owner'/>` +
          `<affiliation jid='${BARD}' affiliation='publisher'/>` +
          `<affiliation jid='polonius@denmark.lit' affiliation='outcast'/></affiliations>`,
      ),
    );
    await setAffiliations(hamlet, { 'polonius@denmark.lit': 'none' });
    expect(await hamlet.getsAsOwner(list)).not.toContain('polonius');
    expect(await refusal(francisco.getsAsOwner(list))).toBe('auth forbidden');
    expect(await refusal(setAffiliations(francisco, { [FRANCISCO]: 'owner' }))).toBe('auth forbidden');
    expect(await refusal(hamlet.getsAsOwner(`<affiliations node='nothing'/>`))).toBe('cancel item-not-found');
  });

  it('keeps an owner, gives back what could not be changed, and changes the rest (examples 203, 204)', async () => {
    await create();
    await setAffiliations(hamlet, { 'polonius@denmark.lit': 'member' });
    const error = await setAffiliations(hamlet, {
      [HAMLET]: 'none',
      'polonius@denmark.lit': 'none',
      [BARD]: 'publisher',
    }).catch((reason) => reason);
    expect(error).toMatchObject({ condition: 'not-acceptable', type: 'modify' });
    expect(canonical(error.payload)).toBe(
      owner(`<affiliations node='princely_musings'><affiliation jid='${HAMLET}' affiliation='owner'/></affiliations>`),
    );
    expect(await hamlet.getsAsOwner(`<affiliations node='princely_musings'/>`)).toContain(BARD);
    expect(
      await refusal(
        hamlet.setsAsOwner(
          `<affiliations node='princely_musings'><affiliation jid='${BARD}' affiliation='member'/><affiliation jid='${BARD}/x' affiliation='none'/></affiliations>`,
        ),
      ),
    ).toBe('modify bad-request');
  });

  it('lets owners resign, but nobody remove them (table 2)', async () => {
    await create();
    await setAffiliations(hamlet, { [HORATIO]: 'owner' });
    expect(await refusal(setAffiliations(hamlet, { [HORATIO]: 'none' }))).toBe('modify not-acceptable');
    expect(await refusal(setAffiliations(horatio, { [HORATIO]: 'member' }))).toBe('modify not-acceptable');
    await setAffiliations(hamlet, { [HAMLET]: 'none' });
    expect(await refusal(setAffiliations(hamlet, { [HAMLET]: 'owner' }))).toBe('auth forbidden');
    expect(await refusal(setAffiliations(horatio, { [HORATIO]: 'none' }))).toBe('modify not-acceptable');
  });

  it('is bounded', async () => {
    await create();
    await stage.start({ limits: { affiliationsPerNode: 2 } });
    await setAffiliations(hamlet, { [BARD]: 'member' });
    expect(await refusal(setAffiliations(hamlet, { [HORATIO]: 'member' }))).toBe('wait resource-constraint');
    await setAffiliations(hamlet, { [BARD]: 'publisher' });
  });
});
