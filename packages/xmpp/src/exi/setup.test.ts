import { parseElement } from '@thingward/xml';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StreamError } from '../stream-error.ts';
import { configurationOfSchemaId, configurationSchemaId } from './schema-ids.ts';
import {
  decodeExiSetup,
  decodeExiSetupResponse,
  type ExiSetup,
  encodeExiSetup,
  encodeExiSetupResponse,
} from './setup.ts';
import { codecOptions, DEFAULT_STREAM_OPTIONS, type StreamOptions } from './stream-options.ts';

const NS = "xmlns='http://jabber.org/protocol/compress/exi'";
const CLIENT = { ns: 'jabber:client', bytes: 6968, md5Hash: '5e2d5cbf0506e3f16336d295093d66c4' };
const PROVISIONING = { ns: 'urn:xmpp:iot:provisioning', bytes: 6303, md5Hash: '3ed5360bc17eadb2a8949498c9af3f0c' };
const attributes = ({ ns, bytes, md5Hash }: typeof CLIENT) => `ns='${ns}' bytes='${bytes}' md5Hash='${md5Hash}'`;
const OPTIONS = {
  ...DEFAULT_STREAM_OPTIONS,
  strict: true,
  blockSize: 1024,
  valueMaxLength: 32,
  valuePartitionCapacity: 100,
};
const WRITTEN = "strict='true' blockSize='1024' valueMaxLength='32' valuePartitionCapacity='100'";

describe('setup', () => {
  it('proposes options and schemas (XEP-0322, example 3)', () => {
    const text = `<setup ${NS} version='1' ${WRITTEN}><schema ${attributes(CLIENT)}/><schema ${attributes(PROVISIONING)}/></setup>`;
    const setup: ExiSetup = {
      kind: 'proposal',
      configuration: { options: OPTIONS, schemas: [CLIENT, PROVISIONING], datatypeRepresentationMap: [] },
    };
    expect(decodeExiSetup(parseElement(text))).toEqual(setup);
    // What is the default is not said.
    expect(encodeExiSetup(setup).toString()).toBe(text.replace(" version='1'", ''));
  });

  it('may be prefixed and say nothing but schemas (§2.4)', () => {
    const setup = decodeExiSetup(
      parseElement(
        `<exi:setup xmlns:exi='http://jabber.org/protocol/compress/exi'><exi:schema ${attributes(CLIENT)}/></exi:setup>`,
      ),
    );
    expect(setup).toEqual({
      kind: 'proposal',
      configuration: { options: DEFAULT_STREAM_OPTIONS, schemas: [CLIENT], datatypeRepresentationMap: [] },
    });
  });

  it.each<[string, ExiSetup]>([
    [
      `<setup ${NS} configurationId='c76ab4ec-4993-4285-8c7a-098060581bb8'/>`,
      { kind: 'known', known: { configurationId: 'c76ab4ec-4993-4285-8c7a-098060581bb8' } },
    ],
    [
      `<setup ${NS} configurationLocation='http://example.org/options'/>`,
      { kind: 'known', known: { configurationLocation: 'http://example.org/options' } },
    ],
  ])('asks for a configuration that is known: %s', (text, setup) => {
    expect(decodeExiSetup(parseElement(text))).toEqual(setup);
    expect(encodeExiSetup(setup).toString()).toBe(text);
  });

  it('maps datatypes', () => {
    const text = `<setup ${NS}><datatypeRepresentationMap type='xs:date' representAs='exi:string'/></setup>`;
    const setup = decodeExiSetup(parseElement(text));
    expect(setup).toMatchObject({
      configuration: { datatypeRepresentationMap: [{ type: 'xs:date', representAs: 'exi:string' }] },
    });
    expect(encodeExiSetup(setup).toString()).toBe(text);
  });

  it.each([
    [`<setupResponse ${NS}/>`, 'setupResponse: expected setup of'],
    ["<setup xmlns='urn:x'/>", 'setup: expected setup of'],
    [`<setup ${NS} strict='yes'/>`, 'strict is "yes", expected true or false'],
    [`<setup ${NS} blockSize='0'/>`, 'blockSize is "0", expected a number from 1'],
    [`<setup ${NS} valueMaxLength='unbounded'/>`, 'valueMaxLength is "unbounded"'],
    [`<setup ${NS} alignment='byte'/>`, 'expected bit-packed, byte-alignment, pre-compression'],
    [`<setup ${NS} strict='true' preservePrefixes='true'/>`, 'strict and preservePrefixes exclude each other'],
    [`<setup ${NS} strict='true' selfContained='true'/>`, 'strict and selfContained exclude each other'],
    [`<setup ${NS} compression='true' selfContained='1'/>`, 'compression and selfContained exclude each other'],
    [`<setup ${NS} configurationId='a' configurationLocation='b'/>`, 'exclude each other'],
    [`<setup ${NS} configurationId='a' strict='true'/>`, 'a known configuration stands alone'],
    [`<setup ${NS} configurationId='a'><schema ${attributes(CLIENT)}/></setup>`, 'a known configuration stands alone'],
    [`<setup ${NS}><schema bytes='1' md5Hash='${CLIENT.md5Hash}'/></setup>`, 'schema: expected the attribute ns'],
    [`<setup ${NS}><schema ns='a' md5Hash='${CLIENT.md5Hash}'/></setup>`, 'schema: expected the attribute bytes'],
    [`<setup ${NS}><schema ns='a' bytes='1' md5Hash='ABC'/></setup>`, 'expected 32 hexadecimal digits in lower case'],
    [`<setup ${NS}><datatypeRepresentationMap type='a'/></setup>`, 'expected the attribute representAs'],
  ])('is refused: %s', (text, problem) => {
    expect(() => decodeExiSetup(parseElement(text))).toThrow(StreamError);
    expect(() => decodeExiSetup(parseElement(text))).toThrow(problem);
  });
});

