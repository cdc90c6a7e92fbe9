/*
 * EXI streams, changed at random: what can be read is what can be written again, is no longer as XML than allowed, and comes out the same
 * whatever pieces it comes in.
 */
import { buildGrammars } from '@thingward/exi';
import { thingSchemas } from '@thingward/things/node';
import { parseElement, XmlError } from '@thingward/xml';
import {
  AgreedSetUp,
  bindingSetUp,
  DEFAULT_STREAM_OPTIONS,
  ExiStreamReader,
  ExiStreamWriter,
  SchemaCatalogue,
  UnknownSetUpError,
} from '@thingward/xmpp/exi';
import { xmppSchemas } from '@thingward/xmpp/node';

const MAX_BYTES = 20_000;
const SCHEMAS = [...xmppSchemas(), ...thingSchemas()];
const GRAMMARS = buildGrammars(new SchemaCatalogue(SCHEMAS).compile(SCHEMAS));
const setUp = (options) =>
  new AgreedSetUp({ options: { ...DEFAULT_STREAM_OPTIONS, ...options }, datatypeRepresentationMap: [] }, GRAMMARS);
const SET_UPS = [
  setUp({}),
  setUp({ strict: true }),
  setUp({ alignment: 'byte-alignment', preservePrefixes: true }),
  setUp({ sessionWideBuffers: true, valueMaxLength: 64, valuePartitionCapacity: 8 }),
];
const BINDING = bindingSetUp(SCHEMAS);
const STANZAS = [
  "<iq xmlns='jabber:client' type='get' id='1' to='a@b/c'><req xmlns='urn:xmpp:iot:sensordata' seqnr='1' momentary='true'/></iq>",
  "<message xmlns='jabber:client' to='a@b'><body>Äther &lt;</body><x xmlns='urn:nobody:knows' a='1'>y</x></message>",
  "<presence xmlns='jabber:client'><priority>-1</priority></presence>",
].map((text) => parseElement(text));

/** A whole stream. */
function stream(coding, header) {
  const writer = new ExiStreamWriter(coding, header);
  return Buffer.concat([writer.open({ to: 'b' }), ...STANZAS.map((stanza) => writer.element(stanza)), writer.end()]);
}

/** @returns what it says, up to where it breaks */
function read(pieces, coding, header) {
  const reader = new ExiStreamReader({ setUp: coding, maxElementBytes: MAX_BYTES, header, keepsBytes: true });
  const events = [];
  try {
    for (const piece of pieces) {
      reader.push(piece);
      for (let event = reader.next(); event; event = reader.next()) events.push(event);
    }
  } catch (error) {
    if (!(error instanceof XmlError || error instanceof UnknownSetUpError)) throw error;
  }
  return events;
}

export function exiStreamTargets({ pick, mutated, noise, random }) {
  const target = (codings, header) => [
    () => {
      const coding = pick(codings);
      const bytes = random() < 0.9 ? mutated(stream(coding, header && {})) : noise(80);
      return { coding, bytes, cut: Math.floor(random() * bytes.length) };
    },
    ({ coding, bytes, cut }) => {
      const events = read([bytes], coding, header);
      for (const event of events) {
        if (event.kind !== 'frame') continue;
        const { frame } = event;
        if (frame.bytes.length > MAX_BYTES) throw new Error(`${frame.bytes.length} bytes`);
        // It is XML: who reads the bytes sees what the decoder saw.
        if (
          parseElement(Buffer.from(frame.bytes).toString(), { '': 'jabber:client' }).toString() !==
          frame.element.toString()
        ) {
          throw new Error('the bytes say something else');
        }
      }
      const inPieces = read([bytes.subarray(0, cut), bytes.subarray(cut)], coding, header);
      if (show(inPieces) !== show(events)) throw new Error('other elements in pieces');
    },
    [],
  ];
  return {
    'EXI stream': target(SET_UPS, undefined),
    'EXI stream with header': target([BINDING], { find: () => undefined }),
  };
}

const show = (events) =>
  events.map((event) => (event.kind === 'frame' ? String(event.frame.element) : event.kind)).join('\n');
