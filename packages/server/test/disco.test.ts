import { parseElement } from '@thingward/xml';
import {
  ARCHIVE,
  BLOCKING,
  CARBONS,
  COMMANDS,
  capsVer,
  DISCO_INFO,
  DISCO_ITEMS,
  encodeCaps,
  NS,
  REGISTER,
} from '@thingward/xmpp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Actor, befriend, Stage } from './conversation.ts';

const PUBSUB = 'http://jabber.org/protocol/pubsub';
const RSM = 'http://jabber.org/protocol/rsm';

let stage: Stage;
let romeo: Actor;
let juliet: Actor;
/** Of a client that wants to hear of the node `made`, and is known to the server as such. */
let capabilities: string;
beforeAll(async () => {
  stage = await Stage.open();
  romeo = await stage.present('romeo');
  juliet = await stage.present('juliet');
  await befriend(romeo, juliet);
  const query = `<query xmlns='${DISCO_INFO}'><identity category='client' type='pc'/><feature var='made+notify'/></query>`;
  const ver = (await capsVer(parseElement(query), 'sha-1')) ?? '';
  capabilities = encodeCaps({ hash: 'sha-1', node: 'urn:globe', ver }).toString();
  juliet.sends(`<presence>${capabilities}</presence>`);
  const asked = await juliet.receives(`<iq type='get'><query xmlns='${DISCO_INFO}'/></iq>`);
  juliet.sends(`<iq type='result' id='${asked.attribute('id')}' to='${asked.attribute('from')}'>${query}</iq>`);
  await juliet.doesNotReceive(`<iq type='get'/>`);
});
afterAll(() => stage.close());

let requests = 0;
/** Asks, by default as Romeo. @returns the answer as text */
const asks = async (to: string, type: 'get' | 'set', content: string, who = romeo) => {
  requests++;
  const id = `d${requests}`;
  who.sends(`<iq type='${type}' id='${id}' to='${to}'>${content}</iq>`);
  return (await who.receives(`<iq id='${id}'/>`)).toString(NS.client);
};
const featuresOf = async (to: string) => {
  const answer = await asks(to, 'get', `<query xmlns='${DISCO_INFO}'/>`);
  return [...answer.matchAll(/<feature var='([^']+)'/g)].map((match) => match[1] as string).sort();
};
const works = async (to: string, type: 'get' | 'set', content: string, who = romeo) => {
  const answer = await asks(to, type, content, who);
  expect(answer).toMatch(/^<iq type='result'/);
  return answer;
};

/** What proves that a feature is there. */
type Probe = () => Promise<unknown>;

