import { Element, parseElement } from '@thingward/xml';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Inspection, InspectionError } from './inspection.ts';
import { ACTIONS, type FoundOperation } from './operation.ts';

const inspection = new Inspection();

function operations(payloads: string, type = 'set', kind: 'iq' | 'message' = 'iq'): readonly FoundOperation[] {
  const stanza = parseElement(`<${kind} xmlns='jabber:client' type='${type}' id='1'>${payloads}</${kind}>`);
  return inspection.operations(stanza, { kind, type, from: 'ana@example.org', to: 'plc@example.org' });
}

/** As short as can be: action, resource, name = text (number). */
function told(found: readonly FoundOperation[]): readonly string[] {
  return found.map(({ action, resource: { jid, node }, facts: { name, text, number, isNested } }) =>
    [
      action,
      node === undefined ? jid : `${jid}#${node}`,
      name,
      text !== undefined && `= ${text}`,
      number !== undefined && `(${number})`,
      isNested && 'nested',
    ]
      .filter((part) => part)
      .join(' '),
  );
}

const SET = "<set xmlns='urn:xmpp:iot:control'><int name='Speed' value='1200'/></set>";

describe('control (XEP-0325)', () => {
  test('each parameter with its value, at each node', () => {
    expect(
      told(
        operations(
          "<set xmlns='urn:xmpp:iot:control'><node nodeId='a'/><node nodeId='b' sourceId='s'/>" +
            "<boolean name='On' value='true'/><double name='Level' value='12.5'/><string name='Mode' value='auto'/></set>",
        ),
      ),
    ).toEqual([
      'set plc@example.org#a On = true (1.0)',
      'set plc@example.org#a Level = 12.5 (12.5)',
      'set plc@example.org#a Mode = auto',
      'set plc@example.org#b On = true (1.0)',
      'set plc@example.org#b Level = 12.5 (12.5)',
      'set plc@example.org#b Mode = auto',
    ]);
  });

  test('the same as a message, as a get, and in the other dialects', () => {
    expect(told(operations(SET, 'chat', 'message'))).toEqual(['set plc@example.org Speed = 1200 (1200.0)']);
    expect(told(operations(SET, 'get'))).toEqual(['set plc@example.org Speed = 1200 (1200.0)']);
    for (const name of ['nf', 'ieee']) {
      const set = `<set xmlns='urn:${name}:iot:ctr:1.0'><nd id='a' nodeId='b'/><i n='Speed' v='1200' name='x' value='1'/></set>`;
      expect(told(operations(set))).toEqual(['set plc@example.org#a Speed = 1200 (1200.0)']);
    }
  });

  test('each value of a form, but not what says which form it is', () => {
    expect(
      told(
        operations(
          "<set xmlns='urn:xmpp:iot:control'><x xmlns='jabber:x:data' type='submit'>" +
            "<field var='xdd session' type='hidden'><value>7</value></field>" +
            "<field var='Speed'><value>1</value><value>2</value></field></x></set>",
        ),
      ),
    ).toEqual(['set plc@example.org Speed = 1 (1.0)', 'set plc@example.org Speed = 2 (2.0)']);
  });

  test.each([
    ['80.00001', ['80.0', '80.0001']],
    ['-80.00001', ['-80.0', '-80.0001']],
    ['1e300', ['922337203685477.5807']],
    ['-INF', ['-922337203685477.5808']],
    [' +9.5E1 ', ['95.0']],
    ['95', ['95.0']],
    ['0x5F', []],
    ['NaN', []],
  ])('a value of %s is judged by %j', (text, numbers) => {
    const found = operations(`<set xmlns='urn:xmpp:iot:control'><string name='Level' value='${text}'/></set>`);
    expect(found.flatMap(({ facts }) => facts.number ?? [])).toEqual(numbers);
    expect(found.length).toBe(Math.max(1, numbers.length));
  });

  test('what is no parameter is unknown', () => {
    const inside = (content: string) => told(operations(`<set xmlns='urn:xmpp:iot:control'>${content}</set>`));
    expect(inside("<word name='Speed' value='1'/>")).toEqual(['unknown plc@example.org word = urn:xmpp:iot:control']);
    expect(inside("<int name='Speed'/>")).toEqual(['unknown plc@example.org int = urn:xmpp:iot:control']);
    expect(inside('')).toEqual(['unknown plc@example.org set = urn:xmpp:iot:control']);
    expect(told(operations("<write xmlns='urn:xmpp:iot:control'/>"))).toEqual([
      'unknown plc@example.org write = urn:xmpp:iot:control',
    ]);
  });

  test('control forms are looked at; answers do nothing', () => {
    expect(told(operations("<getForm xmlns='urn:xmpp:iot:control'/>", 'get'))).toEqual([
      'browse plc@example.org getForm',
    ]);
    expect(operations("<setResponse xmlns='urn:xmpp:iot:control'/>", 'normal', 'message')).toEqual([]);
  });
});

