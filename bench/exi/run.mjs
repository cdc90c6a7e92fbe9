/*
 * EXI of stanzas with sensor data: bytes beside those of XML and zlib, and the speed of encoding and decoding beside that of parsing the
 * same XML with our own parser. Beside exificient.js, when it is there, as a ratio: as published it formats a message for its console at
 * every event, which takes most of its time; silenced, what is left is its codec. What is compared takes turns (side-by-side.mjs).
 * Figures measured are in packages/exi/README.md.
 *   npm run bench -- exi [rounds [milliseconds of each]]
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { deflateSync } from 'node:zlib';
import { deserializeGrammars, ExiDecoder, ExiEncoder, SCHEMA_LESS, serializeGrammars } from '@thingward/exi';
import { loadGrammars } from '@thingward/exi/node';
import { encodeUtf8, parseElement } from '@thingward/xml';
import { encodeElement, exificientJs, grammarsJson } from './exificient-js.mjs';
import { sideBySide } from './side-by-side.mjs';

const ROUNDS = { rounds: Number(process.argv[2] ?? 25), milliseconds: Number(process.argv[3] ?? 12) };
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
  const row = { stanza: name };
  for (const [how, known] of [
    ['', grammars],
    [', schema-less', SCHEMA_LESS],
  ]) {
    const encoder = new ExiEncoder({ grammars: known, header: false });
    const decoder = new ExiDecoder({ grammars: known, headerBefore: 'none' });
    const bytes = encoder.encodeElement(element);
    const { perSecond, ratio } = sideBySide(
      {
        parse: () => parseElement(text),
        write: () => encodeUtf8(element.toString()),
        encode: () => encoder.encodeElement(element),
        decode: () => {
          decoder.push(bytes);
          return decoder.nextElement();
        },
      },
      ROUNDS,
    );
    if (how === '') {
      row['parse XML/s'] = Math.round(perSecond.parse);
      row['write XML/s'] = Math.round(perSecond.write);
      row['encode EXI/s'] = Math.round(perSecond.encode);
      row['decode EXI/s'] = Math.round(perSecond.decode);
    }
    row[`encode : parse${how}`] = ratio('encode', 'parse').toFixed(2);
    row[`decode : parse${how}`] = ratio('decode', 'parse').toFixed(2);
  }
  speeds.push(row);
}
/** All of them in turn, by one encoder and one decoder: what was prepared for one stanza is of no use to the next. */
function mixed(known) {
  const encoder = new ExiEncoder({ grammars: known, header: false });
  const decoder = new ExiDecoder({ grammars: known, headerBefore: 'none' });
  const coded = stanzas.map(({ element }) => encoder.encodeElement(element));
  const { ratio } = sideBySide(
    {
      parse: () => stanzas.forEach(({ text }) => void parseElement(text)),
      encode: () => stanzas.forEach(({ element }) => void encoder.encodeElement(element)),
      decode: () => {
        for (const bytes of coded) {
          decoder.push(bytes);
          decoder.nextElement();
        }
      },
    },
    ROUNDS,
  );
  return [ratio('encode', 'parse').toFixed(2), ratio('decode', 'parse').toFixed(2)];
}
console.log('bytes');
console.table(sizes);
console.log('stanzas per second, and speed beside that of parsing their XML');
console.table(speeds);
for (const [how, known] of [
  ['', grammars],
  [', schema-less', SCHEMA_LESS],
]) {
  const [encode, decode] = mixed(known);
  console.log(`all of them in turn${how}: encode : parse ${encode}, decode : parse ${decode}`);
}

const stored = serializeGrammars(grammars);
const grammarsRead = sideBySide(
  {
    load: () => deserializeGrammars(stored),
    compile: () => loadGrammars([`${FOLDER}schemas/xmpp-client.xsd`]),
  },
  { rounds: 5, milliseconds: 100 },
);
console.log(
  `grammars: ${stored.length} bytes stored; load ${(1000 / grammarsRead.perSecond.load).toFixed(1)} ms, compile ${(1000 / grammarsRead.perSecond.compile).toFixed(1)} ms, ratio ${grammarsRead.ratio('load', 'compile').toFixed(1)}`,
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
      const [quiet, loud] = sides.map((side) => theirWork(side, element));
      const encoding = sideBySide(
        { ours: () => encoder.encodeElement(element), loud: loud.encode, quiet: quiet.encode },
        ROUNDS,
      );
      const decoding = sideBySide(
        {
          ours: () => {
            decoder.push(bytes);
            return decoder.nextElement();
          },
          loud: loud.decode,
          quiet: quiet.decode,
        },
        ROUNDS,
      );
      rows.push({
        payload: element.name,
        of: stanza.name,
        'our bytes': bytes.length,
        'their bytes': quiet.bytes.length,
        'encode : theirs': encoding.ratio('ours', 'loud').toFixed(1),
        'decode : theirs': decoding.ratio('ours', 'loud').toFixed(1),
        'encode : theirs, silenced': encoding.ratio('ours', 'quiet').toFixed(1),
        'decode : theirs, silenced': decoding.ratio('ours', 'quiet').toFixed(1),
      });
    } catch (error) {
      rows.push({ payload: element.name, of: stanza.name, 'our bytes': `not compared: ${error.message}` });
    }
  }
  console.log('beside exificient.js (it makes events, we make elements)');
  console.table(rows);
}

/** What exificient.js makes of an element, and its work on it. */
function theirWork({ encoder, decoder }, element) {
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
    bytes,
    encode: () => encodeElement(encoder, element),
    decode: () => decoder.decode(bytes),
  };
}
