import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildGrammars } from '@thingward/exi';
import { thingSchemas } from '@thingward/things/node';
import { type Element, xml } from '@thingward/xml';
import { Jid, MemoryTokenKeeper, message, NS, ping, SASL2, XmppClient } from '@thingward/xmpp';
import {
  AgreedSetUp,
  bindingSetUp,
  configurationText,
  DEFAULT_STREAM_OPTIONS,
  decodeExiSetupResponse,
  EXI_COMPRESSION,
  ExiCompressor,
  type ExiSetupResponse,
  ExiStreamWriter,
  encodeExiSetup,
  encodeSchemaUpload,
  encodeUploadedSchema,
  identifySchema,
  MemorySetUpKeeper,
  SchemaCatalogue,
  type SchemaFile,
  STREAM_COMPRESSION,
  type StreamConfiguration,
  type StreamOptions,
} from '@thingward/xmpp/exi';
import { tcpConnector, xmppSchemas } from '@thingward/xmpp/node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { entersTls, plain, USER_AGENT } from './authentication.ts';
import { type Actor, Stage } from './conversation.ts';
import { Relay } from './relay.ts';

const ALL = [...xmppSchemas(), ...thingSchemas()];
const compress = `<compress xmlns='${STREAM_COMPRESSION}'><method>exi</method></compress>`;
const compressed = `<compressed xmlns='${STREAM_COMPRESSION}'/>`;
const failure = (condition: string) => `<failure xmlns='${STREAM_COMPRESSION}'><${condition}/></failure>`;
const identity = ({ ns, bytes, md5Hash }: SchemaFile) => ({ ns, bytes, md5Hash });

function proposal(options: Partial<StreamOptions> = {}, schemas: readonly SchemaFile[] = ALL): StreamConfiguration {
  return {
    options: { ...DEFAULT_STREAM_OPTIONS, ...options },
    schemas: schemas.map(identity),
    datatypeRepresentationMap: [],
  };
}

const made = new Map<string, AgreedSetUp>();

function setUpOf(configuration: StreamConfiguration): AgreedSetUp {
  const key = configurationText(configuration);
  const setUp =
    made.get(key) ??
    new AgreedSetUp(configuration, buildGrammars(new SchemaCatalogue(ALL).compile(configuration.schemas)));
  made.set(key, setUp);
  return setUp;
}

const own = (text: string) =>
  identifySchema(
    'own',
    new TextEncoder().encode(
      `<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema' targetNamespace='urn:own'>${text}</xs:schema>`,
    ),
  );

let stage: Stage;
beforeEach(async () => {
  stage = await Stage.open();
});
afterEach(() => stage.close());

async function proposes(actor: Actor, configuration: StreamConfiguration): Promise<ExiSetupResponse> {
  actor.sends(encodeExiSetup({ kind: 'proposal', configuration }).toString('jabber:client'));
  return decodeExiSetupResponse(await actor.receives(`<setupResponse xmlns='${EXI_COMPRESSION}'/>`));
}

async function asksFor(actor: Actor, configurationId: string): Promise<ExiSetupResponse> {
  actor.sends(`<setup xmlns='${EXI_COMPRESSION}' configurationId='${configurationId}'/>`);
  return decodeExiSetupResponse(await actor.receives(`<setupResponse xmlns='${EXI_COMPRESSION}'/>`));
}

