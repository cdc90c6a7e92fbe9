import { buildGrammars } from '@thingward/exi';
import { PubSubService, pubsubMigrations } from '@thingward/services';
import { thingSchemas } from '@thingward/things/node';
import { type Element, xml } from '@thingward/xml';
import { Jid, message, NS, type XmppPeer } from '@thingward/xmpp';
import {
  AgreedSetUp,
  DEFAULT_STREAM_OPTIONS,
  decodeExiSetupResponse,
  EXI_COMPRESSION,
  encodeExiSetup,
  SchemaCatalogue,
  STREAM_COMPRESSION,
  type StreamConfiguration,
} from '@thingward/xmpp/exi';
import { xmppSchemas } from '@thingward/xmpp/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { entersTls } from './authentication.ts';
import { BoshActor } from './bosh-actor.ts';
import { type Actor, Stage } from './conversation.ts';
import { TestPolicies } from './policies.ts';

const CONTROL = 'urn:xmpp:iot:control';
const SET = `<set xmlns='${CONTROL}'><int name='Speed' value='1200'/></set>`;
const PUBSUB = 'http://jabber.org/protocol/pubsub';
const BRIDGE = 'bridge.localhost';
const PLC = 'plc.localhost';

/** The plant: romeo owns the Thing juliet; mercutio would like to. Behind the component plc there are nodes. */
let stage: Stage;
let policies: TestPolicies;
let juliet: Actor;
let friend: Actor;
let probes = 0;
let bridge: Actor;
let plc: Actor;
let service: XmppPeer;
beforeAll(async () => {
  policies = new TestPolicies({
    'entities.yaml': `
      things:
        juliet@localhost: { owner: romeo@localhost }
        ${PLC}: { owner: romeo@localhost, nodes: { valve: {} } }`,
    'own.cedar':
      'permit(principal == Account::"mercutio@localhost", action == Action::"set", resource == Thing::"plc.localhost#lamp");\n' +
      'forbid(principal, action in Action::"control", resource) when { resource.isGuarded && !context.isEncrypted };',
  });
  stage = await Stage.open(
    {
      listen: { c2s: '127.0.0.1:0', c2sTls: '127.0.0.1:0', http: '127.0.0.1:0', component: '127.0.0.1:0' },
      components: { [BRIDGE]: 'secret', [PLC]: 'secret' },
      policies: policies.path,
    },
    {
      services: [
        {
          name: 'pubsub',
          title: 'PubSub',
          migrations: pubsubMigrations,
          create: (peer, database) => new PubSubService({ peer, database: database as never }),
        },
        {
          name: 'nurse',
          title: 'Nurse',
          migrations: {},
          create: (peer) => {
            service = peer;
            return { start: async () => {}, stop: async () => {} };
          },
        },
      ],
    },
  );
  juliet = await stage.present('juliet');
  friend = await stage.signIn('romeo', 'friend');
  bridge = await stage.component(2, BRIDGE, 'secret');
  plc = await stage.component(2, PLC, 'secret');
});
afterAll(async () => {
  await stage?.close();
  policies?.remove();
});

/** The Thing is sent something after what it must not get, so that what comes first is known. */
async function getsNothing(thing: Actor, address: string): Promise<void> {
  const id = `probe${++probes}`;
  friend.sends(`<message to='${address}' type='chat' id='${id}'><body>are you well?</body></message>`);
  const before: string[] = [];
  for (let next = await thing.next(); next.attribute('id') !== id; next = await thing.next()) {
    // That somebody has gone is no command.
    if (next.name !== 'presence' || next.elements.length > 0) before.push(`${next}`);
  }
  expect(before).toEqual([]);
}

const forbidden = (id: string, kind = 'iq') =>
  `<${kind} type='error' id='${id}'><error type='cancel'><forbidden xmlns='${NS.stanzaErrors}'/></error></${kind}>`;

describe('who may, does', () => {
  it('the owner controls, and everybody may talk and read', async () => {
    const romeo = await stage.signIn('romeo');
    romeo.sends(`<iq type='set' id='1' to='juliet@localhost/r'>${SET}</iq>`);
    await juliet.receives(`<iq type='set' id='1' from='romeo@localhost/r'>${SET}</iq>`);
    const mercutio = await stage.signIn('mercutio');
    mercutio.sends(`<message to='juliet@localhost/r' type='chat' id='2'><body>set speed to 1200</body></message>`);
    await juliet.receives(`<message id='2'><body>set speed to 1200</body></message>`);
    mercutio.sends(
      `<iq type='get' id='3' to='juliet@localhost/r'><req xmlns='urn:xmpp:iot:sensordata' seqnr='1'/></iq>`,
    );
    await juliet.receives(`<iq type='get' id='3'/>`);
    mercutio.sends(
      `<iq type='get' id='4' to='juliet@localhost/r'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>`,
    );
    await juliet.receives(`<iq type='get' id='4'/>`);
  });

  it('others control what is not guarded', async () => {
    const mercutio = await stage.signIn('mercutio');
    const romeo = await stage.signIn('romeo', 'free');
    mercutio.sends(`<iq type='set' id='1' to='romeo@localhost/free'>${SET}</iq>`);
    await romeo.receives(`<iq type='set' id='1'>${SET}</iq>`);
  });
});