describe('read-outs (XEP-0323) and events', () => {
  test('each field of each node, with the kinds of fields', () => {
    const found = operations(
      "<req xmlns='urn:xmpp:iot:sensordata' seqnr='1' momentary=' true ' peak='1' historicalDay='false'>" +
        "<node nodeId='a'/><field name='Level'/><field name='Flow'/></req>",
      'get',
    );
    expect(told(found)).toEqual(['read plc@example.org#a Level', 'read plc@example.org#a Flow']);
    expect(found[0]?.facts.fieldTypes).toEqual(['momentary', 'peak']);
  });

  test('all kinds where none is named, historical ones by one word', () => {
    const types = (attributes: string) =>
      operations(`<req xmlns='urn:xmpp:iot:sensordata' seqnr='1' ${attributes}/>`)[0]?.facts.fieldTypes ?? [];
    expect(types('')).toHaveLength(14);
    expect(types("all='true'")).toHaveLength(14);
    expect(types("historical='true'")).toHaveLength(9);
  });

  test('subscriptions; and what Things tell does nothing', () => {
    expect(
      told(
        operations(
          "<subscribe xmlns='urn:xmpp:iot:events' seqnr='1' momentary='true'><field name='Level'/></subscribe>",
        ),
      ),
    ).toEqual(['subscribe plc@example.org Level']);
    expect(operations("<fields xmlns='urn:xmpp:iot:sensordata' seqnr='1'/>", 'normal', 'message')).toEqual([]);
    expect(told(operations("<wipe xmlns='urn:nf:iot:sd:1.0'/>"))).toEqual([
      'unknown plc@example.org wipe = urn:nf:iot:sd:1.0',
    ]);
  });
});

describe('concentrators (XEP-0326)', () => {
  test.each([
    [
      "<executeNodeCommand xmlns='urn:xmpp:iot:concentrators' nodeId='a' command='reboot'/>",
      'execute plc@example.org#a reboot',
    ],
    [
      "<executeNodeCommand xmlns='urn:nf:iot:concentrator:1.0' id='a' command='reboot'/>",
      'execute plc@example.org#a reboot',
    ],
    ["<destroyNode xmlns='urn:xmpp:iot:concentrators' sourceId='s' nodeId='a'/>", 'edit plc@example.org#a destroyNode'],
    ["<getAllDataSources xmlns='urn:xmpp:iot:concentrators'/>", 'browse plc@example.org getAllDataSources'],
    [
      "<holabandola xmlns='urn:xmpp:iot:concentrators'/>",
      'unknown plc@example.org holabandola = urn:xmpp:iot:concentrators',
    ],
  ])('%s', (payload, expected) => {
    expect(told(operations(payload))).toEqual([expected]);
  });

  test('commands for several nodes', () => {
    expect(
      told(
        operations(
          "<executeCommonNodeCommand xmlns='urn:xmpp:iot:concentrators' command='reboot'><node nodeId='a'/><node nodeId='b'/></executeCommonNodeCommand>",
        ),
      ),
    ).toEqual(['execute plc@example.org#a reboot', 'execute plc@example.org#b reboot']);
  });
});

describe('HTTP over XMPP (XEP-0332)', () => {
  const requested = (method: string, resource: string) =>
    operations(`<req xmlns='urn:xmpp:http' method='${method}' resource='${resource}' version='1.1'/>`).map(
      ({ action, facts }) => `${action} ${facts.path ?? facts.problem}`,
    );

  test('safe methods read, all others write', () => {
    expect(requested('GET', '/status')).toEqual(['read /status']);
    expect(requested('post', '/valve?open=1')).toEqual(['write /valve']);
    expect(requested('BREW', '/pot')).toEqual(['write /pot']);
    expect(requested('OPTIONS', '*')).toEqual(['read *']);
  });

  test.each(['/a/../admin/valve', '//admin//valve', '/%61dmin/valve', '/./admin/valve#x', 'http://other/admin/valve'])(
    '%s is /admin/valve',
    (resource) => expect(requested('PUT', resource)).toEqual(['write /admin/valve']),
  );

  test('a path that is encoded twice can not be told', () => {
    expect(requested('PUT', '/%2561dmin')).toEqual(['unknown the resource is no path']);
  });
});

