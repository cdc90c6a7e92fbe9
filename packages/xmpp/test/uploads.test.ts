import { readdirSync, readFileSync } from 'node:fs';
import { xmlEvents } from '@thingward/exi';
import { difference, infoset } from '@thingward/exi/node';
import { decodeUtf8 } from '@thingward/xml';
import { describe, expect, it } from 'vitest';
import { decodeUploadedSchema, encodeUploadedSchema, type SchemaUpload } from '../src/exi/index.ts';

const FOLDER = new URL('uploads/', import.meta.url);
const NAMES = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.xsd'))
  .map((name) => name.replace('.xsd', ''));
const KEPT = { comments: false, pis: false, dtd: false, prefixes: true };

const read = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(name, FOLDER)));

/** What an XML document says: white space between elements means nothing in a schema. */
function said(bytes: Uint8Array): readonly string[] {
  const events = [...xmlEvents(decodeUtf8(bytes, 0, bytes.length))];
  return infoset(
    events.filter((event) => !(event.kind === 'text' && /^\s*$/.test(event.text))),
    KEPT,
  );
}

describe.each(NAMES)('the schema %s as another implementation codes it', (name) => {
  const schema = read(`${name}.xsd`);
  const document = read(`${name}.exi`);
  const upload = (contentType: 'ExiBody' | 'ExiDocument', contents: Uint8Array): SchemaUpload => ({
    contentType,
    contents,
    bytes: schema.length,
    md5Hash: '',
  });

  it.each([
    ['with a header that tells nothing', upload('ExiDocument', document)],
    ['with a header that tells its options', upload('ExiDocument', read(`${name}.options.exi`))],
    ['without a header', upload('ExiBody', document.slice(1))],
  ])('is read: %s', (_, coded) => {
    expect(difference(said(decodeUploadedSchema(coded)), said(schema))).toBeUndefined();
  });

  it('is what we make of it, byte for byte', () => {
    expect(encodeUploadedSchema(schema, 'ExiDocument').contents).toEqual(document);
    expect(encodeUploadedSchema(schema, 'ExiBody').contents).toEqual(document.slice(1));
  });
});