const forms: readonly (readonly [string, string])[] = [
  ['as it is', SET],
  ['with a prefix', `<c:set xmlns:c='${CONTROL}'><c:int name='Speed' value='1200'/></c:set>`],
  [
    'with a prefix like one of others',
    `<xml1:set xmlns:xml1='${CONTROL}'><int xmlns='${CONTROL}' name='Speed' value='1'/></xml1:set>`,
  ],
  [
    'its namespace written with entities',
    `<set xmlns='urn:xmpp:iot:contro&#x6c;'><int name='Speed' value='1200'/></set>`,
  ],
  ['in another dialect', `<set xmlns='urn:nf:iot:ctr:1.0'><i n='Speed' v='1200'/></set>`],
  ['in the dialect of the IEEE', `<set xmlns='urn:ieee:iot:ctr:1.0'><i n='Speed' v='1200'/></set>`],
  [
    'as a form',
    `<set xmlns='${CONTROL}'><x xmlns='jabber:x:data' type='submit'><field var='Speed'><value>1200</value></field></x></set>`,
  ],
  ['of a type that there is not', `<set xmlns='${CONTROL}'><word name='Speed' value='1200'/></set>`],
  ['empty', `<set xmlns='${CONTROL}'/>`],
  ['as an element that there is not', `<Set xmlns='${CONTROL}'><int name='Speed' value='1200'/></Set>`],
  ['in a namespace nobody knows', `<set xmlns='urn:example:drives'/>`],
  ['of no namespace', `<set xmlns=''/>`],
  ['to a concentrator', `<executeNodeCommand xmlns='urn:xmpp:iot:concentrators' nodeId='a' command='open'/>`],
  [
    'through HTTP',
    `<req xmlns='urn:xmpp:http' method='POST' resource='/valve' version='1.1'><data><text>open</text></data></req>`,
  ],
  ['through HTTP, by an unknown method', `<req xmlns='urn:xmpp:http' method='open' resource='/valve' version='1.1'/>`],
  [
    'inside HTTP that may pass',
    `<req xmlns='urn:xmpp:http' method='GET' resource='/' version='1.1'><data><xml>${SET}</xml></data></req>`,
  ],
  ['as a command', `<command xmlns='http://jabber.org/protocol/commands' node='open'/>`],
  ['that waits', `<command xmlns='urn:thingward:battery:1'>${SET}</command>`],
  [
    'forwarded, as if the owner had sent it',
    `<forwarded xmlns='urn:xmpp:forward:0'><iq xmlns='jabber:client' type='set' from='romeo@localhost/r' to='juliet@localhost/r'>${SET}</iq></forwarded>`,
  ],
  [
    'as a carbon',
    `<received xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client' from='romeo@localhost/r'>${SET}</message></forwarded></received>`,
  ],
  [
    'out of an archive',
    `<result xmlns='urn:xmpp:mam:2' id='1'><forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client'>${SET}</message></forwarded></result>`,
  ],
  ['as an event', `<event xmlns='${PUBSUB}#event'><items node='n'><item id='1'>${SET}</item></items></event>`],
  ['published at it', `<pubsub xmlns='${PUBSUB}'><publish node='n'><item>${SET}</item></publish></pubsub>`],
  ['deep inside a form', `<x xmlns='jabber:x:data' type='submit'><field var='a'><value>${SET}</value></field></x>`],
  ['as advice to trust somebody', `<friend xmlns='urn:xmpp:iot:provisioning' jid='mercutio@localhost'/>`],
];

