import { decodeDiscoInfo, decodeDiscoItems, formValues } from '@thingward/xmpp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ENTRY, form, type PubSubActor, PubSubStage, pubsub, refusal } from '../../test/pubsub-stage.ts';

const INFO = 'http://jabber.org/protocol/disco#info';
const ITEMS = 'http://jabber.org/protocol/disco#items';

let stage: PubSubStage;
let hamlet: PubSubActor;
let francisco: PubSubActor;
beforeEach(async () => {
  stage = await PubSubStage.open();
  hamlet = stage.actor('hamlet@denmark.lit/elsinore');
  francisco = stage.actor('francisco@denmark.lit/barracks');
});
afterEach(() => stage.close());

async function info(who: PubSubActor, node?: string) {
  const query = await who.asks('get', `<query xmlns='${INFO}'${node ? ` node='${node}'` : ''}/>`);
  if (!query) throw new Error('no answer');
  expect(query.attribute('node')).toBe(node);
  return decodeDiscoInfo(query);
}

async function items(who: PubSubActor, node?: string, set = '') {
  const query = await who.asks('get', `<query xmlns='${ITEMS}'${node ? ` node='${node}'` : ''}>${set}</query>`);
  if (!query) throw new Error('no answer');
  return decodeDiscoItems(query).map(({ jid, node, name }) => [jid.toString(), node, name]);
}

describe('discovery (XEP-0060 §5.1 - §5.5)', () => {
  it('tells identity and features (examples 1, 2)', async () => {
    const { identities, features } = await info(francisco);
    expect(identities).toMatchObject([{ category: 'pubsub', type: 'service' }]);
    const namespace = 'http://jabber.org/protocol/pubsub';
    for (const name of ['', '#access-open', '#publish', '#subscription-options', '#rsm', '#presence-notifications']) {
      expect(features).toContain(`${namespace}${name}`);
    }
    for (const name of ['#multi-subscribe', '#collections', '#auto-subscribe', '#access-presence']) {
      expect(features).not.toContain(`${namespace}${name}`);
    }
  });

  it('lists the nodes that somebody may learn of, page by page (examples 3, 4)', async () => {
    await hamlet.sets(
      `<create node='Romeoance'/><configure>${form('node_config', { 'pubsub#title': 'Letters to my Beloved' })}</configure>`,
    );
    for (const node of ['Julliennui', 'secret']) await hamlet.sets(`<create node='${node}'/>`);
    const secret = (model: string) =>
      hamlet.setsAsOwner(
        `<configure node='secret'>${form('node_config', { 'pubsub#access_model': model })}</configure>`,
      );
    await secret('whitelist');
    expect(await items(francisco)).toEqual([
      ['pubsub.shakespeare.lit', 'Julliennui', undefined],
      ['pubsub.shakespeare.lit', 'Romeoance', 'Letters to my Beloved'],
    ]);
    expect(await items(hamlet)).toHaveLength(3);
    await secret('authorize');
    expect(await items(francisco)).toHaveLength(3);
    const page = (rest: string) => `<set xmlns='http://jabber.org/protocol/rsm'><max>1</max>${rest}</set>`;
    expect((await items(francisco, undefined, page('')))[0]?.[1]).toBe('Julliennui');
    expect((await items(francisco, undefined, page('<after>Julliennui</after>')))[0]?.[1]).toBe('Romeoance');
    expect(await items(francisco, undefined, page('<after>secret</after>'))).toEqual([]);
  });

  it('tells what a node is, with its meta-data (examples 5 - 8)', async () => {
    await hamlet.sets(
      `<create node='princely_musings'/><configure>${form('node_config', {
        'pubsub#title': 'Princely Musings (Atom)',
        'pubsub#description': "Updates for Hamlet's weblog.",
        'pubsub#language': 'en',
        'pubsub#contact': 'bard@shakespeare.lit',
        'pubsub#max_items': '120',
      })}</configure>`,
    );
    await hamlet.setsAsOwner(
      `<affiliations node='princely_musings'><affiliation jid='bard@shakespeare.lit' affiliation='publisher'/></affiliations>`,
    );
    await francisco.sets(`<subscribe node='princely_musings' jid='francisco@denmark.lit'/>`);
    const { identities, features, forms } = await info(francisco, 'princely_musings');
    expect(identities).toMatchObject([{ category: 'pubsub', type: 'leaf' }]);
    expect(features).toContain('http://jabber.org/protocol/pubsub');
    const meta = forms?.[0];
    if (!meta) throw new Error('no form');
    const values = Object.fromEntries(meta.fields.map(({ var: name }) => [name, formValues(meta, name ?? '')]));
    expect(values).toEqual({
      FORM_TYPE: ['http://jabber.org/protocol/pubsub#meta-data'],
      'pubsub#creator': ['hamlet@denmark.lit'],
      'pubsub#creation_date': ['2003-12-13T18:30:02.000Z'],
      'pubsub#title': ['Princely Musings (Atom)'],
      'pubsub#description': ["Updates for Hamlet's weblog."],
      'pubsub#language': ['en'],
      'pubsub#contact': ['bard@shakespeare.lit'],
      'pubsub#access_model': ['open'],
      'pubsub#publish_model': ['publishers'],
      'pubsub#max_items': ['120'],
      'pubsub#owner': ['hamlet@denmark.lit'],
      'pubsub#publisher': ['bard@shakespeare.lit'],
      'pubsub#num_subscribers': ['1'],
    });
    expect(await refusal(info(francisco, 'nothing'))).toBe('cancel item-not-found');
  });

  it('tells no meta-data to who may not subscribe', async () => {
    await hamlet.sets(
      `<create node='n'/><configure>${form('node_config', { 'pubsub#access_model': 'whitelist', 'pubsub#title': 'Plot' })}</configure>`,
    );
    const { identities, forms } = await info(francisco, 'n');
    expect(identities).toEqual([{ category: 'pubsub', type: 'leaf', name: undefined }]);
    expect(forms).toEqual([]);
    expect(await refusal(items(francisco, 'n'))).toBe('cancel not-allowed closed-node');
  });

  it('lists the items of a node (example 9)', async () => {
    await hamlet.sets(`<create node='princely_musings'/>`);
    for (const id of ['368866411b877c30064a5f62b917cffe', '3300659945416e274474e469a1f0154c']) {
      await hamlet.sets(`<publish node='princely_musings'><item id='${id}'>${ENTRY}</item></publish>`);
    }
    expect(await items(francisco, 'princely_musings')).toEqual([
      ['pubsub.shakespeare.lit', undefined, '368866411b877c30064a5f62b917cffe'],
      ['pubsub.shakespeare.lit', undefined, '3300659945416e274474e469a1f0154c'],
    ]);
  });
});