describe('services', () => {
  test('publish-subscribe (XEP-0060)', () => {
    const pubsub = 'http://jabber.org/protocol/pubsub';
    expect(
      told(operations(`<pubsub xmlns='${pubsub}'><publish node='n'><item/></publish><publish-options/></pubsub>`)),
    ).toEqual(['publish plc@example.org#n publish']);
    expect(told(operations(`<pubsub xmlns='${pubsub}#owner'><delete node='n'/></pubsub>`))).toEqual([
      'edit plc@example.org#n delete',
    ]);
    expect(told(operations(`<pubsub xmlns='${pubsub}'><items node='n'/></pubsub>`, 'get'))).toEqual([
      'read plc@example.org#n items',
    ]);
  });

  test('the registry (XEP-0347): who is meant, wherever the request goes', () => {
    expect(told(operations("<disown xmlns='urn:xmpp:iot:discovery' jid='pump@example.org/x' nodeId='a'/>"))).toEqual([
      'administer pump@example.org#a disown',
    ]);
    expect(told(operations("<register xmlns='urn:xmpp:iot:discovery'/>"))).toEqual([
      'administer ana@example.org register',
    ]);
    expect(told(operations("<disown xmlns='urn:nf:iot:disco:1.0' jid='@'/>"))[0]).toMatch(/^unknown/);
  });

  test('provisioning (XEP-0324), history, commands (XEP-0050)', () => {
    expect(
      told(operations("<friend xmlns='urn:xmpp:iot:provisioning' jid='eve@example.org'/>", 'normal', 'message')),
    ).toEqual(['administer plc@example.org friend = eve@example.org']);
    expect(
      told(
        operations(
          "<query xmlns='urn:thingward:history:1' jid='pump@example.org'><field name='Level'/></query>",
          'get',
        ),
      ),
    ).toEqual(['read pump@example.org Level']);
    expect(told(operations("<command xmlns='http://jabber.org/protocol/commands' node='reboot'/>"))).toEqual([
      'execute plc@example.org reboot',
    ]);
  });
});

describe('the service broker', () => {
  const BROKER = "xmlns='urn:thingward:broker:1'";

  test('says what changes the documents about a Thing, wherever the request goes', () => {
    const put = `<put ${BROKER} thing='pump@example.org/x' nodeId='a' kind='register-map' name='default' mediaType='text/csv'><text/></put>`;
    expect(told(operations(put))).toEqual(['administer pump@example.org#a put = register-map/default']);
    expect(told(operations(`<remove ${BROKER} thing='pump@example.org' kind='teds' name='meta'/>`))).toEqual([
      'administer pump@example.org remove = teds/meta',
    ]);
    expect(told(operations(`<list ${BROKER} thing='pump@example.org'/>`, 'get'))).toEqual([
      'browse pump@example.org list',
    ]);
    expect(told(operations(`<readers ${BROKER}><reader jid='eve@example.org'/></readers>`))).toEqual([]);
    expect(told(operations(`<put ${BROKER} kind='register-map' name='default'/>`))[0]).toMatch(/^unknown/);
    expect(told(operations(`<burn ${BROKER} thing='pump@example.org'/>`))[0]).toMatch(/^unknown/);
  });

  test('sees what is inside a document, too', () => {
    const put = `<put ${BROKER} thing='pump@example.org' kind='x' name='y' mediaType='a/b'><xml>${SET}</xml></put>`;
    expect(told(operations(put))).toHaveLength(2);
  });
});

describe('hidden', () => {
  test.each([
    ['second payload', `<body>hello</body>${SET}`],
    [
      'forwarded',
      `<forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client' from='owner@example.org'>${SET}</message></forwarded>`,
    ],
    [
      'carbon',
      `<received xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client'>${SET}</message></forwarded></received>`,
    ],
    [
      'archive',
      `<result xmlns='urn:xmpp:mam:2'><forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client'>${SET}</message></forwarded></result>`,
    ],
    [
      'event',
      `<event xmlns='http://jabber.org/protocol/pubsub#event'><items node='n'><item>${SET}</item></items></event>`,
    ],
    ['battery', `<command xmlns='urn:thingward:battery:1'>${SET}</command>`],
    ['body', `<body>x${SET}</body>`],
    ['prefix', "<c:set xmlns:c='urn:xmpp:iot:control'><c:int name='Speed' value='1200'/></c:set>"],
    ['comment', SET.replace('<int', '<!-- <boolean/> --><int')],
  ])('%s', (name, payloads) => {
    // Comments are refused before anything is inspected (RFC 6120 §11.1).
    if (name === 'comment') expect(() => operations(payloads)).toThrow();
    else {
      expect(told(operations(payloads, 'chat', 'message')).filter((line) => line.startsWith('set'))).toEqual([
        `set plc@example.org Speed = 1200 (1200.0)${['second payload', 'prefix'].includes(name) ? '' : ' nested'}`,
      ]);
    }
  });

  test('two payloads give the operations of both', () => {
    expect(operations(SET + SET)).toHaveLength(2);
  });

  test('what nobody understands is unknown; nested, where it is of Things', () => {
    expect(told(operations("<go xmlns='urn:example:motor'/>"))).toEqual([
      'unknown plc@example.org go = urn:example:motor',
    ]);
    expect(
      told(operations("<x xmlns='jabber:x:data'><go xmlns='urn:example:motor'/><go xmlns='urn:nf:iot:new:1.0'/></x>")),
    ).toEqual(['unknown plc@example.org go = urn:nf:iot:new:1.0 nested']);
    expect(operations("<query xmlns='http://jabber.org/protocol/disco#info'/>", 'get')).toEqual([]);
  });

  test('too much at once is refused', () => {
    const many = "<int name='Speed' value='1'/>".repeat(1001);
    expect(() => operations(`<set xmlns='urn:xmpp:iot:control'>${many}</set>`)).toThrow(InspectionError);
  });
});