describe('a command of somebody who may not', () => {
  it.each(forms)('%s is refused as a request', async (_, payload) => {
    const mercutio = await stage.signIn('mercutio');
    mercutio.sends(`<iq type='set' id='w' to='juliet@localhost/r'>${payload}</iq>`);
    await mercutio.receives(`<iq type='error' id='w' from='juliet@localhost/r'/>`);
    await getsNothing(juliet, 'juliet@localhost/r');
    mercutio.leaves();
  });

  it.each(forms)('%s is refused as a message, to whatever address, of whatever type', async (_, payload) => {
    const mercutio = await stage.signIn('mercutio');
    for (const [to, type] of [
      ['juliet@localhost/r', 'normal'],
      ['juliet@localhost', 'chat'],
      ['JULIET@localhost/r', 'headline'],
      ['juliet@localhost/r', 'error'],
    ]) {
      mercutio.sends(`<message type='${type}' id='w' to='${to}'><body>hello</body>${payload}</message>`);
    }
    await getsNothing(juliet, 'juliet@localhost/r');
    mercutio.leaves();
  });

  it('is refused as presence', async () => {
    const mercutio = await stage.signIn('mercutio');
    mercutio.sends(`<presence to='juliet@localhost/r' id='w'>${SET}</presence>`);
    await getsNothing(juliet, 'juliet@localhost/r');
  });

  it('is refused beside as many payloads as one likes', async () => {
    const mercutio = await stage.signIn('mercutio');
    const others = `<active xmlns='http://jabber.org/protocol/chatstates'/>`.repeat(60);
    mercutio.sends(`<message to='juliet@localhost/r' id='w'>${others}${SET}</message>`);
    mercutio.sends(`<message to='juliet@localhost/r' id='x'>${SET}${SET}</message>`);
    await getsNothing(juliet, 'juliet@localhost/r');
  });

  it('is refused in a stream of other prefixes and default namespaces', async () => {
    const mercutio = await stage.signIn('mercutio');
    mercutio.sends(
      `<c:iq xmlns:c='jabber:client' xmlns='${CONTROL}' type='set' id='w' to='juliet@localhost/r'><set><int name='Speed' value='1200'/></set></c:iq>`,
    );
    await mercutio.receives(forbidden('w'));
    await getsNothing(juliet, 'juliet@localhost/r');
  });

  it('with a comment, an instruction, a doctype or an entity is no stanza at all', async () => {
    for (const trick of ['<!-- x -->', '<?x y?>', '<!DOCTYPE x>', '&xxe;']) {
      const mercutio = await stage.signIn('mercutio');
      mercutio.sends(
        `<iq type='set' id='w' to='juliet@localhost/r'><set xmlns='${CONTROL}'>${trick}<int name='Speed' value='1'/></set></iq>`,
      );
      await mercutio.isClosed();
    }
    await getsNothing(juliet, 'juliet@localhost/r');
  });

  it('as somebody else is not heard', async () => {
    const mercutio = await stage.signIn('mercutio');
    mercutio.sends(`<iq type='set' id='w' from='romeo@localhost/r' to='juliet@localhost/r'>${SET}</iq>`);
    await mercutio.isThrownOut('invalid-from');
    await getsNothing(juliet, 'juliet@localhost/r');
  });

  it('is answered as its protocol does', async () => {
    const mercutio = await stage.signIn('mercutio');
    mercutio.sends(`<iq type='set' id='w' to='juliet@localhost/r'>${SET}</iq>`);
    await mercutio.receives(
      `<iq type='error' id='w'><error type='cancel'><forbidden xmlns='${NS.stanzaErrors}'/><paramError xmlns='${CONTROL}' var='Speed'>Access denied.</paramError></error></iq>`,
    );
  });
});

