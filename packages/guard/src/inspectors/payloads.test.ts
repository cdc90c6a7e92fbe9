import { parseElement } from '@thingward/xml';
import { describe, expect, test } from 'vitest';
import type { FoundOperation } from '../operation.ts';
import type { InspectedStanza } from '../packet-inspector.ts';
import { commandsInspector } from './commands.ts';
import { concentratorInspector } from './concentrator.ts';
import { controlInspector } from './control.ts';
import { eventsInspector } from './events.ts';
import { historyInspector } from './history.ts';
import { httpInspector } from './http.ts';
import { provisioningInspector } from './provisioning.ts';
import { pubsubInspector } from './pubsub.ts';
import { registryInspector } from './registry.ts';
import { sensorDataInspector } from './sensor-data.ts';

const STANZA: InspectedStanza = {
  kind: 'iq',
  type: 'set',
  from: 'ana@example.org',
  to: 'plc@example.org',
  isNested: false,
};
const INSPECTORS = {
  commands: [commandsInspector, 'http://jabber.org/protocol/commands'],
  concentrator: [concentratorInspector, 'urn:xmpp:iot:concentrators'],
  control: [controlInspector, 'urn:xmpp:iot:control'],
  events: [eventsInspector, 'urn:ieee:iot:events:1.0'],
  history: [historyInspector, 'urn:thingward:history:1'],
  http: [httpInspector, 'urn:xmpp:http'],
  provisioning: [provisioningInspector, 'urn:xmpp:iot:provisioning'],
  pubsub: [pubsubInspector, 'http://jabber.org/protocol/pubsub'],
  registry: [registryInspector, 'urn:xmpp:iot:discovery'],
  'sensor-data': [sensorDataInspector, 'urn:xmpp:iot:sensordata'],
} as const;
type Protocol = keyof typeof INSPECTORS;

/** As short as can be: action, kind and address of the resource, name, text, number, what it was not understood for. */
function short({ action, resource: { kind, jid, node }, facts }: FoundOperation): string {
  const { name, text, number, problem, sourceId, method } = facts;
  return [
    action,
    `${kind === 'service' ? 'service:' : ''}${jid}${node === undefined ? '' : `#${node}`}`,
    ...[method, name, text, number, sourceId].flatMap((part) => part ?? []),
    ...(problem === undefined ? [] : [`? ${problem}`]),
  ].join(' ');
}

function told(protocol: Protocol, xml: string, more: Partial<InspectedStanza> = {}): readonly string[] {
  const [inspector, namespace] = INSPECTORS[protocol];
  const payload = parseElement(
    xml.replace(
      /^<(\w+)/,
      `<$1 xmlns='${inspector.namespaces.includes(namespace) ? namespace : inspector.namespaces[0]}'`,
    ),
  );
  const found = inspector.inspect(payload, { ...STANZA, ...more });
  for (const { action, facts } of found) {
    expect(facts.protocol).toBe(protocol);
    if (action !== 'unknown') expect(inspector.actions).toContain(action);
  }
  return found.map(short);
}