test('whatever is inside, nothing but InspectionError is thrown, and no control payload is passed over', () => {
  const namespaces = [
    'jabber:client',
    'jabber:x:data',
    'urn:xmpp:forward:0',
    'urn:xmpp:iot:sensordata',
    'urn:xmpp:http',
    'http://jabber.org/protocol/pubsub',
    'urn:xmpp:iot:concentrators',
    'urn:example:other',
  ];
  const element = fc.letrec<{ tree: string }>((tie) => ({
    tree: fc
      .record({
        name: fc.constantFrom('a', 'set', 'req', 'message', 'x', 'field', 'pubsub', 'publish', 'forwarded'),
        namespace: fc.constantFrom(...namespaces),
        children: fc.oneof(
          { depthSize: 'small', withCrossShrink: true },
          fc.constant([] as string[]),
          fc.constant([SET]),
          fc.array(tie('tree'), { maxLength: 3 }),
        ),
      })
      .map(({ name, namespace, children }) => `<${name} xmlns='${namespace}'>${children.join('')}</${name}>`),
  })).tree;
  fc.assert(
    fc.property(element, (text) => {
      const sets = text.split(SET).length - 1;
      const found = operations(text).filter(({ action, facts }) => action === 'set' && facts.text === '1200');
      expect(found.length).toBeGreaterThanOrEqual(sets);
    }),
  );
});

describe('what is known of namespaces', () => {
  test('who understands them, and what all can give', () => {
    expect(inspection.classOf('urn:xmpp:iot:control')).toBe('inspected');
    expect(inspection.classOf('urn:xmpp:forward:0')).toBe('container');
    expect(inspection.classOf('http://jabber.org/protocol/chatstates')).toBe('ordinary');
    expect(inspection.classOf('urn:made:up')).toBe('unknown');
    expect(inspection.inspectorOf('urn:xmpp:iot:control')?.protocol).toBe('control');
    expect(inspection.inspectorOf('urn:made:up')).toBeUndefined();
    const { actions } = inspection;
    expect([...actions].sort()).toEqual([...ACTIONS].sort());
    expect(new Inspection([]).actions).toEqual(['unknown']);
  });

  test('two inspectors can not have the same', () => {
    const one = inspection.inspectorOf('urn:xmpp:iot:control');
    expect(() => new Inspection(one ? [one, one] : [])).toThrow(/two inspectors of urn:/);
  });
});

describe('bounds', () => {
  const about = { kind: 'message', type: undefined, from: 'ana@example.org', to: 'plc@example.org' } as const;
  const nested = (depth: number): Element =>
    depth === 0
      ? new Element('set', 'urn:xmpp:iot:control', {}, [])
      : new Element('x', 'urn:other', {}, [nested(depth - 1)]);
  const stanza = (...payloads: Element[]) => new Element('message', 'jabber:client', {}, ['text', ...payloads]);

  test('as deep as a stanza may be, and no deeper', () => {
    expect(inspection.operations(stanza(nested(255)), about).map(({ action }) => action)).toEqual([
      'unknown',
      'unknown',
    ]);
    expect(() => inspection.operations(stanza(nested(256)), about)).toThrow(InspectionError);
  });

  test('as much as a stanza may ask for, and no more', () => {
    const sets = (count: number) => stanza(...Array.from({ length: count }, () => nested(0)));
    expect(inspection.operations(sets(1000), about).length).toBe(1000);
    expect(() => inspection.operations(sets(1001), about)).toThrow(InspectionError);
  });

  test('a payload of the namespace of the stanza is looked at as one', () => {
    const own = new Element('strange', 'jabber:client', {}, []);
    const classes = inspection.operations(stanza(own), about).map(({ action }) => action);
    expect(classes).toEqual(inspection.classOf('jabber:client') === 'unknown' ? ['unknown'] : []);
  });
});
