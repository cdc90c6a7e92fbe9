#!/usr/bin/env node
/*
 * Feeds every parser of outside bytes with mutated and random input, for a bounded time, and fails when one throws anything but its
 * typed error, or when a stream gives other frames in pieces than in one. Needs `npm run build` before.
 *   npm run fuzz -- [seconds] [seed]
 */
import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { compileSchema, ExiDecoder, ExiEncoder, ExiError, SchemaError } from '@thingward/exi';
import { decodeRequest, decodeResponse, ModbusError, TcpFrameReader } from '@thingward/modbus';
import {
  convertUnit,
  formatDuration,
  IoTDiscoError,
  PayloadError,
  parseDuration,
  parseIoTDisco,
  parseStringIds,
} from '@thingward/things';
import { Frame, parseElement, StreamReader, XmlError } from '@thingward/xml';
import { hashedTokenServer, Jid, JidError, opaqueString, PrecisError, SaslError, scramServer } from '@thingward/xmpp';
import { auditTargets } from './audit-targets.mjs';
import { dnp3Targets } from './dnp3-targets.mjs';
import { exiStreamTargets } from './exi-stream-targets.mjs';
import { findingTargets } from './finding-targets.mjs';
import { ieee1451Targets } from './ieee1451-targets.mjs';
import { modbusTargets } from './modbus-targets.mjs';
import { NEGOTIATION, negotiate } from './negotiation.mjs';
import { opcuaTargets } from './opcua-targets.mjs';
import { payloadTargets } from './payload-targets.mjs';
import { serverTargets } from './server-targets.mjs';
import { uploadTargets } from './upload-targets.mjs';

const seconds = Number(process.argv[2] ?? 20);
let state = Number(process.argv[3] ?? Date.now() % 2 ** 31) || 1;
console.log(`fuzzing for ${seconds} s with seed ${state}`);

/** A small generator (mulberry32), so that a seed repeats a run. */
function random() {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
}
const below = (n) => Math.floor(random() * n);
const pick = (list) => list[below(list.length)];
const utf8 = (text) => new TextEncoder().encode(text);
const latin1 = (bytes) => String.fromCharCode(...bytes);

const XML_PARTS = [
  '<',
  '>',
  '/',
  '=',
  "'",
  '"',
  '&',
  ';',
  'a',
  'b',
  ':',
  'xmlns',
  ' ',
  '<![CDATA[',
  ']]>',
  '<a>',
  '</a>',
  '<b/>',
  '&lt;',
];
const MORE_XML = [
  '\u00e9',
  '!',
  '?',
  "<a x='1'>",
  "<p:a xmlns:p='u'>",
  '</p:a>',
  '&#x41;',
  '\r',
  '\n',
  '[',
  ']',
  '-',
  '<!--',
  '\u0001',
];

const soup = (parts, most) => Array.from({ length: 1 + below(most) }, () => pick(parts)).join('');
const noise = (most) => Uint8Array.from({ length: 1 + below(most) }, () => below(256));

const JID_PARTS = [
  '@',
  '/',
  '.',
  '-',
  'xn--',
  '[',
  ']',
  ':',
  'A',
  'b',
  '1',
  '\\20',
  '\u03a3',
  '\u0628',
  '\u200c',
  '\u094d',
];
/** Text with characters from all of Unicode, halves of them too. */
const international = (parts, most) =>
  soup([...parts, String.fromCharCode(below(2 ** 16)), String.fromCodePoint(below(0x110000)), latin1(noise(2))], most);

/** What was normalised once is normal. */
function unchanging(normalise, input) {
  const once = normalise(input);
  if (normalise(once) !== once) throw new Error(`${JSON.stringify(once)} changes when it is normalised again`);
}

/** A valid input with some bytes changed, cut or doubled. */
function mutated(seed) {
  const bytes = [...seed];
  for (let i = below(4) + 1; i > 0; i--) {
    const at = below(bytes.length + 1);
    if (random() < 0.6) bytes[at] = below(256);
    else if (random() < 0.5) bytes.splice(at, 1 + below(4));
    else bytes.splice(at, 0, ...bytes.slice(at, at + 4));
  }
  return Uint8Array.from(bytes);
}

