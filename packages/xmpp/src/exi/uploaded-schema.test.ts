import { readdirSync, readFileSync } from 'node:fs';
import {
  buildGrammars,
  compileSchema,
  ExiEncoder,
  ExiError,
  type ExiEvent,
  type ExiOptionsInput,
  SCHEMA_LESS,
  SchemaError,
  serializeGrammars,
  xmlEvents,
} from '@thingward/exi';
import { decodeUtf8, encodeUtf8 } from '@thingward/xml';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { xmppSchemas } from '../node/schemas.ts';
import { md5 } from './md5.ts';
import { SchemaCatalogue } from './schema-catalogue.ts';
import { schemaForSchemas } from './schema-for-schemas.ts';
import { identifySchema } from './schema-identity.ts';
import { type SchemaUpload, UPLOAD_OPTIONS } from './upload-schema.ts';
import { decodeUploadedSchema, encodeUploadedSchema, identifyUpload } from './uploaded-schema.ts';

const CODED = ['ExiBody', 'ExiDocument'] as const;
const SCHEMA = encodeUtf8(
  `<x:schema xmlns:x='http://www.w3.org/2001/XMLSchema' targetNamespace='urn:a'>
     <!-- a comment --><?target data?>
     <x:element name='a' type='x:int'/>
   </x:schema>`,
);
const WRITTEN =
  "<x:schema xmlns:x='http://www.w3.org/2001/XMLSchema' targetNamespace='urn:a'><x:element name='a' type='x:int'/></x:schema>";

const text = (bytes: Uint8Array) => decodeUtf8(bytes, 0, bytes.length);
const coded = (contentType: 'ExiBody' | 'ExiDocument', contents: Uint8Array): SchemaUpload => ({
  contentType,
  contents,
  bytes: 1,
  md5Hash: md5(contents),
});

function bodyOf(schema: Uint8Array | string): Uint8Array {
  return encodeUploadedSchema(typeof schema === 'string' ? encodeUtf8(schema) : schema, 'ExiBody').contents;
}

/** A document whose header tells its options. */
function told(options: ExiOptionsInput, schema: Uint8Array | string = SCHEMA, grammars = schemaForSchemas()) {
  const encoder = new ExiEncoder({ grammars, options, header: { options: true, cookie: true } });
  return coded('ExiDocument', encoder.encode(xmlEvents(typeof schema === 'string' ? schema : text(schema))));
}

/** The code of the error, or the document. */
function outcome(upload: SchemaUpload, limits = {}): string {
  try {
    return text(decodeUploadedSchema(upload, limits));
  } catch (error) {
    if (!(error instanceof ExiError)) throw error;
    return error.code;
  }
}

describe('schemas of this product', () => {
  const schemas = xmppSchemas();
  const catalogue = new SchemaCatalogue(schemas);
  const grammarsOf = (location: string, bytes: Uint8Array) => {
    const components = compileSchema([{ location, bytes }], {
      resolve: (_, namespace) => {
        const file = catalogue.forNamespace(namespace);
        return file && { location: file.location, bytes: file.contents };
      },
    });
    return serializeGrammars(buildGrammars(components));
  };

  it.each(schemas)('$location comes back with the same grammars', (schema) => {
    const original = grammarsOf(schema.location, schema.contents);
    for (const contentType of CODED) {
      const upload = encodeUploadedSchema(schema.contents, contentType);
      expect(upload.contents.length).toBeLessThan(schema.contents.length / 2);
      const { contents, ...identity } = identifyUpload(schema.location, upload);
      expect(grammarsOf(schema.location, contents)).toEqual(original);
      expect(identity).toEqual({
        location: schema.location,
        ns: schema.ns,
        bytes: schema.bytes,
        md5Hash: schema.md5Hash,
      });
    }
  });
});

describe('schemas with all there is in schemas', () => {
  const folder = new URL('../../../exi/test/vectors/schemas/', import.meta.url);
  it.each(readdirSync(folder))('%s comes back with the same grammars', (name) => {
    const read = (location: string) => ({ location, bytes: readFileSync(new URL(location, folder)) });
    const resolve = (location?: string) => (location ? read(location) : undefined);
    const grammarsOf = (bytes: Uint8Array) =>
      serializeGrammars(buildGrammars(compileSchema([{ location: name, bytes }], { resolve })));
    const { bytes } = read(name);
    for (const contentType of CODED) {
      expect(grammarsOf(decodeUploadedSchema(encodeUploadedSchema(bytes, contentType)))).toEqual(grammarsOf(bytes));
    }
  });
});

