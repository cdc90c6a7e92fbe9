/*
 * The npm package exificient.js, when it is there: in node_modules, or in the folder that THINGWARD_EXIFICIENT_JS names. It wants grammars
 * as JSON and knows fewer datatypes; what it does not know is a string to it. It tells its console of every event.
 */
import { Console } from 'node:console';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Writable } from 'node:stream';

const KINDS = [
  'document',
  'docContent',
  'docEnd',
  'fragmentContent',
  'firstStartTagContent',
  'startTagContent',
  'elementContent',
];
const DATATYPES = { boolean: 'BOOLEAN', float: 'FLOAT', integer: 'INTEGER', unsigned: 'UNSIGNED_INTEGER' };

/** Takes everything, keeps nothing: a console on it formats what it is told, and that is all. */
const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
const SILENCE = { log() {}, error() {}, warn() {} };

/** Its classes; undefined when it is not installed. @param isSilent is its console silenced, or does it format what it is told? */
export function exificientJs(isSilent) {
  const folder = process.env.THINGWARD_EXIFICIENT_JS;
  let file = folder && join(folder, 'dist/exificient.js');
  if (file === undefined) {
    try {
      file = createRequire(import.meta.url).resolve('exificient.js');
    } catch {
      return undefined;
    }
  }
  if (!existsSync(file)) return undefined;
  const names = 'Grammars, EXIEncoder, EXIDecoder, EventHandler';
  const load = new Function('exports', 'console', `${readFileSync(file, 'utf8')}\nreturn { ${names} };`);
  return load({}, isSilent ? SILENCE : new Console(nowhere));
}

/** Our grammars as its JSON: those of documents in strict mode. */
export function grammarsJson({ namespaces, datatypes, grammars, globals, documentContent, fragmentContent }) {
  const names = namespaces.flatMap(({ names: locals }, uriID) =>
    locals.map((localName, localNameID) => ({ uriID, localNameID, localName })),
  );
  for (const { name, element, type } of globals) {
    if (element >= 0) names[name].globalElementGrammarID = element + 4;
    if (type >= 0) names[name].globalTypeGrammarID = type + 4;
  }
  const next = (number) => (number === -1 ? 2 : number + 4);
  const production = ({ event, name, datatype, element, next: following }) => {
    const nextGrammarID = next(following);
    const { uriID, localNameID } = names[name] ?? {};
    switch (event) {
      case 0:
        return {
          event: 'attribute',
          attributeNamespaceID: uriID,
          attributeLocalNameID: localNameID,
          attributeDatatypeID: datatype,
          nextGrammarID,
        };
      case 2:
        return { event: 'attributeGeneric', nextGrammarID };
      case 3:
        return {
          event: 'startElement',
          startElementNamespaceID: uriID,
          startElementLocalNameID: localNameID,
          startElementGrammarID: element + 4,
          nextGrammarID,
        };
      case 4:
        return { event: 'startElementNS', startElementNamespaceID: name, nextGrammarID };
      case 5:
        return { event: 'startElementGeneric', nextGrammarID };
      case 6:
        return { event: 'endElement', nextGrammarID: -1 };
      case 7:
        return { event: 'characters', charactersDatatypeID: datatype, nextGrammarID };
      case 8:
        return { event: 'charactersGeneric', nextGrammarID };
      default:
        return { event: 'endDocument', nextGrammarID: -1 };
    }
  };
  const own = grammars.map(({ kind, isTypeCastable, isNillable, content, productions }, i) => ({
    grammarID: String(i + 4),
    type: KINDS[kind],
    isTypeCastable,
    isNillable,
    elementContentGrammarID: content + 4,
    production: productions.map(production),
  }));
  return {
    qnames: {
      namespaceContext: namespaces.map(({ namespace }, uriID) => ({
        uriID,
        uri: namespace,
        qnameContext: names.filter((name) => name.uriID === uriID),
      })),
    },
    // Of dates and times it writes none but some: they are strings to it, too.
    simpleDatatypes: datatypes.map(({ representation: { kind } }, simpleDatatypeID) => ({
      simpleDatatypeID,
      type: DATATYPES[kind] ?? 'STRING',
    })),
    grs: {
      documentGrammarID: 0,
      fragmentGrammarID: 3,
      grammar: [
        {
          grammarID: '0',
          type: 'document',
          production: [{ event: 'startDocument', nextGrammarID: documentContent + 4 }],
        },
        { grammarID: '1', type: 'elementContent', production: [] },
        { grammarID: '2', type: 'docEnd', production: [{ event: 'endDocument', nextGrammarID: -1 }] },
        {
          grammarID: '3',
          type: 'fragment',
          production: [{ event: 'startDocument', nextGrammarID: fragmentContent + 4 }],
        },
        ...own,
      ],
    },
  };
}

/** Writes an element by its encoder. */
export function encodeElement(encoder, element) {
  encoder.startDocument();
  writeElement(encoder, element);
  encoder.endDocument();
  return encoder.getUint8Array().subarray(0, encoder.getUint8ArrayLength());
}

function writeElement(encoder, { namespace, name, attributes, children }) {
  encoder.startElement(namespace, name);
  for (const key of Object.keys(attributes).sort()) encoder.attribute('', key, attributes[key]);
  for (const child of children) {
    if (typeof child === 'string') encoder.characters(child);
    else writeElement(encoder, child);
  }
  encoder.endElement();
}