/** Goes over to EXI and signs in there. */
async function signsInByExi(actor: Actor, name: string, configuration: StreamConfiguration, resource = 'r') {
  expect((await proposes(actor, configuration)).agreement).toBe(true);
  actor.sends(compress);
  await actor.receives(compressed);
  actor.compresses(setUpOf(configuration));
  await actor.opensExi();
  const response = Buffer.from(`\0${name}\0${name}`).toString('base64');
  actor.sends(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${response}</auth>`);
  await actor.receives(`<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>`);
  await actor.opensExi();
  actor.sends(
    `<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>${resource}</resource></bind></iq>`,
  );
  await actor.receives(`<iq type='result' id='bind'/>`);
}

async function entersByExi(name: string, configuration = proposal(), resource = 'r'): Promise<Actor> {
  const [actor] = await entersTls(stage);
  await signsInByExi(actor, name, configuration, resource);
  return actor;
}

const methods = (features: Element) =>
  features
    .child('compression', 'http://jabber.org/features/compress')
    ?.childrenNamed('method')
    .map(({ text }) => text);

describe('XEP-0322 EXI over stream compression', () => {
  it('is offered (§2.2)', async () => {
    const [, features] = await entersTls(stage);
    expect(methods(features)).toEqual(['exi']);
  });

  it('compress before setup fails, and the stream goes on (§2.2.1)', async () => {
    const [romeo] = await entersTls(stage);
    romeo.sends(compress);
    await romeo.receives(failure('setup-failed'));
    romeo.sends(`<compress xmlns='${STREAM_COMPRESSION}'><method>zlib</method></compress>`);
    await romeo.receives(failure('unsupported-method'));
    romeo.sends(plain('romeo'));
    await romeo.receives(`<success xmlns='${SASL2}'/>`);
  });

  it('a proposal that can be met is agreed on, with an identifier (§2.2.2)', async () => {
    const [romeo] = await entersTls(stage);
    const { agreement, known, configuration, missingSchemas } = await proposes(romeo, proposal());
    expect(agreement).toBe(true);
    expect(known).toEqual({ configurationId: expect.stringMatching(/^[\w-]{12}$/) });
    expect(configuration).toEqual(proposal());
    expect(missingSchemas).toEqual([]);
  });

  it('options are lowered, never raised, and then there is no agreement yet (§2.2.2)', async () => {
    const [romeo] = await entersTls(stage);
    const wanted = proposal({ sessionWideBuffers: true, preserveComments: true, blockSize: 9_000_000, version: 2 });
    const first = await proposes(romeo, wanted);
    expect(first.agreement).toBe(false);
    expect(first.known).toBeUndefined();
    expect(first.configuration?.options).toMatchObject({
      version: 1,
      preserveComments: false,
      blockSize: 1_000_000,
      sessionWideBuffers: true,
      valueMaxLength: 256,
      valuePartitionCapacity: 512,
    });
    const small = proposal({ valueMaxLength: 10, valuePartitionCapacity: 5, blockSize: 7 });
    expect((await proposes(romeo, small)).configuration?.options).toEqual(small.options);
    expect((await proposes(romeo, first.configuration as StreamConfiguration)).agreement).toBe(true);
  });

  it('schemas it lacks are named, and the rest can be used (§2.2.2)', async () => {
    const mine = own(`<xs:element name='x'/>`);
    const [romeo] = await entersTls(stage);
    const { agreement, missingSchemas, configuration } = await proposes(romeo, proposal({}, [...ALL, mine]));
    expect(agreement).toBe(false);
    expect(missingSchemas).toEqual([identity(mine)]);
    expect(configuration?.schemas).toEqual(ALL.map(identity));
    romeo.sends(compress);
    await romeo.receives(compressed);
    romeo.compresses(setUpOf(proposal()));
    expect((await romeo.opensExi()).name).toBe('features');
  });

  it('stanzas go both ways, to XML streams and to EXI streams', async () => {
    const romeo = await entersByExi('romeo');
    const juliet = await stage.present('juliet');
    const mercutio = await entersByExi('mercutio', proposal({ alignment: 'byte-alignment' }));
    for (const [name, actor] of [
      ['juliet', juliet],
      ['mercutio', mercutio],
    ] as const) {
      romeo.sends(
        `<message to='${name}@localhost/r' id='m1' type='chat'><body>Äther &lt;3</body><x xmlns='urn:nobody:knows' a='1'/></message>`,
      );
      await actor.receives(
        `<message from='romeo@localhost/r' id='m1' type='chat'><body>Äther &lt;3</body><x xmlns='urn:nobody:knows' a='1'/></message>`,
      );
      actor.sends(`<message to='romeo@localhost/r' id='m2'><body>back</body></message>`);
      await romeo.receives(`<message from='${name}@localhost/r' id='m2'><body>back</body></message>`);
    }
  });

  it('digits are kept: 10.00 stays 10.00', async () => {
    const romeo = await entersByExi('romeo');
    const juliet = await stage.signIn('juliet');
    const fields = `<fields xmlns='urn:xmpp:iot:sensordata' seqnr='1' done='true'><node nodeId='n'><timestamp value='2026-11-26T10:00:00Z'><numeric name='T' value='10.00' unit='C' momentary='true' automaticReadout='true'/></timestamp></node></fields>`;
    romeo.sends(`<message to='juliet@localhost/r'>${fields}</message>`);
    await juliet.receives(`<message>${fields}</message>`);
    juliet.sends(`<message to='romeo@localhost/r'>${fields}</message>`);
    await romeo.receives(`<message>${fields}</message>`);
  });

  it('stanzas may come in pieces of any size, and many at once', async () => {
    const romeo = await entersByExi('romeo');
    const juliet = await stage.signIn('juliet');
    const setUp = setUpOf(proposal());
    const coded = [1, 2, 3].map((n) =>
      setUp.encode(
        message('normal', { to: Jid.parse('juliet@localhost/r'), id: `p${n}` }, xml('body', {}, `text ${n}`)),
      ),
    );
    const bytes = Buffer.concat(coded);
    for (let at = 0; at < bytes.length; at += 5) {
      romeo.sends(bytes.subarray(at, at + 5));
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    for (const n of [1, 2, 3]) await juliet.receives(`<message id='p${n}'><body>text ${n}</body></message>`);
    romeo.sends(bytes);
    for (const n of [1, 2, 3]) await juliet.receives(`<message id='p${n}'><body>text ${n}</body></message>`);
  });

  it('strings are kept over stanzas with session-wide buffers (§3.4)', async () => {
    const configuration = proposal({ sessionWideBuffers: true, valueMaxLength: 64, valuePartitionCapacity: 100 });
    const romeo = await entersByExi('romeo', configuration);
    const juliet = await stage.signIn('juliet');
    for (let n = 0; n < 3; n++) {
      juliet.sends(`<message to='romeo@localhost/r' id='same'><body>the very same text</body></message>`);
      await romeo.receives(`<message from='juliet@localhost/r' id='same'><body>the very same text</body></message>`);
      romeo.sends(`<message to='juliet@localhost/r' id='same'><body>the very same text</body></message>`);
      await juliet.receives(`<message from='romeo@localhost/r' id='same'><body>the very same text</body></message>`);
    }
    const long = 'x'.repeat(50_000);
    romeo.sends(`<message to='juliet@localhost/r' id='long'><body>${long}</body></message>`);
    await juliet.receives(`<message id='long'><body>${long}</body></message>`);
  });

  it('a stanza that a strict schema has no place for is refused to its sender, and the stream goes on (§2.4)', async () => {
    const schemas = ALL.filter(({ ns }) => ns !== 'urn:xmpp:iot:sensordata');
    const romeo = await entersByExi(
      'romeo',
      proposal(
        { strict: true },
        schemas.filter(({ ns }) => !isAbout(ns)),
      ),
    );
    const juliet = await stage.signIn('juliet');
    juliet.sends(`<message to='romeo@localhost/r' id='bad' shape='odd'><body>x</body></message>`);
    await juliet.receives(
      `<message type='error' id='bad' from='romeo@localhost/r'><error><not-acceptable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>`,
    );
    juliet.sends(`<message to='romeo@localhost/r' id='good'><body>x</body></message>`);
    await romeo.receives(`<message id='good'><body>x</body></message>`);
  });

  it('streamEnd ends the stream, and is answered by one (§2.3.2)', async () => {
    const romeo = await entersByExi('romeo');
    romeo.sends(`<streamEnd xmlns='${EXI_COMPRESSION}'/>`);
    await romeo.isClosed();
  });

  it('bits that are no stanza end the stream with an error', async () => {
    const romeo = await entersByExi('romeo');
    romeo.sends(Uint8Array.from({ length: 64 }, () => 0xff));
    await romeo.isThrownOut('not-well-formed');
  });

  it('an element that would be too long as XML is refused before and after authentication', async () => {
    const [stranger] = await entersTls(stage);
    expect((await proposes(stranger, proposal())).agreement).toBe(true);
    stranger.sends(compress);
    await stranger.receives(compressed);
    stranger.compresses(setUpOf(proposal()));
    await stranger.opensExi();
    stranger.sends(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${'A'.repeat(12_000)}</auth>`);
    await stranger.isThrownOut('policy-violation');
    const romeo = await entersByExi('romeo');
    // Few bytes of EXI, as the same text again takes next to nothing.
    const body = xml('body', {}, 'x'.repeat(20_000));
    romeo.sends(
      setUpOf(proposal()).encode(
        message('normal', { to: Jid.parse('juliet@localhost') }, ...Array.from({ length: 20 }, () => body)),
      ),
    );
    await romeo.isThrownOut('policy-violation');
  });

  it('nobody speaks for somebody else', async () => {
    const romeo = await entersByExi('romeo');
    romeo.sends(`<message to='juliet@localhost' from='mercutio@localhost/r'><body>x</body></message>`);
    await romeo.isThrownOut('invalid-from');
  });

  it('the session of a bound stream stays XML; what is agreed on counts for the next', async () => {
    const romeo = await stage.signIn('romeo');
    const { known } = await proposes(romeo, proposal({ blockSize: 77 }));
    romeo.sends(compress);
    await romeo.receives(failure('processing-failed'));
    await romeo.doesNotReceive(compressed);
    const [again] = await entersTls(stage);
    const { configurationId } = known as { configurationId: string };
    expect((await asksFor(again, configurationId)).agreement).toBe(true);
  });

  it('is not offered on a stream that must be encrypted first, nor taken there', async () => {
    await stage.close();
    stage = await Stage.open({ auth: { allowPlaintext: false } });
    const actor = await stage.connect();
    expect(methods(await actor.opens())).toBeUndefined();
    actor.sends(encodeExiSetup({ kind: 'proposal', configuration: proposal() }).toString());
    await actor.isThrownOut('not-authorized');
  });

  it('is not offered when it is switched off', async () => {
    await stage.close();
    stage = await Stage.open({ exi: { enabled: false } });
    const [romeo, features] = await entersTls(stage);
    expect(methods(features)).toBeUndefined();
    romeo.sends(compress);
    await romeo.isThrownOut('not-authorized');
  });
});