const HEADER = utf8("<s xmlns='u'>");
const STANZA = utf8("<message to='a@b/c' id='1'><body>x &lt; y</body><q xmlns='urn:q' a=\"1\"/></message>");
const PDUS = [
  '\x03\x00\x6b\x00\x03',
  '\x10\x00\x01\x00\x02\x04\x00\x0a\x01\x02',
  '\x03\x06\x02\x2b\x00\x00\x00\x64',
].map((text) => Uint8Array.from(text, (c) => c.charCodeAt(0)));
const SCHEMAS = ['facets', 'structure', 'xmpp-client', 'discovery'].map((name) =>
  readFileSync(new URL(`../packages/exi/test/vectors/schemas/${name}.xsd`, import.meta.url)),
);
const keys = {
  salt: new Uint8Array(16),
  iterations: 4096,
  storedKey: new Uint8Array(32),
  serverKey: new Uint8Array(32),
};
const credentials = { scramKeys: async () => keys, exists: async () => true, localpart: (name) => name };

function frames(chunks) {
  const reader = new StreamReader({ maxElementBytes: 2000 });
  const seen = [];
  reader.push(HEADER);
  try {
    for (const chunk of chunks) {
      reader.push(chunk);
      for (let event = reader.next(); event; event = reader.next()) {
        seen.push(event.kind === 'frame' ? event.frame.element.toString() : event.kind);
      }
    }
    return { seen, failed: false };
  } catch (error) {
    if (!(error instanceof XmlError)) throw error;
    return { seen, failed: true };
  }
}

/** What is thrown where nothing may be: whatever is wrong ends the stream instead. */
class Nothing extends Error {}

/** Stanzas under some options of EXI, and how to decode what is made of them. */
const EXI_STREAMS = [
  {},
  { alignment: 'byte-packed' },
  { alignment: 'pre-compression' },
  { alignment: 'compression' },
].flatMap((options) =>
  [undefined, 4].map((valuePartitionCapacity) => {
    const settings = { options: { ...options, valuePartitionCapacity }, header: { options: true } };
    const stanza = parseElement(STANZA);
    return new ExiEncoder(settings).encodeElement(stanza.append(stanza, 'x', stanza));
  }),
);
const EXI_LIMITS = { maxEvents: 5000, maxCharacters: 100_000, maxInflatedBytes: 100_000, maxValueLength: 10_000 };

function exiElements(chunks) {
  const decoder = new ExiDecoder({ limits: EXI_LIMITS });
  const seen = [];
  try {
    for (const chunk of chunks) {
      decoder.push(chunk);
      for (let element = decoder.nextElement(); element; element = decoder.nextElement()) seen.push(element.toString());
    }
    return { seen, failed: false };
  } catch (error) {
    if (!(error instanceof ExiError)) throw error;
    return { seen, failed: true };
  }
}