describe('the answer to a setup', () => {
  it('tells which schemas are missing (example 4)', () => {
    const text = `<setupResponse ${NS} ${WRITTEN}><schema ${attributes(CLIENT)}/><missingSchema ${attributes(PROVISIONING)}/></setupResponse>`;
    const response = decodeExiSetupResponse(parseElement(text));
    expect(response).toEqual({
      agreement: false,
      known: undefined,
      configuration: { options: OPTIONS, schemas: [CLIENT], datatypeRepresentationMap: [] },
      missingSchemas: [PROVISIONING],
    });
    expect(encodeExiSetupResponse(response).toString()).toBe(text);
  });

  it('agrees and names the configuration (example 7)', () => {
    const text = `<setupResponse ${NS} agreement='true' configurationId='c76ab4ec' ${WRITTEN}><schema ${attributes(CLIENT)}/></setupResponse>`;
    const response = decodeExiSetupResponse(parseElement(text));
    expect(response).toMatchObject({ agreement: true, known: { configurationId: 'c76ab4ec' } });
    expect(response.configuration?.schemas).toEqual([CLIENT]);
    expect(encodeExiSetupResponse(response).toString()).toBe(text);
  });

  it.each([
    [`<setupResponse ${NS} agreement='true' configurationId='c76ab4ec'/>`, true],
    [`<setupResponse ${NS} configurationId='c76ab4ec'/>`, false],
  ])('to a known configuration does not repeat it (examples 16, 17): %s', (text, agreement) => {
    const response = decodeExiSetupResponse(parseElement(text));
    expect(response).toEqual({
      agreement,
      known: { configurationId: 'c76ab4ec' },
      configuration: undefined,
      missingSchemas: [],
    });
    expect(encodeExiSetupResponse(response).toString()).toBe(text);
    const explicit = text.replace(' configurationId', " agreement='false' configurationId");
    if (!agreement) expect(decodeExiSetupResponse(parseElement(explicit))).toEqual(response);
  });
});

describe('options', () => {
  const flag = fc.boolean();
  const positive = fc.integer({ min: 1, max: 2 ** 31 });
  const arbitrary: fc.Arbitrary<StreamOptions> = fc.record({
    version: fc.constant(1),
    alignment: fc.constantFrom('bit-packed', 'byte-alignment', 'pre-compression'),
    compression: flag,
    strict: fc.constant(false),
    preserveComments: flag,
    preservePIs: flag,
    preserveDTD: flag,
    preservePrefixes: flag,
    preserveLexical: flag,
    selfContained: fc.constant(false),
    blockSize: positive,
    valueMaxLength: fc.option(positive, { nil: undefined }),
    valuePartitionCapacity: fc.option(positive, { nil: undefined }),
    sessionWideBuffers: flag,
  });

  it('come back as they went', () => {
    fc.assert(
      fc.property(arbitrary, (options) => {
        const setup: ExiSetup = {
          kind: 'proposal',
          configuration: { options, schemas: [], datatypeRepresentationMap: [] },
        };
        expect(decodeExiSetup(parseElement(encodeExiSetup(setup).toString()))).toEqual(setup);
      }),
    );
  });

  it('mean something to the codec', () => {
    expect(codecOptions({ ...OPTIONS, alignment: 'byte-alignment' })).toMatchObject({
      alignment: 'byte-packed',
      strict: true,
      valueMaxLength: 32,
    });
    expect(codecOptions({ ...OPTIONS, alignment: 'byte-alignment', compression: true }).alignment).toBe('compression');
    expect(codecOptions({ ...DEFAULT_STREAM_OPTIONS, preservePIs: true }).preserve).toEqual({
      comments: false,
      pis: true,
      dtd: false,
      prefixes: false,
      lexicalValues: false,
    });
  });
});

describe('schemaIds', () => {
  it('of configurations begin with c:', () => {
    expect(configurationSchemaId('01234')).toBe('c:01234');
    expect(configurationOfSchemaId('c:01234')).toBe('01234');
    expect(configurationOfSchemaId('urn:xmpp:exi:default')).toBeUndefined();
  });
});
