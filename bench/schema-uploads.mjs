/*
 * How long a client's uploads of schemas are (XEP-0322 §2.2.4): the Base64 in `uploadSchema`, of the text and of the same coded in EXI,
 * and what coding and reading takes.
 *   npm run bench -- schema-uploads
 */
import { thingSchemas } from '@thingward/things/node';
import { decodeUploadedSchema, encodeUploadedSchema, schemaForSchemas } from '@thingward/xmpp/exi';
import { xmppSchemas } from '@thingward/xmpp/node';

const base64 = (bytes) => Math.ceil(bytes / 3) * 4;
const milliseconds = (work) => {
  const started = performance.now();
  work();
  return performance.now() - started;
};

console.log(`grammars of the schema for schemas: ${milliseconds(schemaForSchemas).toFixed(0)} ms, once`);
const rows = [...xmppSchemas(), ...thingSchemas()].map(({ location, contents }) => {
  const upload = encodeUploadedSchema(contents, 'ExiBody');
  for (let i = 0; i < 20; i++) decodeUploadedSchema(encodeUploadedSchema(contents, 'ExiBody'));
  return {
    schema: location,
    bytes: contents.length,
    'as Text': base64(contents.length),
    ExiBody: upload.contents.length,
    'as ExiBody': base64(upload.contents.length),
    'Text : ExiBody': Number((base64(contents.length) / base64(upload.contents.length)).toFixed(1)),
    'encode ms': Number(milliseconds(() => encodeUploadedSchema(contents, 'ExiBody')).toFixed(2)),
    'decode ms': Number(milliseconds(() => decodeUploadedSchema(upload)).toFixed(2)),
  };
});
console.table(rows);
const sum = (column) => rows.reduce((total, row) => total + row[column], 0);
console.log(
  `all ${rows.length}: ${sum('bytes')} bytes, as Text ${sum('as Text')}, as ExiBody ${sum('as ExiBody')}: ` +
    `${(sum('as Text') / sum('as ExiBody')).toFixed(1)} times shorter`,
);