describe('an uploaded schema', () => {
  it('stays as it is when it is text', () => {
    const upload = encodeUploadedSchema(SCHEMA, 'Text');
    expect(upload).toEqual({ contentType: 'Text', contents: SCHEMA });
    expect(decodeUploadedSchema(upload)).toBe(SCHEMA);
    expect(identifyUpload('a.xsd', upload)).toEqual(identifySchema('a.xsd', SCHEMA));
  });

  it.each(CODED)('as %s keeps its prefixes, and loses what means nothing', (contentType) => {
    const upload = encodeUploadedSchema(SCHEMA, contentType);
    expect(text(decodeUploadedSchema(upload))).toBe(WRITTEN);
    expect(upload).toMatchObject({ bytes: SCHEMA.length, md5Hash: md5(SCHEMA) });
  });

  it('has a header of one byte as a document', () => {
    const body = encodeUploadedSchema(SCHEMA, 'ExiBody');
    const document = encodeUploadedSchema(SCHEMA, 'ExiDocument');
    expect([...document.contents]).toEqual([0x80, ...body.contents]);
  });

  it.each<ExiOptionsInput>([
    {},
    { schemaId: 'http://www.w3.org/2001/XMLSchema.xsd' },
    { schemaId: 'http://www.w3.org/2001/XMLSchema' },
    { alignment: 'byte-packed' },
    { alignment: 'pre-compression', blockSize: 3 },
    { alignment: 'compression' },
    { valueMaxLength: 2, valuePartitionCapacity: 1 },
    { preserve: { prefixes: true, lexicalValues: true, comments: true, pis: true, dtd: true } },
  ])('may tell its options: %o', (options) => {
    expect(outcome(told({ preserve: { prefixes: true }, ...options }))).toBe(
      WRITTEN.replace('><', '>\n     \n     <').replace('/></', '/>\n   </'),
    );
  });

  it('may do without the schema for schemas, if its header says so', () => {
    const upload = told({ preserve: { prefixes: true }, schemaId: null }, WRITTEN, SCHEMA_LESS);
    expect(outcome(upload)).toBe(WRITTEN);
  });

  it.each<[string, SchemaUpload, string]>([
    ['without prefixes', told({}), 'unsupported'],
    ['strict, and so without prefixes', told({ strict: true }, WRITTEN), 'unsupported'],
    ['of another schema', told({ preserve: { prefixes: true }, schemaId: 'urn:b' }), 'unsupported'],
    ['of nothing', coded('ExiBody', new Uint8Array()), 'incomplete'],
    ['of a header alone', coded('ExiDocument', Uint8Array.of(0x80)), 'incomplete'],
    ['that is no EXI', coded('ExiDocument', SCHEMA), 'not-exi'],
    ['with something behind it', coded('ExiBody', Uint8Array.of(...bodyOf(SCHEMA), 0)), 'malformed'],
    ['that is cut', coded('ExiBody', bodyOf(SCHEMA).slice(0, -1)), 'incomplete'],
  ])('is refused %s', (_, upload, code) => {
    expect(outcome(upload)).toBe(code);
  });

  it('may be of another kind than a schema, which its identity finds out', () => {
    const upload = encodeUploadedSchema(encodeUtf8('<a/>'), 'ExiBody');
    expect(text(decodeUploadedSchema(upload))).toBe('<a/>');
    expect(() => identifyUpload('a.xsd', upload)).toThrow(SchemaError);
  });

  it('with a document type is refused by the compiler', () => {
    const document = "<!DOCTYPE a [<!ENTITY e 'x'>]><a>&e;</a>";
    const upload = told({ preserve: { prefixes: true, dtd: true } }, document);
    expect(() => identifyUpload('a.xsd', upload)).toThrow('may have no document type declaration');
    expect(() => encodeUploadedSchema(encodeUtf8('<a>&e;</a>'), 'ExiBody')).toThrow(ExiError);
  });
});