/** Namespaces whose schemas import the one that is left out. */
const isAbout = (ns: string) => /^urn:(xmpp|nf|ieee):iot:|^urn:thingward/.test(ns);

describe('quick configurations (§2.2.6)', () => {
  it('stay over restarts of the server', async () => {
    const [romeo] = await entersTls(stage);
    const { known } = await proposes(romeo, proposal());
    const { configurationId } = known as { configurationId: string };
    romeo.leaves();
    await stage.server.stop();
    await stage.start();
    const [again] = await entersTls(stage);
    expect(await asksFor(again, configurationId)).toEqual({
      agreement: true,
      known,
      configuration: undefined,
      missingSchemas: [],
    });
    again.sends(compress);
    await again.receives(compressed);
    again.compresses(setUpOf(proposal()));
    expect((await again.opensExi()).name).toBe('features');
  });

  it('that are not known are not agreed on', async () => {
    const [romeo] = await entersTls(stage);
    expect(await asksFor(romeo, 'nobody-knows')).toMatchObject({
      agreement: false,
      known: { configurationId: 'nobody-knows' },
    });
    romeo.sends(compress);
    await romeo.receives(failure('setup-failed'));
  });

  it('can be named by a location (§3.11)', async () => {
    const [romeo] = await entersTls(stage);
    for (const [location, agreement] of [
      ['default', true],
      ['../secrets', false],
    ] as const) {
      romeo.sends(`<setup xmlns='${EXI_COMPRESSION}' configurationLocation='${location}'/>`);
      const answer = await romeo.receives(`<setupResponse xmlns='${EXI_COMPRESSION}'/>`);
      expect(decodeExiSetupResponse(answer)).toMatchObject({ agreement, known: { configurationLocation: location } });
    }
  });
});