describe('by other ways', () => {
  it('over BOSH', async () => {
    const mercutio = new BoshActor(stage.server.url ?? '');
    await mercutio.signsIn('mercutio');
    const answer = await mercutio.sends(
      `<iq xmlns='jabber:client' type='set' id='w' to='juliet@localhost/r'>${SET}</iq>`,
    );
    expect(answer.toString()).toContain('forbidden');
    await getsNothing(juliet, 'juliet@localhost/r');
  });

  it('over a line that is not encrypted, even the owner', async () => {
    const romeo = new BoshActor(stage.server.url ?? '');
    await romeo.signsIn('romeo');
    const answer = await romeo.sends(`<iq xmlns='jabber:client' type='set' id='w' to='juliet@localhost/r'>${SET}</iq>`);
    expect(answer.toString()).toContain('forbidden');
    await getsNothing(juliet, 'juliet@localhost/r');
  });

  it('coded in EXI', async () => {
    const configuration: StreamConfiguration = {
      options: DEFAULT_STREAM_OPTIONS,
      schemas: [...xmppSchemas(), ...thingSchemas()].map(({ ns, bytes, md5Hash }) => ({ ns, bytes, md5Hash })),
      datatypeRepresentationMap: [],
    };
    const [mercutio] = await entersTls(stage);
    mercutio.sends(encodeExiSetup({ kind: 'proposal', configuration }).toString('jabber:client'));
    const response = await mercutio.receives(`<setupResponse xmlns='${EXI_COMPRESSION}'/>`);
    expect(decodeExiSetupResponse(response).agreement).toBe(true);
    mercutio.sends(`<compress xmlns='${STREAM_COMPRESSION}'><method>exi</method></compress>`);
    await mercutio.receives(`<compressed xmlns='${STREAM_COMPRESSION}'/>`);
    const schemas = new SchemaCatalogue([...xmppSchemas(), ...thingSchemas()]).compile(configuration.schemas);
    mercutio.compresses(new AgreedSetUp(configuration, buildGrammars(schemas)));
    await mercutio.opensExi();
    const plain = Buffer.from('\0mercutio\0mercutio').toString('base64');
    mercutio.sends(`<auth xmlns='${NS.sasl}' mechanism='PLAIN'>${plain}</auth>`);
    await mercutio.receives(`<success xmlns='${NS.sasl}'/>`);
    await mercutio.opensExi();
    mercutio.sends(`<iq type='set' id='bind'><bind xmlns='${NS.bind}'><resource>exi</resource></bind></iq>`);
    await mercutio.receives(`<iq type='result' id='bind'/>`);
    mercutio.sends(`<iq type='set' id='w' to='juliet@localhost/r'>${SET}</iq>`);
    await mercutio.receives(`<iq type='error' id='w'/>`);
    await getsNothing(juliet, 'juliet@localhost/r');
  });

  it('through a component, whatever it says of itself', async () => {
    bridge.sends(`<iq type='set' id='w' from='owner@${BRIDGE}/x' to='juliet@localhost/r'>${SET}</iq>`);
    await bridge.receives(`<iq xmlns='jabber:component:accept' type='error' id='w'/>`);
    bridge.sends(
      `<message from='${BRIDGE}' to='juliet@localhost/r'><forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client' from='romeo@localhost'>${SET}</message></forwarded></message>`,
    );
    await getsNothing(juliet, 'juliet@localhost/r');
  });

  it('through publish-subscribe, to a Thing that has subscribed', async () => {
    const mercutio = await stage.signIn('mercutio');
    const pubsub = (id: string, act: string) =>
      `<iq type='set' id='${id}' to='pubsub.localhost'><pubsub xmlns='${PUBSUB}'>${act}</pubsub></iq>`;
    mercutio.sends(pubsub('c', `<create node='news'/>`));
    await mercutio.receives(`<iq type='result' id='c'/>`);
    juliet.sends(pubsub('s', `<subscribe node='news' jid='juliet@localhost'/>`));
    await juliet.receives(`<iq type='result' id='s'/>`);
    mercutio.sends(pubsub('p', `<publish node='news'><item id='1'>${SET}</item></publish>`));
    await mercutio.receives(`<iq type='result' id='p'/>`);
    await getsNothing(juliet, 'juliet@localhost/r');
    mercutio.sends(pubsub('q', `<publish node='news'><item id='2'><x xmlns='urn:example:news'/></item></publish>`));
    await juliet.receives(`<message from='pubsub.localhost'/>`);
  });

  it('through a service of the server itself', async () => {
    const from = Jid.parse('nurse.localhost');
    const to = Jid.parse('juliet@localhost/r');
    service.send(message('normal', { from, to }, controlElement()));
    await expect(service.request('set', to, controlElement())).rejects.toMatchObject({ condition: 'forbidden' });
    await getsNothing(juliet, 'juliet@localhost/r');
  });
});

describe('nodes behind an address', () => {
  const set = (nodes: string) => `<set xmlns='${CONTROL}'>${nodes}<boolean name='On' value='true'/></set>`;

  it('each is judged, whichever else is named, and all where none is', async () => {
    const mercutio = await stage.signIn('mercutio');
    mercutio.sends(`<iq type='set' id='1' to='${PLC}'>${set("<node nodeId='lamp'/>")}</iq>`);
    await plc.receives(`<iq xmlns='jabber:component:accept' type='set' id='1'/>`);
    const tricks = [
      "<node nodeId='valve'/>",
      "<node nodeId='lamp'/><node nodeId='valve'/>",
      "<node nodeId='lamp' sourceId='x'/><node nodeId='valve' sourceId='x' cacheType='y'/>",
      '',
      "<node nodeId=''/>",
      "<nd id='lamp'/>",
    ];
    for (const [i, nodes] of tricks.entries()) {
      mercutio.sends(`<iq type='set' id='t${i}' to='${PLC}'>${set(nodes)}</iq>`);
      await mercutio.receives(`<iq type='error' id='t${i}' from='${PLC}'/>`);
    }
    mercutio.sends(`<iq type='get' id='end' to='${PLC}'><ping xmlns='urn:xmpp:ping'/></iq>`);
    expect((await plc.next()).attribute('id')).toBe('end');
  });
});

function controlElement(): Element {
  return xml('set', { xmlns: CONTROL }, xml('int', { name: 'Speed', value: 1200 }));
}