describe('what each payload asks for', () => {
  test.each<[Protocol, string, readonly string[]]>([
    ['commands', "<command node='reset'/>", ['execute plc@example.org reset']],
    ['commands', "<command node='reset' action='next'/>", ['execute plc@example.org reset next']],
    ['commands', "<command node='reset' action='cancel'/>", []],
    [
      'commands',
      '<command/>',
      ['unknown plc@example.org command http://jabber.org/protocol/commands ? it is no command with a node'],
    ],
    [
      'commands',
      "<other node='reset'/>",
      ['unknown plc@example.org other http://jabber.org/protocol/commands ? it is no command with a node'],
    ],
    ['concentrator', "<nodeAdded nodeId='a'/>", []],
    ['concentrator', '<getNodesResponse/>', []],
    [
      'concentrator',
      "<ResponseX nodeId='a'/>",
      ['unknown plc@example.org ResponseX urn:xmpp:iot:concentrators ? there is no <ResponseX/> in it'],
    ],
    [
      'concentrator',
      "<getNodes><node nodeId='a'/><node nodeId='b'/></getNodes>",
      ['browse plc@example.org#a getNodes', 'browse plc@example.org#b getNodes'],
    ],
    [
      'concentrator',
      "<destroyNode nodeId='c' sourceId='s'><node nodeId='a'/></destroyNode>",
      ['edit plc@example.org#c destroyNode s', 'edit plc@example.org#a destroyNode'],
    ],
    ['concentrator', "<executeNodeCommand nodeId='c' command='wipe'/>", ['execute plc@example.org#c wipe']],
    ['control', '<setResponse/>', []],
    ['control', '<pGroup/>', []],
    ['control', '<other/>', ['unknown plc@example.org other urn:xmpp:iot:control ? there is no <other/> in it']],
    ['control', '<set/>', ['unknown plc@example.org set urn:xmpp:iot:control ? <set/> without a parameter']],
    [
      'control',
      "<set><node nodeId='a'/></set>",
      ['unknown plc@example.org#a set urn:xmpp:iot:control ? <set/> without a parameter'],
    ],
    [
      'control',
      "<set><int value='3'/></set>",
      ['unknown plc@example.org int urn:xmpp:iot:control ? <int/> in <set/> is no parameter with a value'],
    ],
    [
      'control',
      "<set><int name='Speed'/></set>",
      ['unknown plc@example.org int urn:xmpp:iot:control ? <int/> in <set/> is no parameter with a value'],
    ],
    [
      'control',
      "<set><strange name='Speed' value='3'/></set>",
      ['unknown plc@example.org strange urn:xmpp:iot:control ? <strange/> in <set/> is no parameter with a value'],
    ],
    ['control', "<set><int name='Speed' value=' 3 '/></set>", ['set plc@example.org Speed 3 3.0']],
    ['control', "<set><string name='On' value='true'/></set>", ['set plc@example.org On true 1.0']],
    ['control', "<set><string name='On' value='false'/></set>", ['set plc@example.org On false 0.0']],
    ['control', "<set><boolean name='On' value='1'/></set>", ['set plc@example.org On 1 1.0']],
    ['control', "<set><boolean name='On' value='yes'/></set>", ['set plc@example.org On yes 0.0']],
    [
      'control',
      "<set><x xmlns='jabber:x:data'><field var='A'/><field><value>3</value></field><field var='FORM_TYPE'><value>f</value></field></x></set>",
      ['set plc@example.org A '],
    ],
    ['events', '<unsubscribe/>', []],
    ['events', '<unsubscribed/>', []],
    [
      'events',
      '<strange/>',
      [
        expect.stringMatching(
          /^unknown plc@example\.org strange .* \? there is no <strange\/> in it$/,
        ) as unknown as string,
      ],
    ],
    ['events', "<subscribe><nd id='a'/></subscribe>", ['subscribe plc@example.org#a']],
    ['http', "<req method='get' resource='/a'/>", ['read plc@example.org GET /a /a']],
    ['http', "<req method='PUT' resource='/a?b'/>", ['write plc@example.org PUT /a /a?b']],
    ['http', "<req method='OPTIONS' resource='*'/>", ['read plc@example.org OPTIONS * *']],
    [
      'http',
      "<req method='GET' resource='/%ff'/>",
      ['unknown plc@example.org req urn:xmpp:http ? the resource is no path'],
    ],
    [
      'http',
      "<req method='GET' resource='http://['/>",
      ['unknown plc@example.org req urn:xmpp:http ? the resource is no path'],
    ],
    [
      'http',
      "<req resource='/a'/>",
      ['unknown plc@example.org req urn:xmpp:http ? it is no HTTP request with method and resource'],
    ],
    [
      'http',
      "<req method=' ' resource='/a'/>",
      ['unknown plc@example.org req urn:xmpp:http ? it is no HTTP request with method and resource'],
    ],
    [
      'http',
      "<req method='GET'/>",
      ['unknown plc@example.org req urn:xmpp:http ? it is no HTTP request with method and resource'],
    ],
    [
      'http',
      "<other method='GET' resource='/a'/>",
      ['unknown plc@example.org other urn:xmpp:http ? it is no HTTP request with method and resource'],
    ],
    ['http', "<resp statusCode='200'/>", []],
    ['http', '<chunk/>', []],
    ['registry', '<search/>', ['browse service:plc@example.org search']],
    ['registry', '<found/>', []],
    ['registry', '<mine/>', ['administer service:plc@example.org mine']],
    ['registry', "<register nodeId='a'/>", ['administer ana@example.org#a register']],
    ['registry', "<remove jid='x@example.org/r' nodeId='a' sourceId='s'/>", ['administer x@example.org#a remove s']],
    [
      'registry',
      "<disown jid='@'/>",
      ['unknown service:plc@example.org disown urn:xmpp:iot:discovery ? its jid is no address'],
    ],
    [
      'registry',
      '<strange/>',
      ['unknown service:plc@example.org strange urn:xmpp:iot:discovery ? there is no <strange/> in it'],
    ],
    ['provisioning', "<canRead jid='x@example.org'/>", ['browse plc@example.org canRead x@example.org']],
    ['provisioning', "<friend jid='x@example.org'/>", ['administer plc@example.org friend x@example.org']],
    ['provisioning', '<clearCaches/>', ['administer plc@example.org clearCaches']],
    ['provisioning', '<canReadResponse/>', []],
    [
      'provisioning',
      '<strange/>',
      ['unknown plc@example.org strange urn:xmpp:iot:provisioning ? there is no <strange/> in it'],
    ],
    ['pubsub', "<pubsub><publish node='n'/><publish-options/></pubsub>", ['publish service:plc@example.org#n publish']],
    [
      'pubsub',
      "<pubsub><create node=''/><configure/></pubsub>",
      ['edit service:plc@example.org create', 'edit service:plc@example.org configure'],
    ],
    [
      'pubsub',
      "<pubsub><items node='n'/><set xmlns='http://jabber.org/protocol/rsm'/></pubsub>",
      ['read service:plc@example.org#n items'],
    ],
    [
      'pubsub',
      "<pubsub><strange node='n'/></pubsub>",
      ['unknown service:plc@example.org#n strange http://jabber.org/protocol/pubsub ? <strange/> in <pubsub/>'],
    ],
    [
      'pubsub',
      '<strange/>',
      ['unknown service:plc@example.org strange http://jabber.org/protocol/pubsub ? there is no <strange/> in it'],
    ],
    ['sensor-data', '<cancel/>', []],
    ['sensor-data', '<fields/>', []],
    [
      'sensor-data',
      '<strange/>',
      ['unknown plc@example.org strange urn:xmpp:iot:sensordata ? there is no <strange/> in it'],
    ],
    [
      'sensor-data',
      "<req><node nodeId='a'/><field name='T'/><odd/></req>",
      ['read plc@example.org#a T', 'unknown plc@example.org#a odd urn:xmpp:iot:sensordata ? <odd/> in <req/>'],
    ],
    ['sensor-data', "<req><odd xmlns='urn:other'/></req>", ['read plc@example.org']],
  ])('%s: %s', (protocol, xml, expected) => {
    expect(told(protocol, xml)).toEqual(expected);
  });

  test('a command in the answer to one does nothing; in a message, or inside something else, it counts', () => {
    const command = "<command node='reset'/>";
    for (const type of ['result', 'error']) {
      expect(told('commands', command, { type })).toEqual([]);
      expect(told('commands', command, { type, isNested: true }).length).toBe(1);
      expect(told('commands', command, { type, kind: 'message' }).length).toBe(1);
    }
    expect(told('commands', command, { type: 'get' }).length).toBe(1);
  });

  test('a history is read of the Thing that is named, or of who asks', () => {
    const namespace = historyInspector.namespaces[0] as string;
    const read = (xml: string) =>
      historyInspector
        .inspect(parseElement(xml.replace(/^<(\w+)/, `<$1 xmlns='${namespace}'`)), {
          ...STANZA,
          to: 'history.example.org',
        })
        .map(short);
    expect(read("<query thing='plc@example.org/x' nodeId='a'/>")).toEqual(['read plc@example.org#a']);
    expect(read("<read jid='plc@example.org'><field name='T'/><field name='P'/></read>")).toEqual([
      'read plc@example.org T',
      'read plc@example.org P',
    ]);
    expect(read('<query/>')).toEqual(['read ana@example.org']);
    expect(read("<query thing='@'/>")).toEqual([
      `unknown service:history.example.org query ${namespace} ? its jid is no address`,
    ]);
    expect(read('<strange/>')).toEqual([
      `unknown service:history.example.org strange ${namespace} ? there is no <strange/> in it`,
    ]);
    for (const name of ['history', 'stored', 'fields', 'store', 'readers']) expect(read(`<${name}/>`)).toEqual([]);
  });

  test('kinds of fields: those that are true, all where none is, in full or by a letter', () => {
    const types = (attributes: string, namespace = 'urn:xmpp:iot:sensordata') =>
      sensorDataInspector.inspect(parseElement(`<req xmlns='${namespace}' ${attributes}/>`), STANZA)[0]?.facts
        .fieldTypes;
    const all = types('') as readonly string[];
    expect(all).toContain('momentary');
    expect(types("all='true' momentary='true'")).toEqual(all);
    expect(types("momentary='1' peak='false'")).toEqual(['momentary']);
    expect(types("historical='true'")).toEqual(all.filter((type) => type.startsWith('historical')));
    expect(types("m='true' p=' true '", 'urn:ieee:iot:sd:1.0')).toEqual(['momentary', 'peak']);
    expect(types("seqnr='1'")).toEqual(all);
  });

  test('an owner of a node changes it, but for looking at what is usual', () => {
    const owner = (act: string) =>
      pubsubInspector
        .inspect(parseElement(`<pubsub xmlns='http://jabber.org/protocol/pubsub#owner'>${act}</pubsub>`), STANZA)
        .map(short);
    expect(owner("<delete node='n'/>")).toEqual(['edit service:plc@example.org#n delete']);
    expect(owner('<default/>')).toEqual(['browse service:plc@example.org default']);
  });
});