it('configurations of the operator are files with the set-up of a proposal (§3.11)', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'thingward-exi-'));
  const configuration = proposal({ alignment: 'byte-alignment' });
  writeFileSync(join(directory, 'small'), encodeExiSetup({ kind: 'proposal', configuration }).toString());
  writeFileSync(join(directory, 'broken'), '<setup');
  writeFileSync(
    join(directory, 'too-much'),
    encodeExiSetup({ kind: 'proposal', configuration: proposal({ blockSize: 9_000_000 }) }).toString(),
  );
  await stage.close();
  stage = await Stage.open({ exi: { configurations: directory } });
  const [romeo] = await entersTls(stage);
  for (const location of ['broken', 'too-much', 'none', 'small']) {
    romeo.sends(`<setup xmlns='${EXI_COMPRESSION}' configurationLocation='${location}'/>`);
    const answer = await romeo.receives(`<setupResponse xmlns='${EXI_COMPRESSION}'/>`);
    expect(decodeExiSetupResponse(answer).agreement).toBe(location === 'small');
  }
  romeo.sends(compress);
  await romeo.receives(compressed);
  romeo.compresses(setUpOf(configuration));
  expect((await romeo.opensExi()).name).toBe('features');
  rmSync(directory, { recursive: true });
});

describe('schemas that are uploaded (§2.2.3)', () => {
  const mine = own(`<xs:element name='x' type='xs:int'/>`);
  const upload = encodeSchemaUpload({ contentType: 'Text', contents: mine.contents }).toString('jabber:client');

  it('are there for everybody, also after a restart', async () => {
    const romeo = await stage.signIn('romeo');
    romeo.sends(upload);
    expect((await proposes(romeo, proposal({}, [...ALL, mine]))).agreement).toBe(true);
    await stage.server.stop();
    await stage.start();
    const [stranger] = await entersTls(stage);
    expect((await proposes(stranger, proposal({}, [...ALL, mine]))).missingSchemas).toEqual([]);
  });

  it.each(['ExiBody', 'ExiDocument'] as const)(
    'coded in EXI (%s) are for their sender alone (§2.2.4)',
    async (contentType) => {
      const romeo = await stage.signIn('romeo');
      romeo.sends(encodeSchemaUpload(encodeUploadedSchema(mine.contents, contentType)).toString('jabber:client'));
      const answer = await proposes(romeo, proposal({}, [...ALL, mine]));
      expect(answer.agreement).toBe(true);
      const juliet = await stage.signIn('juliet');
      expect((await proposes(juliet, proposal({}, [...ALL, mine]))).missingSchemas).toEqual([identity(mine)]);
      const { configurationId } = answer.known as { configurationId: string };
      expect((await asksFor(juliet, configurationId)).agreement).toBe(false);
      expect((await asksFor(romeo, configurationId)).agreement).toBe(true);
    },
  );

  it('are not taken from who has not authenticated', async () => {
    const [stranger] = await entersTls(stage);
    stranger.sends(upload);
    expect((await proposes(stranger, proposal({}, [...ALL, mine]))).missingSchemas).toEqual([identity(mine)]);
  });

  it('that are too long, or no schema, are not taken, and the session goes on', async () => {
    const romeo = await stage.signIn('romeo');
    const long = own(`<!--${'x'.repeat(140_000)}-->`);
    for (const contents of [long.contents, new TextEncoder().encode('<no-schema/>')]) {
      romeo.sends(encodeSchemaUpload({ contentType: 'Text', contents }).toString('jabber:client'));
    }
    expect((await proposes(romeo, proposal({}, [long]))).missingSchemas).toEqual([identity(long)]);
  });

  it('that can not be compiled are not agreed on', async () => {
    const broken = own(`<xs:element name='x' type='none'/>`);
    const romeo = await stage.signIn('romeo');
    romeo.sends(encodeSchemaUpload({ contentType: 'Text', contents: broken.contents }).toString('jabber:client'));
    expect(await proposes(romeo, proposal({}, [...ALL, broken]))).toMatchObject({
      agreement: false,
      missingSchemas: [],
    });
  });

  it.each([
    [
      'occurrences',
      `<xs:element name='a'><xs:complexType><xs:sequence><xs:element name='b' minOccurs='0' maxOccurs='60000'/></xs:sequence></xs:complexType></xs:element>`,
    ],
    [
      'what may be left out',
      `<xs:element name='a'><xs:complexType><xs:sequence>${Array.from({ length: 1500 }, (_, i) => `<xs:element name='e${i}' minOccurs='0'/>`).join('')}</xs:sequence></xs:complexType></xs:element>`,
    ],
    [
      'attributes',
      `<xs:element name='a'><xs:complexType>${Array.from({ length: 1500 }, (_, i) => `<xs:attribute name='a${i}'/>`).join('')}</xs:complexType></xs:element>`,
    ],
  ])('that would take too much are not agreed on: %s', async (_, text) => {
    const greedy = own(text);
    const romeo = await stage.signIn('romeo');
    romeo.sends(encodeSchemaUpload({ contentType: 'Text', contents: greedy.contents }).toString('jabber:client'));
    expect(await proposes(romeo, proposal({}, [greedy]))).toMatchObject({ agreement: false, missingSchemas: [] });
    await romeo.doesNotReceive(failure('setup-failed'));
  });

  it('make room for newer ones', async () => {
    await stage.close();
    stage = await Stage.open({ exi: { maxSchemas: 2 } });
    const romeo = await stage.signIn('romeo');
    const files = [1, 2, 3].map((n) => own(`<xs:element name='x${n}'/>`));
    for (const { contents } of files) {
      romeo.sends(encodeSchemaUpload({ contentType: 'Text', contents }).toString('jabber:client'));
    }
    const missing = async (file: SchemaFile | undefined) =>
      (await proposes(romeo, proposal({}, file ? [file] : []))).missingSchemas.length;
    expect([await missing(files[0]), await missing(files[1]), await missing(files[2])]).toEqual([1, 0, 0]);
  });

  it('are not downloaded unless that is configured (§2.2.5)', async () => {
    const romeo = await stage.signIn('romeo');
    const url = 'https://example.org/schema.xsd';
    romeo.sends(`<downloadSchema xmlns='${EXI_COMPRESSION}' url='${url}'/>`);
    await romeo.receives(
      `<downloadSchemaResponse xmlns='${EXI_COMPRESSION}' url='${url}' result='false'><error/></downloadSchemaResponse>`,
    );
  });

  it('are downloaded from hosts that are configured, and never from private addresses (§2.2.5)', async () => {
    await stage.close();
    stage = await Stage.open({ exi: { downloadFrom: ['localhost'] } });
    const romeo = await stage.signIn('romeo');
    romeo.sends(`<downloadSchema xmlns='${EXI_COMPRESSION}' url='https://localhost/x.xsd'/>`);
    await romeo.receives(
      `<downloadSchemaResponse xmlns='${EXI_COMPRESSION}' url='https://localhost/x.xsd' result='false'><invalidUrl/></downloadSchemaResponse>`,
    );
    romeo.sends(`<downloadSchema xmlns='${EXI_COMPRESSION}' url='https://example.org/x.xsd'/>`);
    await romeo.receives(
      `<downloadSchemaResponse xmlns='${EXI_COMPRESSION}' url='https://example.org/x.xsd' result='false'><error/></downloadSchemaResponse>`,
    );
  });
});