/** Each: makes an input, and gives it to a parser that may throw only these errors. */
const TARGETS = {
  element: [
    () => pick([utf8(soup([...XML_PARTS, ...MORE_XML], 14)), mutated(STANZA), noise(40)]),
    (input) => parseElement(input),
    XmlError,
  ],
  frame: [() => pick([utf8(soup(XML_PARTS, 14)), mutated(STANZA)]), (input) => Frame.parse(input), XmlError],
  stream: [
    () => pick([utf8(soup([...XML_PARTS, ...MORE_XML], 14)), mutated(STANZA)]),
    (input) => {
      const whole = frames([input]);
      const pieces = frames([...input].map((byte) => Uint8Array.of(byte)));
      const [a, b] = [whole.seen.join(''), pieces.seen.join('')];
      // In pieces an error may be seen earlier or later, but never another frame.
      if (a !== b && !((whole.failed || pieces.failed) && (a.startsWith(b) || b.startsWith(a))))
        throw new Error(`${a} is not ${b}`);
    },
    XmlError,
  ],
  exi: [
    () => pick([noise(60), mutated(pick(EXI_STREAMS)), mutated(pick(EXI_STREAMS))]),
    (input) => {
      const whole = exiElements([input]);
      const pieces = exiElements([...input].map((byte) => Uint8Array.of(byte)));
      const [a, b] = [whole.seen.join(''), pieces.seen.join('')];
      if (a !== b || whole.failed !== pieces.failed) throw new Error(`in one: ${a}\nin pieces: ${b}`);
      for (const text of whole.seen) parseElement(text);
    },
    ExiError,
  ],
  jid: [
    () => pick([latin1(mutated(utf8('Romeo@xn--exmple-cua.org/orchard'))), international(JID_PARTS, 8)]),
    (input) => unchanging((text) => Jid.parse(text).toString(), input),
    JidError,
  ],
  password: [() => international([' ', 'a', '\u00b7'], 8), (input) => unchanging(opaqueString, input), PrecisError],
  'string ids': [
    () => pick([soup(['1', '12', '|', ',', 'a', '.', '_', ' '], 12), latin1(mutated(utf8('1,1|MathModule,4||A1')))]),
    (input) => parseStringIds(input),
    PayloadError,
  ],
  'modbus request': [() => pick([noise(20), mutated(pick(PDUS))]), (input) => decodeRequest(input), ModbusError],
  'modbus response': [() => pick([noise(20), mutated(pick(PDUS))]), (input) => decodeResponse(input), ModbusError],
  'modbus tcp': [
    () => pick([noise(40), mutated(Uint8Array.of(0, 1, 0, 0, 0, 6, 1, ...PDUS[0]))]),
    (input) => new TcpFrameReader().push(input),
    ModbusError,
  ],
  schema: [
    () => mutated(pick(SCHEMAS)),
    (bytes) => compileSchema([{ location: 'a.xsd', bytes }], { limits: { maxSteps: 100_000 } }),
    SchemaError,
  ],
  'qr string': [
    () => latin1(mutated(utf8('IoTDisco;SN:39;MAN:a\\;b;#V:1.2;KEY:48'))),
    (input) => parseIoTDisco(input),
    IoTDiscoError,
  ],
  duration: [
    () => latin1(mutated(utf8('P1Y2M3DT4H5M6.789S'))),
    (input) => {
      const duration = parseDuration(input);
      if (!duration) return;
      const again = parseDuration(formatDuration(duration));
      if (again?.months !== duration.months || again.milliseconds !== duration.milliseconds) throw new Error(input);
    },
    PayloadError,
  ],
  'unit conversion': [
    () => [latin1(mutated(utf8('-12.50e-3'))), pick(['°C', 'm', 'µBTU', 'x']), pick(['°F', 'km', 'TBTU', 'µm'])],
    (input) => {
      const converted = convertUnit(...input);
      if (converted !== undefined && !/^-?\d+(?:\.\d+)?$/.test(converted)) throw new Error(converted);
    },
    PayloadError,
  ],
  scram: [
    () => [mutated(utf8('n,,n=user,r=abc')), mutated(utf8('c=biws,r=abcX,p=AAAA'))],
    async (messages) => {
      const server = scramServer('SHA-256', credentials, 'X');
      for (const message of messages) await server.step(message);
    },
    SaslError,
  ],
  'hashed token': [
    () => pick([noise(60), mutated(utf8(`user\0${'x'.repeat(32)}`))]),
    async (message) => {
      const held = async () => [{ token: 'token' }];
      const shown = async () => {
        throw new Error('a token was guessed');
      };
      await hashedTokenServer('HT-SHA-256-NONE', { localpart: (name) => name, held, shown }).step(message);
    },
    SaslError,
  ],
  negotiation: [
    () =>
      Array.from({ length: 1 + below(6) }, () => {
        const element = utf8(pick(NEGOTIATION));
        return random() < 0.6 ? element : mutated(element);
      }),
    (messages) => negotiate(messages, credentials),
    Nothing,
  ],
};

Object.assign(TARGETS, payloadTargets({ pick, mutated, utf8 }));
Object.assign(TARGETS, modbusTargets({ pick, mutated, noise, utf8 }));
Object.assign(TARGETS, findingTargets({ pick, mutated, noise, utf8 }));
Object.assign(TARGETS, uploadTargets({ pick, mutated, noise, random }));
Object.assign(TARGETS, exiStreamTargets({ pick, mutated, noise, random }));
Object.assign(TARGETS, auditTargets({ pick, mutated, noise, utf8, below }));
Object.assign(TARGETS, dnp3Targets({ pick, mutated, noise, utf8 }));
Object.assign(TARGETS, opcuaTargets({ pick, mutated, noise, utf8 }));
Object.assign(TARGETS, ieee1451Targets({ pick, mutated, noise, utf8 }));
Object.assign(TARGETS, serverTargets({ random, below, pick, soup, noise, mutated, utf8 }));

const until = Date.now() + seconds * 1000;
const counts = Object.fromEntries(Object.keys(TARGETS).map((name) => [name, 0]));
let failures = 0;
while (Date.now() < until && failures < 10) {
  for (const [name, [make, parse, Expected]] of Object.entries(TARGETS)) {
    const input = make();
    counts[name]++;
    try {
      await parse(input);
    } catch (error) {
      if ([Expected].flat().some((Known) => error instanceof Known)) continue;
      failures++;
      console.error(`${name}: ${inspect(input, { depth: 6, maxArrayLength: 1000 })}\n  ${error.stack}`);
    }
  }
}
console.log(counts);
console.log(failures === 0 ? 'nothing found' : `${failures} found`);
process.exitCode = failures === 0 ? 0 : 1;