const SERVER: Readonly<Record<string, Probe>> = {
  'http://jabber.org/protocol/caps': async () => expect(await bindFeatures()).toContain(`hash='sha-1'`),
  [COMMANDS]: async () =>
    expect(await works('localhost', 'get', `<query xmlns='${DISCO_INFO}' node='${COMMANDS}'/>`)).toContain(
      'command-list',
    ),
  [DISCO_INFO]: () => works('localhost', 'get', `<query xmlns='${DISCO_INFO}'/>`),
  [DISCO_ITEMS]: () => works('localhost', 'get', `<query xmlns='${DISCO_ITEMS}'/>`),
  'jabber:iq:last': () => works('localhost', 'get', `<query xmlns='jabber:iq:last'/>`),
  'jabber:iq:private': async () => {
    const content = `<notes xmlns='urn:notes'>x</notes>`;
    await works('romeo@localhost', 'set', `<query xmlns='jabber:iq:private'>${content}</query>`);
    const kept = await works(
      'romeo@localhost',
      'get',
      `<query xmlns='jabber:iq:private'><notes xmlns='urn:notes'/></query>`,
    );
    expect(kept).toContain(content);
  },
  [REGISTER]: async () =>
    expect(await works('localhost', 'get', `<query xmlns='${REGISTER}'/>`)).toContain('<registered/>'),
  'jabber:iq:version': () => works('localhost', 'get', `<query xmlns='jabber:iq:version'/>`),
  msgoffline: async () => {
    romeo.sends(`<message to='mercutio@localhost' type='chat'><body>kept</body></message>`);
    const mercutio = await stage.present('mercutio');
    await mercutio.receives(
      `<message from='romeo@localhost/r'><body>kept</body><delay xmlns='urn:xmpp:delay'/></message>`,
    );
    mercutio.leaves();
  },
  [BLOCKING]: () => works('romeo@localhost', 'get', `<blocklist xmlns='${BLOCKING}'/>`),
  'urn:thingward:battery:1': () => keepsMailbox(),
  'urn:xmpp:caps': async () => expect(await bindFeatures()).toContain(`<c xmlns='urn:xmpp:caps'`),
  [CARBONS]: () => works('romeo@localhost', 'set', `<enable xmlns='${CARBONS}'/>`),
  'urn:xmpp:ping': () => works('localhost', 'get', `<ping xmlns='urn:xmpp:ping'/>`),
  'urn:xmpp:time': () => works('localhost', 'get', `<time xmlns='urn:xmpp:time'/>`),
  'vcard-temp': async () => {
    await works('romeo@localhost', 'set', `<vCard xmlns='vcard-temp'><FN>Romeo</FN></vCard>`);
    expect(await works('romeo@localhost', 'get', `<vCard xmlns='vcard-temp'/>`)).toContain('<FN>Romeo</FN>');
  },
};

/** A Thing that sleeps has a mailbox. */
async function keepsMailbox() {
  const battery = `xmlns='urn:thingward:battery:1'`;
  const thing = await stage.present('mercutio', 'thing');
  thing.sends(`<iq type='set' id='sleep'><sleep ${battery} wakes='unknown'/></iq>`);
  await thing.receives(`<iq type='result' id='sleep'><asleep ${battery} delivered='0'/></iq>`);
  await works('mercutio@localhost', 'get', `<mailbox ${battery}/>`, thing);
  thing.leaves();
}

/** Features of a stream whose client has authenticated. */
const bindFeatures = async () => {
  const actor = await stage.connectTls();
  await actor.authenticates('romeo', 'romeo');
  return (await actor.opens()).toString();
};

const form = (type: string, fields: Readonly<Record<string, string>>) =>
  `<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE' type='hidden'><value>${type}</value></field>${Object.entries(
    fields,
  )
    .map(([name, value]) => `<field var='${name}'><value>${value}</value></field>`)
    .join('')}</x>`;
const HOST = 'romeo@localhost';
const own = (type: 'get' | 'set', content: string, who = romeo) =>
  works(HOST, type, `<pubsub xmlns='${PUBSUB}'>${content}</pubsub>`, who);
const owner = (type: 'get' | 'set', content: string) =>
  works(HOST, type, `<pubsub xmlns='${PUBSUB}#owner'>${content}</pubsub>`);
const config = (fields: Readonly<Record<string, string>>) => form(`${PUBSUB}#node_config`, fields);
const options = (node: string, fields: Readonly<Record<string, string>>, who: Actor, name: string) =>
  own(
    'set',
    `<options node='${node}' jid='${name}@localhost'>${form(`${PUBSUB}#subscribe_options`, fields)}</options>`,
    who,
  );
const publish = (node: string, item: string, more = '') =>
  own('set', `<publish node='${node}'><item id='${item}'><entry xmlns='urn:e'>${item}</entry></item></publish>${more}`);
const items = (node: string, more = '', who = romeo) => own('get', `<items node='${node}'/>${more}`, who);
const affiliation = async (jid: string, value: string) => {
  await owner('set', `<affiliations node='open'><affiliation jid='${jid}' affiliation='${value}'/></affiliations>`);
  expect(await owner('get', `<affiliations node='open'/>`)).toContain(`affiliation='${value}'`);
};
const archiveQuery = (fields: Readonly<Record<string, string>>, more = '') =>
  works(HOST, 'set', `<query xmlns='${ARCHIVE}'>${form(ARCHIVE, fields)}${more}</query>`);