describe('binary forwarding (§3.9)', () => {
  const text = (from: string) => `<message from='${from}' to='juliet@localhost/r' id='m'><body>x</body></message>`;

  // Worker processes code what they send by themselves.
  it.skipIf(process.env.THINGWARD_STAGE_WORKERS)(
    'hands on the very bytes between streams of the same set-up',
    async () => {
      const romeo = await entersByExi('romeo');
      const juliet = await entersByExi('juliet');
      // Bits behind the end mean nothing; who writes it anew makes them zero.
      const odd = setUpOf(proposal()).encode(xmlMessage(text('romeo@localhost/r')));
      const last = odd.length - 1;
      odd[last] = (odd[last] as number) | 1;
      romeo.sends(odd);
      expect(await juliet.nextBytes()).toEqual(odd);
    },
  );

  it('recodes for another set-up, and where the server adds the sender', async () => {
    const romeo = await entersByExi('romeo');
    const juliet = await entersByExi('juliet', proposal({ alignment: 'byte-alignment' }));
    romeo.sends(text('romeo@localhost/r'));
    await juliet.receives(text('romeo@localhost/r'));
    romeo.sends(`<message to='juliet@localhost/r' id='m'><body>x</body></message>`);
    await juliet.receives(text('romeo@localhost/r'));
  });
});

