/*
 * Grammars as bytes: `TWGR`, the version of this format, a checksum, then namespaces, datatypes, grammars and globals, in the numbers and
 * strings of EXI itself. A device that starts reads these instead of compiling schemas.
 */
import { BitReader, IncompleteInput } from '../bits/bit-reader.ts';
import { BitWriter } from '../bits/bit-writer.ts';
import { ExiError } from '../error.ts';
import type { QName } from '../schema/components.ts';
import { type DatatypeData, REPRESENTATION_KINDS, type Representation } from '../values/datatype.ts';
import type { DateTimeType } from '../values/date-time.ts';
import { EVENT, type EventType } from './event.ts';
import { type GrammarKind, KIND } from './grammar.ts';
import type { GrammarData, NamespaceData, ProductionData, SingleGrammarData } from './grammar-data.ts';
import { Grammars } from './grammars.ts';

const MAGIC = [0x54, 0x57, 0x47, 0x52];
const VERSION = 1;
const HEAD_BYTES = 9;
const WHITE_SPACES = ['preserve', 'replace', 'collapse'] as const;
const DATE_TIME_TYPES = [
  'dateTime',
  'date',
  'time',
  'gYear',
  'gYearMonth',
  'gMonth',
  'gMonthDay',
  'gDay',
] as const satisfies readonly DateTimeType[];
const KINDS: ReadonlySet<number> = new Set(Object.values(KIND));
const EVENTS: ReadonlySet<number> = new Set(Object.values(EVENT));
/** More of anything is no schema of messages. */
const MAX_COUNT = 1_000_000;
/** An enumeration of lists of enumerations: not deeper. */
const MAX_NESTING = 8;

/**
 * Grammars as bytes, for `deserializeGrammars`.
 * @throws ExiError `grammars` for grammars of no schema
 */
export function serializeGrammars(grammars: Grammars): Uint8Array {
  const { data } = grammars;
  if (data === undefined) throw new ExiError('grammars', 'these grammars are of no schema');
  const out = new BitWriter(16_384);
  out.aligned = true;
  writeList(out, data.namespaces, ({ namespace, names, prefixes }) => {
    out.writeString(namespace);
    writeList(out, prefixes, (prefix) => out.writeString(prefix));
    writeList(out, names, (name) => out.writeString(name));
  });
  writeList(out, data.datatypes, (datatype) => writeDatatype(out, datatype));
  writeList(out, data.grammars, (grammar) => {
    out.writeByte(grammar.kind * 4 + (grammar.isTypeCastable ? 2 : 0) + (grammar.isNillable ? 1 : 0));
    out.writeUnsigned(grammar.content + 1);
    out.writeUnsigned(grammar.typeEmpty + 1);
    writeList(out, grammar.productions, ({ event, name, datatype, element, next }) => {
      out.writeByte(event);
      for (const number of [name, datatype, element, next]) out.writeUnsigned(number + 1);
    });
  });
  writeList(out, data.globals, ({ name, element, attribute, type }) => {
    for (const number of [name, element, attribute, type]) out.writeUnsigned(number + 1);
  });
  out.writeUnsigned(data.documentContent);
  out.writeUnsigned(data.fragmentContent);
  const content = out.take();
  const bytes = new Uint8Array(HEAD_BYTES + content.length);
  bytes.set(MAGIC);
  bytes[4] = VERSION;
  new DataView(bytes.buffer).setUint32(5, checksum(content));
  bytes.set(content, HEAD_BYTES);
  return bytes;
}

/**
 * Reads what `serializeGrammars` made.
 * @throws ExiError `grammars` when it is something else, of another version, or damaged
 */
export function deserializeGrammars(bytes: Uint8Array): Grammars {
  if (bytes.length < HEAD_BYTES || MAGIC.some((byte, i) => bytes[i] !== byte)) {
    throw new ExiError('grammars', 'these are no serialised grammars');
  }
  if (bytes[4] !== VERSION) {
    throw new ExiError(
      'grammars',
      `serialised grammars of version ${bytes[4]}, expected ${VERSION}: make them again`,
      32,
    );
  }
  const content = bytes.subarray(HEAD_BYTES);
  if (new DataView(bytes.buffer, bytes.byteOffset).getUint32(5) !== checksum(content)) {
    throw new ExiError('grammars', 'the serialised grammars are damaged', 40);
  }
  const input = new BitReader();
  input.aligned = true;
  input.before = HEAD_BYTES;
  input.open(content);
  try {
    return new Grammars(new GrammarReader(input).read());
  } catch (error) {
    if (error instanceof ExiError || error instanceof IncompleteInput) {
      throw new ExiError('grammars', 'the serialised grammars make no sense', input.position, { cause: error });
    }
    throw error;
  }
}

/** FNV-1a. */
function checksum(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193);
  return hash >>> 0;
}

function writeList<Item>(out: BitWriter, items: readonly Item[], write: (item: Item) => void): void {
  out.writeUnsigned(items.length);
  for (const item of items) write(item);
}

function writeDatatype(out: BitWriter, { representation, whiteSpace, names }: DatatypeData): void {
  out.writeByte(WHITE_SPACES.indexOf(whiteSpace));
  writeList(out, names, ({ namespace, name }) => {
    out.writeString(namespace);
    out.writeString(name);
  });
  writeRepresentation(out, representation);
}

function writeRepresentation(out: BitWriter, representation: Representation): void {
  out.writeByte(REPRESENTATION_KINDS.indexOf(representation.kind));
  switch (representation.kind) {
    case 'restricted-string':
      writeList(out, representation.characters, (character) => out.writeUnsigned(character));
      break;
    case 'bounded':
      out.writeString(representation.least);
      out.writeString(representation.most);
      break;
    case 'dateTime':
      out.writeByte(DATE_TIME_TYPES.indexOf(representation.type));
      break;
    case 'enumeration':
      writeList(out, representation.values, (value) => out.writeString(value));
      writeRepresentation(out, representation.base);
      break;
    case 'list':
      writeDatatype(out, representation.item);
      break;
    default:
      break;
  }
}

