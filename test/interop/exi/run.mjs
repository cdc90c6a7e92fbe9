#!/usr/bin/env node
/*
 * Codes what goes over EXI streams by all schemas of this product, and has the reference implementation (EXIficient) do the same: the
 * bytes must be equal. Needs the build, Java and Maven: npm run interop:exi
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildGrammars } from '@thingward/exi';
import { thingSchemas } from '@thingward/things/node';
import { parseElement } from '@thingward/xml';
import { AgreedSetUp, canonicalSchema, DEFAULT_STREAM_OPTIONS, SchemaCatalogue } from '@thingward/xmpp/exi';
import { xmppSchemas } from '@thingward/xmpp/node';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const EXI = 'http://jabber.org/protocol/compress/exi';
const CLIENT = "xmlns='jabber:client'";
const DOCUMENTS = [
  `<exi:streamStart xmlns:exi='${EXI}' to='localhost' version='1.0'><exi:xmlns prefix='' namespace='jabber:client'/></exi:streamStart>`,
  `<exi:streamEnd xmlns:exi='${EXI}'/>`,
  `<message ${CLIENT} from='a@b/c' to='d@e' type='chat' id='1'><body>hello</body></message>`,
  `<iq ${CLIENT} type='get' id='1' to='a@b/c'><req xmlns='urn:xmpp:iot:sensordata' seqnr='1' momentary='true'/></iq>`,
  `<message ${CLIENT} from='a@b/c' to='d@e'><fields xmlns='urn:xmpp:iot:sensordata' seqnr='1' done='true'><node nodeId='n'><timestamp value='2026-11-26T10:00:00Z'><numeric name='T' momentary='true' automaticReadout='true' value='23.4' unit='C'/></timestamp></node></fields></message>`,
  `<presence ${CLIENT}><priority>5</priority><c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='x' ver='y'/></presence>`,
  `<iq ${CLIENT} type='set' id='2'><pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='T'><item id='T'><x xmlns='urn:nobody:knows' a='1'>t</x></item></publish></pubsub></iq>`,
  `<iq ${CLIENT} type='set' id='3'><set xmlns='urn:xmpp:iot:control'><boolean name='Output' value='true'/></set></iq>`,
  `<stream:features xmlns:stream='http://etherx.jabber.org/streams'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/><sm xmlns='urn:xmpp:sm:3'/></stream:features>`,
  `<a xmlns='urn:xmpp:sm:3' h='5'/>`,
];
const SETTINGS = { plain: {}, strict: { strict: true }, byte: { alignment: 'byte-alignment' } };

const directory = mkdtempSync(join(tmpdir(), 'thingward-exi-'));
const run = (command, ...args) => {
  const { status, error } = spawnSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'], cwd: directory });
  if (error || status !== 0) throw new Error(`${command} failed${error ? `: ${error.message}` : ''}`);
};
try {
  const schemas = [...xmppSchemas(), ...thingSchemas()];
  for (const name of ['schemas', 'documents', 'libraries']) mkdirSync(join(directory, name));
  const fileOf = new Map(schemas.map(({ ns, md5Hash }) => [ns, `${md5Hash}.xsd`]));
  // The reference finds what is imported by file names.
  const located = (text) =>
    text.replace(/<xs:import\b[^>]*?namespace='([^']*)'[^>]*?\/>/g, (whole, ns) =>
      fileOf.has(ns) ? `<xs:import namespace='${ns}' schemaLocation='${fileOf.get(ns)}'/>` : whole,
    );
  for (const { ns, contents } of schemas) {
    writeFileSync(join(directory, 'schemas', fileOf.get(ns)), located(Buffer.from(contents).toString()));
  }
  writeFileSync(join(directory, 'schemas/canonical.xsd'), located(canonicalSchema(schemas).text));
  const grammars = buildGrammars(new SchemaCatalogue(schemas).compile(schemas));
  const ours = new Map();
  for (const [setting, options] of Object.entries(SETTINGS)) {
    const configuration = { options: { ...DEFAULT_STREAM_OPTIONS, ...options }, datatypeRepresentationMap: [] };
    const setUp = new AgreedSetUp(configuration, grammars);
    for (const [number, text] of DOCUMENTS.entries()) {
      const name = `${number}.${setting}`;
      writeFileSync(join(directory, 'documents', `${name}.xml`), text);
      ours.set(name, setUp.encode(parseElement(text)));
    }
  }
  run(
    'mvn',
    '-q',
    '-f',
    join(HERE, 'pom.xml'),
    'dependency:copy-dependencies',
    `-DoutputDirectory=${join(directory, 'libraries')}`,
  );
  run('java', '-cp', 'libraries/*', join(HERE, 'Reference.java'), 'schemas/canonical.xsd', 'documents');
  let failed = 0;
  for (const [name, bytes] of ours) {
    const theirs = readFileSync(join(directory, 'documents', `${name}.exi`));
    if (theirs.equals(bytes)) continue;
    failed++;
    console.log(`${name}: ours ${Buffer.from(bytes).toString('hex')}, theirs ${theirs.toString('hex')}`);
  }
  console.log(`${ours.size - failed} equal, ${failed} not (${schemas.length} schemas)`);
  process.exitCode = failed === 0 ? 0 : 1;
} finally {
  rmSync(directory, { recursive: true, force: true });
}