const event = (node: string) =>
  `<message from='${HOST}'><event xmlns='${PUBSUB}#event'><items node='${node}'/></event></message>`;

/** In the order in which they build on each other; names of publish-subscribe come first, without their namespace. */
const PERSONAL: readonly (readonly [string, Probe])[] = [
  ['create-nodes', () => own('set', `<create node='plain'/>`)],
  [
    'create-and-configure',
    () => own('set', `<create node='open'/><configure>${config({ 'pubsub#access_model': 'open' })}</configure>`),
  ],
  ['instant-nodes', async () => expect(await own('set', '<create/>')).toMatch(/<create node='[^']+'/)],
  ['retrieve-default', async () => expect(await owner('get', '<default/>')).toContain('pubsub#access_model')],
  ['config-node', async () => expect(await owner('get', `<configure node='open'/>`)).toContain('pubsub#max_items')],
  [
    'config-node-max',
    () => owner('set', `<configure node='open'>${config({ 'pubsub#max_items': 'max' })}</configure>`),
  ],
  [
    'meta-data',
    async () =>
      expect(await works(HOST, 'get', `<query xmlns='${DISCO_INFO}' node='open'/>`)).toContain(`${PUBSUB}#meta-data`),
  ],
  ['publish', () => publish('open', 'one')],
  [
    'publish-node-full',
    async () => {
      await owner(
        'set',
        `<configure node='plain'>${config({ 'pubsub#access_model': 'open', 'pubsub#max_items': '2' })}</configure>`,
      );
      for (const item of ['a', 'b', 'c']) await publish('plain', item);
      expect(await items('plain')).not.toContain(`<item id='a'`);
    },
  ],
  ['auto-create', () => publish('made', 'first')],
  [
    'item-ids',
    async () => expect(await own('get', `<items node='made'><item id='first'/></items>`)).toContain(`<item id='first'`),
  ],
  [
    'publish-options',
    () =>
      publish(
        'optioned',
        'x',
        `<publish-options>${form(`${PUBSUB}#publish-options`, { 'pubsub#access_model': 'open' })}</publish-options>`,
      ),
  ],
  [
    'multi-items',
    async () => {
      await publish('open', 'two');
      expect(await items('open')).toMatch(/'two'.*'one'|'one'.*'two'/);
    },
  ],
  ['persistent-items', async () => expect(await items('open')).toContain(`<item id='one'`)],
  ['retrieve-items', async () => expect(await items('open', '', juliet)).toContain(`<item id='two'`)],
  [
    'rsm',
    async () => expect(await items('open', `<set xmlns='${RSM}'><max>1</max></set>`)).toContain('<count>2</count>'),
  ],
  [
    'retract-items',
    async () => {
      await own('set', `<retract node='open'><item id='one'/></retract>`);
      expect(await items('open')).not.toContain(`<item id='one'`);
    },
  ],
  [
    'delete-items',
    async () => {
      await own('set', `<retract node='plain'><item id='c'/></retract>`);
      expect(await items('plain')).not.toContain(`<item id='c'`);
    },
  ],
  [
    'subscribe',
    async () =>
      expect(await own('set', `<subscribe node='open' jid='juliet@localhost'/>`, juliet)).toContain(
        `subscription='subscribed'`,
      ),
  ],
  ['retrieve-default-sub', async () => expect(await own('get', `<default/>`, juliet)).toContain('subscribe_options')],
  ['subscription-options', () => options('open', { 'pubsub#deliver': '1' }, juliet, 'juliet')],
  [
    'leased-subscription',
    async () => {
      const until = new Date(Date.now() + 3_600_000).toISOString();
      await options('open', { 'pubsub#expire': until }, juliet, 'juliet');
      expect(await own('get', `<options node='open' jid='juliet@localhost'/>`, juliet)).toContain(until.slice(0, 13));
    },
  ],
  ['retrieve-subscriptions', async () => expect(await own('get', '<subscriptions/>', juliet)).toContain(`node='open'`)],
  [
    'manage-subscriptions',
    async () => expect(await owner('get', `<subscriptions node='open'/>`)).toContain('juliet@localhost'),
  ],
  [
    'subscription-notifications',
    async () => {
      await owner('set', `<configure node='open'>${config({ 'pubsub#notify_sub': '1' })}</configure>`);
      await own('set', `<unsubscribe node='open' jid='juliet@localhost'/>`, juliet);
      await own('set', `<subscribe node='open' jid='juliet@localhost'/>`, juliet);
      await romeo.receives(`<message from='${HOST}'/>`);
    },
  ],
  ['member-affiliation', () => affiliation('juliet@localhost', 'member')],
  ['publisher-affiliation', () => affiliation('juliet@localhost', 'publisher')],
  ['publish-only-affiliation', () => affiliation('juliet@localhost', 'publish-only')],
  ['outcast-affiliation', () => affiliation('iago@localhost', 'outcast')],
  ['modify-affiliations', () => affiliation('juliet@localhost', 'publisher')],
  [
    'retrieve-affiliations',
    async () => expect(await own('get', '<affiliations/>', juliet)).toContain(`affiliation='publisher'`),
  ],
  ['pubsub-on-a-jid', () => publish('open', 'three')],
  [
    'access-presence',
    async () => {
      expect(await owner('get', `<configure node='made'/>`)).toMatch(
        /access_model'[^>]*>(?:(?!<\/field>).)*<value>presence<\/value>/,
      );
      expect(await items('made', '', juliet)).toContain(`<item id='first'`);
    },
  ],
  [
    'auto-subscribe',
    async () => {
      // Who sees the presence of an account and wants to hear of a node need not subscribe to it.
      await publish('made', 'second');
      await juliet.receives(event('made'));
    },
  ],
  [
    'presence-subscribe',
    async () => {
      await publish('made', 'third');
      await juliet.receives(event('made'));
    },
  ],
  [
    'filtered-notifications',
    async () => {
      await publish('optioned', 'y');
      await juliet.doesNotReceive(event('optioned'));
    },
  ],
  [
    'last-published',
    async () => {
      const again = await stage.signIn('juliet', 'again');
      again.sends(`<presence>${capabilities}</presence>`);
      await again.receives(event('made'));
      again.leaves();
    },
  ],
  [
    'presence-notifications',
    async () => {
      await own('set', `<subscribe node='open' jid='juliet@localhost'/>`, juliet);
      await options('open', { 'pubsub#show-values': 'away' }, juliet, 'juliet');
      await publish('open', 'unseen');
      await juliet.doesNotReceive(event('open'));
      await options('open', { 'pubsub#show-values': 'online' }, juliet, 'juliet');
      await publish('open', 'seen');
      await juliet.receives(event('open'));
    },
  ],
  [
    'purge-nodes',
    async () => {
      await owner('set', `<purge node='open'/>`);
      expect(await items('open')).not.toContain('<item ');
    },
  ],
  [
    'delete-nodes',
    async () => {
      await owner('set', `<delete node='open'/>`);
      expect(await asks(HOST, 'get', `<pubsub xmlns='${PUBSUB}'><items node='open'/></pubsub>`)).toContain(
        '<item-not-found',
      );
    },
  ],
];

const ACCOUNT: readonly (readonly [string, Probe])[] = [
  [DISCO_INFO, () => works(HOST, 'get', `<query xmlns='${DISCO_INFO}'/>`)],
  [DISCO_ITEMS, () => works(HOST, 'get', `<query xmlns='${DISCO_ITEMS}'/>`)],
  [PUBSUB, async () => expect(await works(HOST, 'get', `<query xmlns='${DISCO_INFO}'/>`)).toContain(`type='pep'`)],
  ...PERSONAL.map(([name, probe]) => [`${PUBSUB}#${name}`, probe] as const),
  [
    'urn:xmpp:sid:0',
    async () => {
      romeo.sends(`<message to='juliet@localhost' type='chat'><body>identified</body></message>`);
      await juliet.receives(
        `<message><body>identified</body><stanza-id xmlns='urn:xmpp:sid:0' by='juliet@localhost'/></message>`,
      );
    },
  ],
  [
    ARCHIVE,
    async () => {
      requests++;
      romeo.sends(`<iq type='set' id='m${requests}' to='${HOST}'><query xmlns='${ARCHIVE}'/></iq>`);
      await romeo.receives(`<message><result xmlns='${ARCHIVE}'/></message>`);
      await romeo.receives(`<iq type='result' id='m${requests}'><fin xmlns='${ARCHIVE}'/></iq>`);
    },
  ],
  [`${ARCHIVE}#extended`, () => works(HOST, 'get', `<metadata xmlns='${ARCHIVE}'/>`)],
  [`${ARCHIVE}#groupchat-field`, () => archiveQuery({ 'include-groupchat': 'false' })],
  [
    RSM,
    async () =>
      expect(await archiveQuery({}, `<set xmlns='${RSM}'><max>1</max></set>`)).toContain(`<set xmlns='${RSM}'`),
  ],
  ['jabber:iq:last', () => works('juliet@localhost', 'get', `<query xmlns='jabber:iq:last'/>`)],
  [CARBONS, () => works(HOST, 'set', `<enable xmlns='${CARBONS}'/>`)],
  [
    'vcard-temp',
    async () => {
      await works(HOST, 'set', `<vCard xmlns='vcard-temp'><FN>Romeo</FN></vCard>`);
      expect(await works(HOST, 'get', `<vCard xmlns='vcard-temp'/>`, juliet)).toContain('<FN>Romeo</FN>');
    },
  ],
  ['urn:thingward:battery:1', () => keepsMailbox()],
  ['urn:xmpp:ping', () => works(HOST, 'get', `<ping xmlns='urn:xmpp:ping'/>`)],
];

describe('what the server advertises works', () => {
  it.each(Object.entries(SERVER))('%s', async (_, probe) => {
    await probe();
  });

  it('and there is nothing else that it advertises', async () => {
    expect(await featuresOf('localhost')).toEqual(Object.keys(SERVER).sort());
  });
});

describe('what an account advertises works', () => {
  it.each(ACCOUNT)('%s', async (_, probe) => {
    await probe();
  });

  it('and there is nothing else that it advertises', async () => {
    expect(await featuresOf(HOST)).toEqual(ACCOUNT.map(([name]) => name).sort());
  });
});

describe('what is not advertised is refused', () => {
  it.each([
    ['get', `<query xmlns='jabber:iq:search'/>`],
    ['get', `<query xmlns='jabber:iq:time'/>`],
    ['get', `<query xmlns='jabber:iq:auth'/>`],
    ['get', `<query xmlns='jabber:iq:privacy'/>`],
    ['set', `<c xmlns='urn:xmpp:caps'/>`],
    ['set', `<enable xmlns='urn:xmpp:push:0' jid='push.localhost' node='n'/>`],
    ['set', `<preauth xmlns='urn:xmpp:pars:0' token='x'/>`],
    ['get', `<services xmlns='urn:xmpp:extdisco:2'/>`],
  ] as const)('%s %s, by the server and by an account', async (type, content) => {
    for (const to of ['localhost', HOST]) expect(await asks(to, type, content)).toContain('<service-unavailable');
  });

  it('what belongs to accounts, by the server', async () => {
    for (const content of [
      `<pubsub xmlns='${PUBSUB}'><items node='made'/></pubsub>`,
      `<query xmlns='${NS.roster}'/>`,
      `<vCard xmlns='vcard-temp'/>`,
    ]) {
      expect(await asks('localhost', 'get', content)).toContain('<service-unavailable');
    }
    expect(await asks('localhost', 'set', `<query xmlns='${ARCHIVE}'/>`)).toContain('<service-unavailable');
  });
});