describe('an upload made to take much', () => {
  const limits = { maxBytes: 10_000, maxNesting: 10 };
  const long = 'n'.repeat(1000);
  it.each([
    ['elements with one long name', `<a>${`<${long}/>`.repeat(20)}</a>`],
    ['attributes with one long value', `<a>${`<b c='${long}'/>`.repeat(20)}</a>`],
    ['one element with long attributes', `<a ${Array.from({ length: 20 }, (_, i) => `b${i}='${long}'`).join(' ')}/>`],
    ['texts', `<a>${`<b>${long}</b>`.repeat(20)}</a>`],
    ['nesting', '<a>'.repeat(20) + '</a>'.repeat(20)],
    ['prefixes', `<a ${Array.from({ length: 300 }, (_, i) => `xmlns:p${i}='u'`).join(' ')}/>`],
  ])('is refused: %s', (_, xml) => {
    const upload = coded('ExiBody', bodyOf(xml));
    expect(upload.contents.length).toBeLessThan(limits.maxBytes);
    expect(outcome(upload, limits)).toBe('limit');
  });

  it('is refused: attributes with prefixes that are declared nowhere, or elsewhere', () => {
    const encoder = new ExiEncoder({ grammars: schemaForSchemas(), options: UPLOAD_OPTIONS, header: false });
    const document = (...events: ExiEvent[]) =>
      coded('ExiBody', encoder.encode([{ kind: 'startDocument' }, ...events, { kind: 'endDocument' }]));
    const a = { kind: 'startElement', namespace: '', name: 'a' } as const;
    const end = { kind: 'endElement' } as const;
    const attribute = { kind: 'attribute', namespace: 'urn:b', name: 'b', prefix: 'p', value: '' } as const;
    const declaration = { kind: 'namespace', prefix: 'p', namespace: 'urn:b' } as const;
    expect(outcome(document(a, attribute, end))).toBe('malformed');
    expect(outcome(document(a, a, declaration, end, a, attribute, end, end))).toBe('malformed');
    expect(outcome(document(a, { ...a, namespace: 'urn:b', prefix: 'p' }, end, end))).toBe('malformed');
    expect(outcome(document(a, a, declaration, attribute, end, end))).toBe("<a><a xmlns:p='urn:b' p:b=''/></a>");
    const other = { ...declaration, namespace: 'urn:c' } as const;
    expect(outcome(document(a, declaration, a, other, attribute, end, end))).toBe('malformed');
  });

  it('is refused: one attribute with a long name again and again', () => {
    const encoder = new ExiEncoder({ grammars: schemaForSchemas(), options: UPLOAD_OPTIONS, header: false });
    const attribute = { kind: 'attribute', namespace: '', name: long, value: '' } as const;
    const contents = encoder.encode([
      { kind: 'startDocument' },
      { kind: 'startElement', namespace: '', name: 'a' },
      ...Array.from({ length: 20 }, () => attribute),
      { kind: 'endElement' },
      { kind: 'endDocument' },
    ]);
    expect(contents.length).toBeLessThan(1100);
    expect(outcome(coded('ExiBody', contents), limits)).toBe('limit');
    expect(outcome(coded('ExiBody', contents))).toContain(`${long}='' ${long}=''`);
  });

  it('is refused without limits too: those of compilers count', () => {
    expect(outcome(coded('ExiBody', bodyOf(`<a>${'<b/>'.repeat(300_000)}</a>`)))).toBe('limit');
  });
});

describe('whatever is uploaded', () => {
  it('is decoded, or refused with a typed error', () => {
    const seeds = xmppSchemas().slice(0, 12);
    const uploads = seeds.flatMap(({ contents }) => CODED.map((type) => encodeUploadedSchema(contents, type)));
    const changes = fc.array(fc.record({ at: fc.nat(), byte: fc.nat(255) }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.constantFrom(...uploads), changes, fc.nat(8), (upload, bytes, cut) => {
        const contents = upload.contents.slice(0, upload.contents.length - cut);
        for (const { at, byte } of bytes) contents[at % contents.length] = byte;
        const limits = { maxBytes: 20_000 };
        try {
          identifyUpload('a.xsd', { ...upload, contents }, limits);
        } catch (error) {
          if (!(error instanceof ExiError || error instanceof SchemaError)) throw error;
        }
      }),
      { numRuns: 2000 },
    );
  });
});