const xmlMessage = (text: string): Element => {
  const [, from = '', to = ''] = /from='([^']*)' to='([^']*)'/.exec(text) ?? [];
  return xml('message', { xmlns: 'jabber:client', from, to, id: 'm' }, xml('body', {}, 'x'));
};

describe('a port that speaks EXI from the first byte (§2.4)', () => {
  const binding = () => bindingSetUp(ALL);
  const port = () => stage.server.address(3)?.port ?? 0;

  beforeEach(async () => {
    await stage.close();
    stage = await Stage.open({
      listen: { c2s: '127.0.0.1:0', c2sTls: '127.0.0.1:0', component: '127.0.0.1:0', exi: '127.0.0.1:0' },
    });
  });

  /** Opens a connection, as far as the header's set-up goes. */
  async function connects(setUp = binding(), schemaId = ''): Promise<Actor> {
    const actor = await stage.connectTo(3);
    actor.compresses(setUp, schemaId);
    return actor;
  }

  it('is told of on the other ports (§2.2)', async () => {
    const [, features] = await entersTls(stage);
    expect(methods(features)).toEqual(['exi', `exi:${port()}`]);
  });

  it('signs in under the default options, and talks to others', async () => {
    const romeo = await connects();
    expect(methods(await romeo.opensExi())).toBeUndefined();
    romeo.sends(`<starttls xmlns='${NS.tls}'/>`);
    await romeo.receives(`<proceed xmlns='${NS.tls}'/>`);
    await romeo.startsTls();
    romeo.compresses(binding(), '');
    expect((await romeo.opensExi()).child('mechanisms', NS.sasl)).toBeDefined();
    romeo.sends(plain('romeo'));
    await romeo.receives(`<success xmlns='${SASL2}'/>`);
    await romeo.next();
    romeo.sends(`<iq type='set' id='bind'><bind xmlns='${NS.bind}'><resource>r</resource></bind></iq>`);
    await romeo.receives(`<iq type='result' id='bind'/>`);
    const juliet = await stage.signIn('juliet');
    juliet.sends(
      `<message to='romeo@localhost/r'><body>strict schemas know no messages, but streams take them</body></message>`,
    );
    await romeo.receives(`<message><body>strict schemas know no messages, but streams take them</body></message>`);
  });

  it('begins a new stream, with a header, by what was agreed on (§2.4)', async () => {
    const romeo = await connects();
    await romeo.opensExi();
    const { agreement, known } = await proposes(romeo, proposal());
    expect(agreement).toBe(true);
    romeo.compresses(setUpOf(proposal()), '');
    expect((await romeo.opensExi()).name).toBe('features');
    const { configurationId } = known as { configurationId: string };
    const again = await connects(setUpOf(proposal()), `c:${configurationId}`);
    expect((await again.opensExi()).name).toBe('features');
  });

  it('a new stream may come along with what ends the one before, in pieces', async () => {
    const romeo = await connects();
    await romeo.opensExi();
    romeo.sends(`<starttls xmlns='${NS.tls}'/>`);
    await romeo.receives(`<proceed xmlns='${NS.tls}'/>`);
    await romeo.startsTls();
    romeo.compresses(binding(), '');
    await romeo.opensExi();
    const writer = new ExiStreamWriter(binding(), {});
    const response = Buffer.from('\0romeo\0romeo').toString('base64');
    const auth = binding().encode(xml('auth', { xmlns: NS.sasl, mechanism: 'PLAIN' }, response));
    const bytes = Buffer.concat([auth, writer.open({ to: 'localhost' })]);
    romeo.sends(bytes.subarray(0, auth.length + 10));
    romeo.sends(bytes.subarray(auth.length + 10));
    await romeo.receives(`<success xmlns='${NS.sasl}'/>`);
    romeo.restarts();
    await romeo.header();
    expect((await romeo.next()).child('bind', NS.bind)).toBeDefined();
  });

  it('a set-up that is not known ends the stream (§3.15)', async () => {
    const setUp = setUpOf(proposal());
    const writer = new ExiStreamWriter(setUp, { schemaId: 'c:nobody-knows' });
    const romeo = await connects();
    romeo.sends(writer.open({ to: 'localhost' }));
    await romeo.ends();
  });

  it('what is no EXI gets an error', async () => {
    const romeo = await connects();
    romeo.sends(new TextEncoder().encode(`<?xml version='1.0'?><stream:stream xmlns='jabber:client'>`));
    await romeo.isClosed();
  });

  it('a client of ours uses it, over STARTTLS', async () => {
    const client = new XmppClient({
      jid: Jid.parse('romeo@localhost'),
      password: 'romeo',
      connect: tcpConnector({
        domain: 'localhost',
        host: '127.0.0.1',
        port: port(),
        tls: 'starttls',
        trust: { fingerprint: stage.server.tls.fingerprint },
        binding: { setUp: binding() },
      }),
    });
    client.start();
    await client.ready();
    await ping(client, undefined, { timeoutMs: 2000 });
    await client.stop();
  });
});

describe('the client', () => {
  const connect = (port: number) =>
    tcpConnector({
      domain: 'localhost',
      host: '127.0.0.1',
      port,
      tls: 'starttls',
      trust: { fingerprint: stage.server.tls.fingerprint },
    });

  it('speaks EXI where it is offered, and falls back to XML where it is not', async () => {
    for (const enabled of [true, false]) {
      await stage.close();
      stage = await Stage.open({ exi: { enabled } });
      const compression = new ExiCompressor({ schemas: ALL });
      const client = new XmppClient({
        jid: Jid.parse('romeo@localhost'),
        password: 'romeo',
        connect: connect(stage.server.address(0)?.port ?? 0),
        compression,
      });
      client.start();
      await client.ready();
      await ping(client, undefined, { timeoutMs: 2000 });
      const juliet = await stage.signIn('juliet');
      client.send(message('normal', { to: Jid.parse('juliet@localhost/r'), id: 'c' }, xml('body', {}, 'hello')));
      await juliet.receives(`<message id='c'><body>hello</body></message>`);
      await client.stop();
    }
  });

  it('comes back in one round trip, in EXI from the first byte it can be', async () => {
    const relay = new Relay(() => stage.server.address(0)?.port ?? 0);
    const port = await relay.listen();
    const keeper = new MemorySetUpKeeper();
    const client = new XmppClient({
      jid: Jid.parse('romeo@localhost'),
      password: 'romeo',
      tag: 'device',
      userAgent: { id: USER_AGENT },
      tokens: new MemoryTokenKeeper(),
      resumes: true,
      maxBackoffMs: 10,
      connect: connect(port),
      compression: new ExiCompressor({ schemas: ALL, keeper }),
    });
    client.start();
    await client.ready();
    expect(await keeper.load(Jid.parse('romeo@localhost'))).toBeDefined();
    const online = new Promise<void>((resolve) => client.onState((state) => state === 'online' && resolve()));
    relay.cut();
    await online;
    const juliet = await stage.signIn('juliet');
    client.send(message('normal', { to: Jid.parse('juliet@localhost/r'), id: 'again' }, xml('body', {}, 'I am back')));
    await juliet.receives(`<message id='again'><body>I am back</body></message>`);
    await client.stop();
    relay.close();
  });

  it('negotiates anew when the server has forgotten', async () => {
    const keeper = new MemorySetUpKeeper();
    const client = new XmppClient({
      jid: Jid.parse('romeo@localhost'),
      password: 'romeo',
      tag: 'device',
      userAgent: { id: USER_AGENT },
      tokens: new MemoryTokenKeeper(),
      maxBackoffMs: 10,
      connect: connect(stage.server.address(0)?.port ?? 0),
      compression: new ExiCompressor({ schemas: ALL, keeper }),
    });
    client.start();
    await client.ready();
    await client.stop();
    const account = Jid.parse('romeo@localhost');
    const kept = await keeper.load(account);
    if (!kept) throw new Error('nothing was kept');
    await keeper.save(account, { ...kept, configurationId: 'forgotten' });
    client.start();
    await new Promise<void>((resolve) => client.onState((state) => state === 'online' && resolve()));
    await ping(client, undefined, { timeoutMs: 2000 });
    expect((await keeper.load(account))?.configurationId).toBe(kept.configurationId);
    await client.stop();
  });

  it('uploads what the server lacks, once, for the next connection', async () => {
    const mine = own(`<xs:element name='y' type='xs:int'/>`);
    const keeper = new MemorySetUpKeeper();
    const options = {
      jid: Jid.parse('romeo@localhost'),
      password: 'romeo',
      connect: connect(stage.server.address(0)?.port ?? 0),
      compression: new ExiCompressor({ schemas: [...ALL, mine], keeper }),
    };
    for (const expected of [ALL.length, ALL.length + 1]) {
      const client = new XmppClient(options);
      client.start();
      await client.ready();
      await ping(client, undefined, { timeoutMs: 2000 });
      const kept = await keeper.load(options.jid);
      if (expected > ALL.length) expect(kept?.configuration.schemas).toHaveLength(expected);
      await client.stop();
    }
  });
});
