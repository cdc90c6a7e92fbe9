/*
 * EXI of stanzas with sensor data: bytes beside those of XML and zlib, and stanzas per second of encoding and decoding beside those of
 * parsing and writing the same XML with our own parser. Beside exificient.js, when it is there, as a ratio: as published it formats a
 * message for its console at every event, which takes most of its time; silenced, what is left is its codec.
 * Figures measured are in packages/exi/README.md.
 *   npm run bench -- exi [milliseconds per measurement]
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { deflateSync } from 'node:zlib';
import { deserializeGrammars, ExiDecoder, ExiEncoder, SCHEMA_LESS, serializeGrammars } from '@thingward/exi';
import { loadGrammars } from '@thingward/exi/node';
import { encodeUtf8, parseElement } from '@thingward/xml';
import { encodeElement, exificientJs, grammarsJson } from './exificient-js.mjs';

const MILLISECONDS = Number(process.argv[2] ?? 500);
const FOLDER = fileURLToPath(new URL('../../packages/exi/test/vectors/', import.meta.url));
const KINDS = [
  'read-request',
  'accepted',
  'fields-1',
  'fields-10',
  'fields-59',
  'set-message',
  'claimed',
  'chat',
  'unknown-payload',
];

/** How often per second of this process's CPU time, at best of three. */
function rate(work) {
  for (const until = performance.now() + MILLISECONDS / 3; performance.now() < until; ) work();
  let best = 0;
  for (let round = 0; round < 3; round++) {
    const started = performance.now();
    const before = process.cpuUsage();
    let count = 0;
    for (; performance.now() - started < MILLISECONDS / 3; count += 20) for (let i = 0; i < 20; i++) work();
    const { user, system } = process.cpuUsage(before);
    best = Math.max(best, (count / (user + system)) * 1e6);
  }
  return best;
}

const grammars = loadGrammars([`${FOLDER}schemas/xmpp-client.xsd`]);
const stanzas = KINDS.map((name) => {
  const text = readFileSync(`${FOLDER}xmpp-iot/${name}.xml`);
  return { name, text, element: parseElement(text) };
});

const sizes = [];
const speeds = [];
for (const { name, text, element } of stanzas) {
  const bytesOf = (options, known = grammars) =>
    new ExiEncoder({ grammars: known, options, header: false }).encodeElement(element).length;
  sizes.push({
    stanza: name,
    XML: text.length,
    'zlib-6': deflateSync(text, { level: 6 }).length,
    'EXI schema-less': bytesOf({}, SCHEMA_LESS),
    EXI: bytesOf({}),
    'EXI strict': name === 'unknown-payload' ? undefined : bytesOf({ strict: true }),
    'EXI compression': bytesOf({ alignment: 'compression' }),
  });
  const encoder = new ExiEncoder({ grammars, header: false });
  const decoder = new ExiDecoder({ grammars, headerBefore: 'none' });
  const bytes = encoder.encodeElement(element);
  const parse = rate(() => parseElement(text));
  const write = rate(() => encodeUtf8(element.toString()));
  const encode = rate(() => encoder.encodeElement(element));
  const decode = rate(() => {
    decoder.push(bytes);
    return decoder.nextElement();
  });
  speeds.push({
    stanza: name,
    'parse XML/s': Math.round(parse),
    'write XML/s': Math.round(write),
    'encode EXI/s': Math.round(encode),
    'decode EXI/s': Math.round(decode),
    'encode : parse': (encode / parse).toFixed(2),
    'decode : parse': (decode / parse).toFixed(2),
  });
}
console.log('bytes');
console.table(sizes);
console.log('stanzas per second');
console.table(speeds);

const stored = serializeGrammars(grammars);
const load = rate(() => deserializeGrammars(stored));
const compile = rate(() => loadGrammars([`${FOLDER}schemas/xmpp-client.xsd`]));
console.log(
  `grammars: ${stored.length} bytes stored; load ${(1000 / load).toFixed(1)} ms, compile ${(1000 / compile).toFixed(1)} ms, ratio ${(load / compile).toFixed(1)}`,
);

const [silent, published] = [exificientJs(true), exificientJs(false)];
if (silent === undefined) {
  console.log('exificient.js is not there (THINGWARD_EXIFICIENT_JS names its folder): not compared');
} else {
  const sides = [silent, published].map((other) => {
    const theirs = other.Grammars.fromJson(grammarsJson(grammars.data));
    return { encoder: new other.EXIEncoder(theirs), decoder: new other.EXIDecoder(theirs) };
  });
  const rows = [];
  for (const stanza of stanzas) {
    // It encodes nothing that stands for a wildcard: it gets the payload alone. It is strict, and each document has a header.
    const element = stanza.element.elements.find((child) => child.name !== 'body') ?? stanza.element;
    const settings = { grammars, options: { strict: true } };
    const encoder = new ExiEncoder(settings);
    const decoder = new ExiDecoder(settings);
    try {
      const bytes = encoder.encodeElement(element);
      const encode = rate(() => encoder.encodeElement(element));
      const decode = rate(() => {
        decoder.push(bytes);
        return decoder.nextElement();
      });
      const ratios = sides
        .map((side) => theirRates(side, element))
        .map((their) => ({
          bytes: their.bytes,
          encode: (encode / their.encode).toFixed(1),
          decode: (decode / their.decode).toFixed(1),
        }));
      rows.push({
        payload: element.name,
        of: stanza.name,
        'our bytes': bytes.length,
        'their bytes': ratios[0].bytes,
        'encode : theirs': ratios[1].encode,
        'decode : theirs': ratios[1].decode,
        'encode : theirs, silenced': ratios[0].encode,
        'decode : theirs, silenced': ratios[0].decode,
      });
    } catch (error) {
      rows.push({ payload: element.name, of: stanza.name, 'our bytes': `not compared: ${error.message}` });
    }
  }
  console.log('beside exificient.js (it makes events, we make elements)');
  console.table(rows);
}

/** What exificient.js makes of an element, and how fast. */
function theirRates({ encoder, decoder }, element) {
  const bytes = encodeElement(encoder, element);
  let events = 0;
  const count = () => {
    events++;
  };
  decoder.registerEventHandler({
    startDocument: count,
    endDocument: count,
    startElement: count,
    endElement: count,
    namespaceDeclaration: count,
    attribute: count,
    characters: count,
  });
  decoder.decode(bytes);
  if (events < 4) throw new Error('exificient.js decoded next to nothing');
  return {
    bytes: bytes.length,
    encode: rate(() => encodeElement(encoder, element)),
    decode: rate(() => decoder.decode(bytes)),
  };
}