describe('subscriptions of an entity (XEP-0060 §5.6)', () => {
  it('lists those of all its resources, at all nodes or one, or none (examples 10 - 12, 14, 15)', async () => {
    expect(await francisco.gets('<subscriptions/>')).toBe(pubsub('<subscriptions/>'));
    for (const node of ['node1', 'node6']) await hamlet.sets(`<create node='${node}'/>`);
    for (const [node, jid] of [
      ['node1', 'francisco@denmark.lit'],
      ['node6', 'francisco@denmark.lit/other'],
    ]) {
      await francisco.sets(`<subscribe node='${node}' jid='${jid}'/>`);
    }
    await hamlet.sets(`<subscribe node='node1' jid='hamlet@denmark.lit'/>`);
    const withoutIds = (text: string) => text.replaceAll(/ subid='[^']+'/g, '');
    const answer = await francisco.gets('<subscriptions/>');
    expect(answer.match(/ subid=/g)).toHaveLength(2);
    expect(withoutIds(answer)).toBe(
      pubsub(
        `<subscriptions><subscription node='node1' jid='francisco@denmark.lit' subscription='subscribed'/>` +
          `<subscription node='node6' jid='francisco@denmark.lit/other' subscription='subscribed'/></subscriptions>`,
      ),
    );
    expect(withoutIds(await francisco.gets(`<subscriptions node='node6'/>`))).toBe(
      pubsub(
        `<subscriptions node='node6'><subscription node='node6' jid='francisco@denmark.lit/other' subscription='subscribed'/></subscriptions>`,
      ),
    );
  });
});

describe('affiliations of an entity (XEP-0060 §5.7)', () => {
  it('lists them, at all nodes or one, or none (examples 16 - 18, 20, 21)', async () => {
    expect(await francisco.gets('<affiliations/>')).toBe(pubsub('<affiliations/>'));
    for (const [node, affiliation] of [
      ['node2', 'publisher'],
      ['node5', 'outcast'],
    ]) {
      await hamlet.sets(`<create node='${node}'/>`);
      await hamlet.setsAsOwner(
        `<affiliations node='${node}'><affiliation jid='francisco@denmark.lit' affiliation='${affiliation}'/></affiliations>`,
      );
    }
    await francisco.sets(`<create node='node6'/>`);
    expect(await francisco.gets('<affiliations/>')).toBe(
      pubsub(
        `<affiliations><affiliation node='node2' affiliation='publisher'/><affiliation node='node5' affiliation='outcast'/>` +
          `<affiliation node='node6' affiliation='owner'/></affiliations>`,
      ),
    );
    expect(await francisco.gets(`<affiliations node='node6'/>`)).toBe(
      pubsub(`<affiliations node='node6'><affiliation node='node6' affiliation='owner'/></affiliations>`),
    );
    expect(await refusal(francisco.gets(`<affiliations node='nothing'/>`))).toBe('cancel item-not-found');
  });
});