class GrammarReader {
  readonly #input: BitReader;

  constructor(input: BitReader) {
    this.#input = input;
  }

  read(): GrammarData {
    const namespaces = this.#list(() => this.#namespace());
    const names = namespaces.reduce((sum, each) => sum + each.names.length, 0);
    const datatypes = this.#list(() => this.#datatype(0));
    const grammars = this.#list(() => this.#grammar());
    const globals = this.#list(() => {
      const [name, element, attribute, type] = [this.#number(), this.#number(), this.#number(), this.#number()];
      return { name, element, attribute, type };
    });
    const documentContent = this.#input.readUnsigned();
    const fragmentContent = this.#input.readUnsigned();
    const data = { namespaces, datatypes, grammars, globals, documentContent, fragmentContent };
    this.#check(data, names);
    return data;
  }

  /** Every number must be of something that is there. */
  #check(data: GrammarData, names: number): void {
    const { namespaces, datatypes, grammars, globals, documentContent, fragmentContent } = data;
    const isOf = (number: number, count: number, least = -1) => number >= least && number < count;
    const isSound = ({ event, name, datatype, element, next }: ProductionData) =>
      isOf(name, isInNamespace(event) ? namespaces.length : names, needsName(event) ? 0 : -1) &&
      isOf(datatype, datatypes.length) &&
      isOf(element, grammars.length, event === EVENT.element ? 0 : -1) &&
      isOf(next, grammars.length);
    const isFine =
      namespaces.length > 3 &&
      isOf(documentContent, grammars.length, 0) &&
      isOf(fragmentContent, grammars.length, 0) &&
      grammars[documentContent]?.kind === KIND.documentContent &&
      grammars[fragmentContent]?.kind === KIND.fragmentContent &&
      grammars.every(
        ({ content, typeEmpty, productions }) =>
          isOf(content, grammars.length) && isOf(typeEmpty, grammars.length) && productions.every(isSound),
      ) &&
      globals.every(
        ({ name, element, attribute, type }) =>
          isOf(name, names, 0) &&
          isOf(element, grammars.length) &&
          isOf(attribute, datatypes.length) &&
          isOf(type, grammars.length),
      );
    if (!isFine) throw this.#input.malformed('a number refers to nothing');
  }

  #list<Item>(read: () => Item): Item[] {
    const count = this.#input.readUnsigned();
    if (count > MAX_COUNT) throw this.#input.malformed('a list is too long');
    // Every item takes a byte at least.
    this.#input.require(count);
    const items: Item[] = [];
    for (let i = 0; i < count; i++) items.push(read());
    return items;
  }

  #string(): string {
    return this.#input.readText(this.#input.readUnsigned());
  }

  /** A number, or -1. */
  #number(): number {
    return this.#input.readUnsigned() - 1;
  }

  #one<Item>(items: readonly Item[]): Item {
    const item = items[this.#input.readByte()];
    if (item === undefined) throw this.#input.malformed('no such kind');
    return item;
  }

  #namespace(): NamespaceData {
    const namespace = this.#string();
    const prefixes = this.#list(() => this.#string());
    return { namespace, names: this.#list(() => this.#string()), prefixes };
  }

  #datatype(nesting: number): DatatypeData {
    const whiteSpace = this.#one(WHITE_SPACES);
    const names = this.#list((): QName => ({ namespace: this.#string(), name: this.#string() }));
    return { representation: this.#representation(nesting), whiteSpace, names };
  }

  #representation(nesting: number): Representation {
    if (nesting > MAX_NESTING) throw this.#input.malformed('a datatype is nested too deep');
    const kind = this.#one(REPRESENTATION_KINDS);
    switch (kind) {
      case 'restricted-string':
        return { kind, characters: this.#list(() => this.#input.readUnsigned()) };
      case 'bounded':
        return { kind, least: this.#integer(), most: this.#integer() };
      case 'dateTime':
        return { kind, type: this.#one(DATE_TIME_TYPES) };
      case 'enumeration':
        return { kind, values: this.#list(() => this.#string()), base: this.#representation(nesting + 1) };
      case 'list':
        return { kind, item: this.#datatype(nesting + 1) };
      default:
        return { kind };
    }
  }

  #integer(): string {
    const text = this.#string();
    if (!/^-?\d+$/.test(text)) throw this.#input.malformed('no integer');
    return text;
  }

  #grammar(): SingleGrammarData {
    const head = this.#input.readByte();
    const kind = (head >> 2) as GrammarKind;
    if (!KINDS.has(kind)) throw this.#input.malformed('no such kind of grammar');
    const content = this.#number();
    const typeEmpty = this.#number();
    const productions = this.#list(() => {
      const event = this.#input.readByte() as EventType;
      if (!EVENTS.has(event)) throw this.#input.malformed('no such event');
      const [name, datatype, element, next] = [this.#number(), this.#number(), this.#number(), this.#number()];
      return { event, name, datatype, element, next };
    });
    return { kind, isTypeCastable: (head & 2) !== 0, isNillable: (head & 1) !== 0, content, typeEmpty, productions };
  }
}

function isInNamespace(event: EventType): boolean {
  return event === EVENT.attributeInNamespace || event === EVENT.elementInNamespace;
}

function needsName(event: EventType): boolean {
  return event === EVENT.attribute || event === EVENT.element || isInNamespace(event);
}
