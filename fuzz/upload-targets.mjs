/*
 * Uploads of schemas that are coded in EXI, changed at random: what can be decoded is XML that a compiler of schemas takes or refuses,
 * and no longer than allowed.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { ExiError, SchemaError } from '@thingward/exi';
import { decodeUploadedSchema, encodeUploadedSchema, identifyUpload } from '@thingward/xmpp/exi';

const MAX_BYTES = 20_000;

const FOLDER = new URL('../packages/xmpp/test/uploads/', import.meta.url);
const FILES = readdirSync(FOLDER).map((name) => [name, readFileSync(new URL(name, FOLDER))]);
const UPLOADS = FILES.flatMap(([name, contents]) => {
  if (name.endsWith('.xsd')) return [encodeUploadedSchema(contents, 'ExiBody')];
  if (name.endsWith('.exi')) return [{ contentType: 'ExiDocument', contents, bytes: 1, md5Hash: '0'.repeat(32) }];
  return [];
});

export function uploadTargets({ pick, mutated, noise, random }) {
  return {
    'uploaded schema': [
      () => {
        const upload = pick(UPLOADS);
        return { ...upload, contents: random() < 0.9 ? mutated(upload.contents) : noise(60) };
      },
      (upload) => {
        const limits = { maxBytes: MAX_BYTES };
        const document = decodeUploadedSchema(upload, limits);
        // A character has up to three bytes for each of its 16 bits.
        if (document.length > 3 * MAX_BYTES) throw new Error(`${document.length} bytes`);
        identifyUpload('a.xsd', upload, limits);
      },
      [ExiError, SchemaError],
    ],
  };
}
