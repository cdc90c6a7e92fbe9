/*
 * Reads the events of one document (or fragment) after another. An event is left in fields, not in an object, until the next is read.
 * Each step changes state only when all its bits were there; in incremental use what it added to the string table is taken back
 * when they were not, so that it can be read again with more input.
 */
import { XMLNS_NAMESPACE } from '@thingward/xml';
import { BitReader, IncompleteInput } from './bits/bit-reader.ts';
import { bitWidth } from './bits/bit-width.ts';
import { Block, type BlockRecord } from './compression/block.ts';
import { SMALL_CHANNEL } from './compression/deflate.ts';
import { Inflater } from './compression/inflater.ts';
import { codecsOf } from './datatype-map.ts';
import { ExiError } from './error.ts';
import { EVENT, type EventType } from './grammar/event.ts';
import { type Grammar, KIND, type Production } from './grammar/grammar.ts';
import { DOCUMENT_END, type Grammars } from './grammar/grammars.ts';
import { LearnedGrammars } from './grammar/learned-grammars.ts';
import { type SecondLevel, secondLevels } from './grammar/second-level.ts';
import type { ExiLimits } from './limits.ts';
import { XML_NAMESPACE, XSD_NAMESPACE } from './namespaces.ts';
import type { ExiOptions } from './options.ts';
import type { Name } from './string-table/name.ts';
import { type NamespacePartition, NameTable } from './string-table/name-table.ts';
import { StringDecoder } from './string-table/string-decoder.ts';
import type { ValueCodec } from './values/codec.ts';
import { type Datatype, LEXICAL_BOOLEAN_CODEC } from './values/datatype.ts';
import { STRING_CODEC } from './values/string.ts';
import { isNcName } from './xml/characters.ts';

export interface BodyDecoderSettings {
  readonly grammars: Grammars;
  readonly options: ExiOptions;
  readonly limits: ExiLimits;
  /** May the input end inside an event, to be continued? */
  readonly isIncremental: boolean;
  /** Does a document end with a whole byte? An options document does not. */
  readonly isPadded: boolean;
  /** @see ExiDecoderSettings */
  readonly usesProfile: boolean;
}

/** What a self-contained element hides while it lasts. */
interface OuterState {
  readonly names: NameTable;
  readonly strings: StringDecoder;
  readonly learned: LearnedGrammars;
  readonly depth: number;
}

/** A step that made no event for anybody. */
const NOTHING = -1;

/** Before the first stream of a block is opened: events that take no bits can be read from it. */
const NO_INPUT = new BitReader();
NO_INPUT.aligned = true;

export class BodyDecoder {
  /** The event at hand: its name and prefix, its value or text, and what else some have. */
  name: Name | undefined;
  prefix: string | undefined;
  value = '';
  /** Of a namespace declaration: its namespace, and whether its prefix is that of the element. */
  namespace = '';
  isElementPrefix = false;
  /** Of a processing instruction its data; of a document type its public and system identifiers and text. */
  details: readonly string[] = [];

  readonly #source: BitReader;
  /** What is read at the moment: the source itself, or what was inflated from it. */
  #input: BitReader;
  readonly #grammars: Grammars;
  readonly #options: ExiOptions;
  readonly #limits: ExiLimits;
  readonly #codecs: readonly ValueCodec[];
  readonly #second: readonly SecondLevel[];
  readonly #keepsPrefixes: boolean;
  readonly #keepsLexical: boolean;
  readonly #isCompressed: boolean;
  readonly #usesProfile: boolean;
  readonly #isIncremental: boolean;
  readonly #isPadded: boolean;
  readonly #block: Block | undefined;

  #names: NameTable;
  #strings: StringDecoder;
  #learned: LearnedGrammars;
  readonly #outer: OuterState[] = [];
  /** Is the next event the start of a self-contained element, told already? */
  #isInnerStart = false;

  readonly #stack: Grammar[] = [];
  readonly #openNames: (Name | undefined)[] = [];
  #depth = 0;
  #grammar: Grammar = DOCUMENT_END;
  #hasStarted = false;
  #events = 0;
  #characters = 0;
  #inflated = 0;
  /** Namespaces of prefixes, for `xsi:type` where values are kept as they were written. */
  readonly #declared: { depth: number; prefix: string; namespace: string }[] = [];

  constructor(source: BitReader, settings: BodyDecoderSettings) {
    const { grammars, options, limits, isIncremental, isPadded, usesProfile } = settings;
    this.#usesProfile = usesProfile;
    this.#isPadded = isPadded;
    this.#source = source;
    this.#input = source;
    this.#grammars = grammars;
    this.#options = options;
    this.#limits = limits;
    this.#isIncremental = isIncremental;
    this.#codecs = codecsOf(grammars.datatypes, options);
    this.#second = secondLevels(options);
    this.#keepsPrefixes = options.preserve.prefixes && !options.strict;
    this.#keepsLexical = options.preserve.lexicalValues;
    this.#names = new NameTable(grammars.namespaces, limits.maxStringTableEntries);
    this.#strings = this.#newStrings();
    this.#learned = new LearnedGrammars(grammars, limits.maxLearnedProductions);
    this.#isCompressed = options.alignment === 'compression';
    if (options.alignment === 'compression' || options.alignment === 'pre-compression') this.#block = new Block();
  }

  #newStrings(): StringDecoder {
    const { valueMaxLength, valuePartitionCapacity } = this.#options;
    return new StringDecoder(valueMaxLength, valuePartitionCapacity, this.#limits);
  }

  /** Forgets strings, names and what was learned. */
  clear(): void {
    this.#names.clear();
    this.#strings.clear();
    this.#learned.clear();
  }

  /** Is a document begun and not ended? */
  get isInside(): boolean {
    return this.#hasStarted;
  }

  /**
   * Reads the next event of the document; SD comes first, ED last.
   * @throws IncompleteInput when the input ends inside it
   */
  next(): EventType {
    for (;;) {
      const event = this.#isIncremental ? this.#tryStep() : this.#step();
      if (event !== NOTHING) return event as EventType;
    }
  }

  #tryStep(): number {
    const { at, bit } = this.#source;
    this.#names.begin();
    this.#strings.begin();
    try {
      const event = this.#step();
      this.#strings.commit();
      return event;
    } catch (error) {
      if (error instanceof IncompleteInput) {
        this.#names.rollback();
        this.#strings.rollback();
        this.#source.at = at;
        this.#source.bit = bit;
      }
      throw error;
    }
  }

  #step(): number {
    if (!this.#hasStarted) return this.#start();
    if (this.#block !== undefined) return this.#blockStep(this.#block);
    return this.#event();
  }

  #start(): EventType {
    const first = this.#outer[0];
    if (first !== undefined) {
      // Left behind by a document that failed.
      this.#names = first.names;
      this.#strings = first.strings;
      this.#learned = first.learned;
      this.#outer.length = 0;
    }
    this.#source.aligned = this.#options.alignment !== 'bit-packed';
    this.#block?.clear();
    this.#isWaiting = false;
    this.#input = this.#isCompressed ? NO_INPUT : this.#source;
    this.#inflater = undefined;
    this.#isInnerStart = false;
    this.#depth = this.#events = this.#characters = this.#inflated = 0;
    if (this.#declared.length > 0) this.#declared.length = 0;
    this.#grammar = this.#options.fragment ? this.#grammars.fragmentContent : this.#grammars.documentContent;
    this.#stack[0] = this.#grammar;
    this.#openNames[0] = undefined;
    this.#hasStarted = true;
    return EVENT.startDocument;
  }

  // Reordered documents

  #blockStep(block: Block): number {
    if (block.state === 'replay') {
      const record = block.replay();
      if (record !== undefined) return this.#show(record);
      block.clear();
      if (this.#isCompressed) this.#input = NO_INPUT;
    }
    this.#isWaiting = false;
    try {
      return this.#readBlock(block);
    } catch (error) {
      if (!(error instanceof IncompleteInput) || !this.#isCompressed || this.#isWaiting) throw error;
      if (block.isUnopened) {
        this.#openStream(block);
        return NOTHING;
      }
      throw this.#input.malformed('a compressed stream ends too early');
    }
  }

  #readBlock(block: Block): number {
    if (block.state === 'structure') {
      const event = this.#event();
      if (event === NOTHING) return NOTHING;
      if (!block.isValue) block.records.push(this.#record(event as EventType));
      block.isValue = false;
      if (event === EVENT.endDocument || block.valueCount === this.#options.blockSize) block.endStructure();
      return NOTHING;
    }
    const value = block.nextValue();
    if (value === undefined) {
      block.startReplay();
      return NOTHING;
    }
    if (this.#isCompressed) {
      if (block.isUnopened) this.#openStream(block);
      if (block.valueCount > SMALL_CHANNEL && block.startsStream) {
        this.#nextStream();
        block.startedStream();
      }
    }
    value.record.value = value.codec.read(this.#input, this.#strings, value.name);
    this.#count(value.record.value);
    block.gotValue();
    return NOTHING;
  }

  #openStream(block: Block): void {
    this.#nextStream();
    block.isUnopened = false;
  }

  /** Is it the end of the source, not of what was inflated, that was met? */
  #isWaiting = false;

  /** The compressed stream that is not yet complete, and how many bytes of the source it has seen. */
  #inflater: Inflater | undefined;
  #fed = 0;

  /** Goes on to the next compressed stream. */
  #nextStream(): void {
    const { bytes, at, end } = this.#source;
    if (this.#inflater === undefined) {
      this.#inflater = new Inflater(this.#limits.maxInflatedBytes - this.#inflated);
      this.#fed = 0;
    }
    const inflater = this.#inflater;
    const isComplete = this.#inflate(inflater, bytes.subarray(at + this.#fed, end));
    this.#isWaiting = !isComplete;
    if (!isComplete) {
      this.#fed = end - at;
      this.#source.require(end - at + 1);
      return;
    }
    this.#inflater = undefined;
    this.#source.at = at + inflater.consumed;
    this.#inflated += inflater.bytes.length;
    this.#input = new BitReader();
    this.#input.aligned = true;
    this.#input.open(inflater.bytes);
  }

  #inflate(inflater: Inflater, bytes: Uint8Array): boolean {
    try {
      return inflater.write(bytes);
    } catch (error) {
      throw error instanceof ExiError ? error.at(this.#source.position) : error;
    }
  }

  #record(event: EventType): BlockRecord {
    const { name, prefix, value, namespace, isElementPrefix, details } = this;
    return { event, name, prefix, value, namespace, isElementPrefix, details };
  }

  #show(record: BlockRecord): EventType {
    this.name = record.name;
    this.prefix = record.prefix;
    this.value = record.value;
    this.namespace = record.namespace;
    this.isElementPrefix = record.isElementPrefix;
    this.details = record.details;
    if (record.event === EVENT.endDocument) this.#end();
    return record.event;
  }

  // Events

  #event(): number {
    const grammar = this.#grammar;
    const input = this.#input;
    const second = this.#second[grammar.shape] as SecondLevel;
    const { count } = grammar;
    const code = input.readBits(bitWidth(count + second.extra));
    if (++this.#events > this.#limits.maxEvents) {
      throw new ExiError('limit', `a document has more than ${this.#limits.maxEvents} events`, input.position);
    }
    if (code < count) {
      const production = grammar.at(code);
      return this.#declaredEvent(grammar, production);
    }
    if (code !== count || second.extra === 0) throw input.malformed('no such event code');
    const code2 = input.readBits(second.bits);
    const event = second.events[code2];
    if (event !== undefined) return this.#undeclaredEvent(grammar, event);
    if (code2 !== second.events.length || second.third.length === 0) throw input.malformed('no such event code');
    const third = second.third[input.readBits(second.thirdBits)];
    if (third === undefined) throw input.malformed('no such event code');
    return this.#undeclaredEvent(grammar, third);
  }

  #declaredEvent(grammar: Grammar, production: Production): number {
    switch (production.event) {
      case EVENT.attribute: {
        const name = production.name as Name;
        if (name === this.#grammars.xsiType) return this.#xsiType(grammar);
        this.#readAttributePrefix(name);
        return this.#attribute(name, this.#codecOf(production.datatype), production.next);
      }
      case EVENT.attributeInNamespace: {
        const name = this.#readLocal(this.#names.at(production.uriId) as NamespacePartition);
        return this.#anyAttribute(grammar, name, production.next);
      }
      case EVENT.attributeAny:
        return this.#anyAttribute(grammar, this.#readName(), production.next);
      case EVENT.element:
        return this.#element(production.name as Name, production.element as Grammar, production.next);
      case EVENT.elementInNamespace: {
        const name = this.#readLocal(this.#names.at(production.uriId) as NamespacePartition);
        return this.#element(name, this.#learned.of(name), production.next);
      }
      case EVENT.elementAny:
        return this.#anyElement(grammar, production.next);
      case EVENT.endElement:
        return this.#endElement();
      case EVENT.text:
        return this.#text(this.#codecOf(production.datatype), production.next);
      case EVENT.textUntyped:
        return this.#text(STRING_CODEC, production.next);
      case EVENT.endDocument:
        return this.#endDocument();
      default:
        throw this.#input.malformed('an event that cannot be here');
    }
  }

  #undeclaredEvent(grammar: Grammar, event: EventType): number {
    const input = this.#input;
    switch (event) {
      case EVENT.endElement:
        this.#learned.learn(grammar, EVENT.endElement, undefined, false, input.position);
        return this.#endElement();
      case EVENT.xsiType:
        return this.#xsiType(grammar);
      case EVENT.xsiNil:
        return this.#xsiNil(grammar);
      case EVENT.attributeAny:
        return this.#anyAttribute(grammar, this.#readName(), undefined);
      case EVENT.attributeInvalid:
        return this.#invalidAttribute(grammar);
      case EVENT.namespace:
        return this.#namespaceDeclaration();
      case EVENT.selfContained:
        return this.#startSelfContained();
      case EVENT.elementAny:
        return this.#anyElement(grammar, grammar.content);
      case EVENT.textUntyped: {
        const text = this.#text(STRING_CODEC, grammar.content);
        this.#learned.learn(grammar, EVENT.text, undefined, false, input.position);
        return text;
      }
      case EVENT.docType: {
        this.value = this.#readString();
        this.details = [this.#readString(), this.#readString(), this.#readString()];
        if (!isNcName(this.value.replace(':', '_'))) throw input.malformed('a document type with no name');
        return event;
      }
      case EVENT.processingInstruction:
        this.value = this.#readString();
        this.details = [this.#readString()];
        if (!isNcName(this.value) || /^xml$/i.test(this.value) || this.details[0]?.includes('?>')) {
          throw input.malformed('a processing instruction that XML cannot have');
        }
        this.#goOn(grammar);
        return event;
      case EVENT.comment:
        this.value = this.#readString();
        if (/--|-$/.test(this.value)) throw input.malformed('a comment that XML cannot have');
        this.#goOn(grammar);
        return event;
      case EVENT.entityReference:
        this.value = this.#readString();
        if (!isNcName(this.value)) throw input.malformed('an entity with no name');
        this.#goOn(grammar);
        return event;
      default:
        throw input.malformed('an event that cannot be here');
    }
  }

  #anyElement(grammar: Grammar, next: Grammar): number {
    const name = this.#readName();
    const event = this.#element(name, this.#learned.of(name), next);
    this.#learned.learn(grammar, EVENT.element, name, false, this.#input.position);
    return event;
  }

  #element(name: Name, element: Grammar, next: Grammar): number {
    if (this.#depth >= this.#limits.maxDepth) {
      throw new ExiError('limit', `elements nest deeper than ${this.#limits.maxDepth}`, this.#input.position);
    }
    this.prefix = this.#keepsPrefixes ? this.#readPrefix(name.uriId) : undefined;
    this.name = name;
    this.#stack[this.#depth] = next;
    const depth = ++this.#depth;
    this.#stack[depth] = element;
    this.#openNames[depth] = name;
    this.#grammar = element;
    if (!this.#isInnerStart) return EVENT.element;
    this.#isInnerStart = false;
    return NOTHING;
  }

  #endElement(): number {
    this.name = this.#openNames[this.#depth];
    this.#depth--;
    this.#grammar = this.#stack[this.#depth] as Grammar;
    while (this.#declared.length > 0 && (this.#declared.at(-1)?.depth as number) > this.#depth) this.#declared.pop();
    return EVENT.endElement;
  }

  #endDocument(): number {
    if (this.#outer.length > 0) {
      this.#endSelfContained();
      return NOTHING;
    }
    if (this.#block === undefined) this.#end();
    return EVENT.endDocument;
  }

  #end(): void {
    this.#hasStarted = false;
    if (this.#isPadded) this.#source.align();
  }

  #startSelfContained(): number {
    this.#input.align();
    this.#outer.push({ names: this.#names, strings: this.#strings, learned: this.#learned, depth: this.#depth });
    this.#names = new NameTable(this.#grammars.namespaces, this.#limits.maxStringTableEntries);
    this.#strings = this.#newStrings();
    this.#learned = new LearnedGrammars(this.#grammars, this.#limits.maxLearnedProductions);
    this.#grammar = this.#grammars.fragmentContent;
    this.#stack[this.#depth] = this.#grammar;
    this.#isInnerStart = true;
    return EVENT.selfContained;
  }

  #endSelfContained(): void {
    const outer = this.#outer.at(-1) as OuterState;
    if (this.#isInnerStart || this.#depth !== outer.depth)
      throw this.#input.malformed('a self-contained element is empty');
    this.#input.align();
    this.#outer.pop();
    this.#names = outer.names;
    this.#strings = outer.strings;
    this.#learned = outer.learned;
    this.#depth--;
    this.#grammar = this.#stack[this.#depth] as Grammar;
  }

  #attribute(name: Name, codec: ValueCodec, next: Grammar): number {
    this.name = name;
    this.#readValue(EVENT.attribute, name, codec);
    this.#setGrammar(next);
    return EVENT.attribute;
  }

  /** @param next undefined: of an undeclared attribute, to be learned */
  #anyAttribute(grammar: Grammar, name: Name, next: Grammar | undefined): number {
    if (name === this.#grammars.xsiType) {
      const event = this.#xsiType(grammar);
      if (next === undefined) this.#learned.learn(grammar, EVENT.attribute, name, true, this.#input.position);
      return event;
    }
    if (name === this.#grammars.xsiNil && grammar.isSchemaInformed) return this.#xsiNil(grammar);
    this.#readAttributePrefix(name);
    const global = grammar.isSchemaInformed ? this.#grammars.attributeOf(name) : undefined;
    const event = this.#attribute(name, this.#codecOf(global), next ?? grammar);
    if (next === undefined) this.#learned.learn(grammar, EVENT.attribute, name, false, this.#input.position);
    return event;
  }

  #invalidAttribute(grammar: Grammar): number {
    const code = this.#input.readBits(bitWidth(grammar.attributeCount + 1));
    if (code > grammar.attributeCount) throw this.#input.malformed('no such event code');
    const production = code < grammar.attributeCount ? (grammar.productions[code] as Production) : undefined;
    const name = production?.name ?? this.#readName();
    this.#readAttributePrefix(name);
    return this.#attribute(name, STRING_CODEC, production?.next ?? grammar);
  }

  #xsiType(grammar: Grammar): number {
    const name = this.#grammars.xsiType;
    this.#readAttributePrefix(name);
    const { prefix } = this;
    let type: Name | undefined;
    if (this.#keepsLexical) {
      this.value = STRING_CODEC.read(this.#input, this.#strings, name);
      this.#count(this.value);
      type = this.#resolve(this.value);
    } else {
      type = this.#readName();
      const valuePrefix = this.#keepsPrefixes ? this.#readPrefix(type.uriId) : undefined;
      this.value =
        type.namespace === '' || valuePrefix === ''
          ? type.local
          : valuePrefix === undefined
            ? `{${type.namespace}}${type.local}`
            : `${valuePrefix}:${type.local}`;
    }
    this.name = name;
    this.prefix = prefix;
    this.#setGrammar((type && this.#grammars.typeOf(type)) ?? grammar);
    const isInserted =
      this.#usesProfile && grammar.isBuiltIn && type?.local === 'anyType' && type.namespace === XSD_NAMESPACE;
    return isInserted ? NOTHING : EVENT.attribute;
  }

  #xsiNil(grammar: Grammar): number {
    const name = this.#grammars.xsiNil;
    this.#readAttributePrefix(name);
    if (this.#keepsLexical) {
      this.value = LEXICAL_BOOLEAN_CODEC.read(this.#input, this.#strings, name);
      this.#count(this.value);
    } else {
      this.value = this.#input.readBoolean() ? 'true' : 'false';
    }
    this.name = name;
    const literal = this.value.trim();
    const isNil = literal === 'true' || literal === '1';
    this.#setGrammar(isNil && grammar.typeEmpty !== undefined ? grammar.typeEmpty : grammar);
    return EVENT.attribute;
  }

  #resolve(value: string): Name | undefined {
    const text = value.trim();
    const colon = text.indexOf(':');
    const valuePrefix = colon === -1 ? '' : text.slice(0, colon);
    const found = this.#declared.findLast(({ prefix }) => prefix === valuePrefix);
    return this.#names.findName(found?.namespace ?? '', text.slice(colon + 1));
  }

  #namespaceDeclaration(): number {
    const partition = this.#readNamespace();
    const id = this.#input.readBits(bitWidth(partition.prefixes.length + 1));
    let prefix: string;
    if (id === 0) {
      prefix = this.#readString();
      if (prefix !== '' && !isNcName(prefix)) throw this.#input.malformed('a prefix that is no name');
      this.#names.addPrefix(partition, prefix, this.#input.position);
    } else {
      const known = partition.prefixes[id - 1];
      if (known === undefined) throw this.#input.malformed('no such prefix');
      prefix = known;
    }
    this.isElementPrefix = this.#input.readBoolean();
    const isReserved = prefix === 'xmlns' || (prefix === 'xml') !== (partition.namespace === XML_NAMESPACE);
    if (isReserved || (prefix !== '' && partition.namespace === '')) {
      throw this.#input.malformed('a declaration of a prefix that cannot be declared');
    }
    this.namespace = partition.namespace;
    this.prefix = prefix;
    if (this.#keepsLexical) this.#declared.push({ depth: this.#depth, prefix, namespace: partition.namespace });
    return EVENT.namespace;
  }

  #text(codec: ValueCodec, next: Grammar): number {
    const name = this.#openNames[this.#depth] as Name;
    this.#readValue(EVENT.text, name, codec);
    this.#setGrammar(next);
    return EVENT.text;
  }

  /** Reads the value of an attribute or element, or notes that it comes later. */
  #readValue(event: EventType, name: Name, codec: ValueCodec): void {
    if (this.#block !== undefined) {
      this.name = name;
      this.value = '';
      this.#block.add(this.#record(event), name, codec);
      return;
    }
    this.value = codec.read(this.#input, this.#strings, name);
    this.#count(this.value);
  }

  #count(value: string): void {
    this.#characters += value.length;
    if (this.#characters > this.#limits.maxCharacters) {
      const { maxCharacters } = this.#limits;
      throw new ExiError('limit', `a document has more than ${maxCharacters} characters`, this.#input.position);
    }
  }

  #codecOf(datatype: Datatype | undefined): ValueCodec {
    return datatype === undefined ? STRING_CODEC : (this.#codecs[datatype.index] as ValueCodec);
  }

  #setGrammar(grammar: Grammar): void {
    this.#grammar = grammar;
    this.#stack[this.#depth] = grammar;
  }

  /** Behind a comment, a processing instruction, an entity reference: attributes are over. */
  #goOn(grammar: Grammar): void {
    if (grammar.kind >= KIND.firstStartTag) this.#setGrammar(grammar.content);
  }

  // Names

  #readName(): Name {
    return this.#readLocal(this.#readNamespace());
  }

  /** @see EXI 1.0 §7.3.1 */
  #readNamespace(): NamespacePartition {
    const id = this.#input.readBits(bitWidth(this.#names.count + 1));
    if (id === 0) return this.#newNamespace();
    const partition = this.#names.at(id - 1);
    if (partition === undefined) throw this.#input.malformed('no such namespace');
    return partition;
  }

  #newNamespace(): NamespacePartition {
    const { spareNamespace } = this.#names;
    const namespace = this.#readString(spareNamespace);
    if (namespace === spareNamespace) return this.#names.addNamespace(namespace, this.#input.position);
    // Nothing has a name there; and braces, which no URI has, delimit namespaces in names of attributes.
    if (namespace === XMLNS_NAMESPACE || namespace.includes('{') || namespace.includes('}')) {
      throw this.#input.malformed('a namespace that nothing can have');
    }
    return this.#names.addNamespace(namespace, this.#input.position);
  }

  /** @see EXI 1.0 §7.3.2 */
  #readLocal(partition: NamespacePartition): Name {
    const input = this.#input;
    const length = input.readUnsigned();
    if (length === 0) {
      const name = partition.at(input.readBits(bitWidth(partition.count)));
      if (name === undefined) throw input.malformed('no such local name');
      return name;
    }
    this.#strings.checkLength(length - 1, input);
    const spare = this.#names.spareLocal(partition);
    if (spare !== undefined && input.skipText(spare, length - 1)) {
      this.#count(spare);
      return this.#names.addName(partition, spare, input.position);
    }
    const local = input.readText(length - 1);
    this.#count(local);
    // `xmlns` without a namespace would be a declaration to whoever reads it as XML.
    if (!isNcName(local) || (partition.id === 0 && local === 'xmlns')) {
      throw input.malformed('a local name that is no name');
    }
    return this.#names.addName(partition, local, input.position);
  }

  #readAttributePrefix(name: Name): void {
    this.prefix = this.#keepsPrefixes ? this.#readPrefix(name.uriId) : undefined;
  }

  /** @returns undefined when a namespace declaration has to say. @see EXI 1.0 §7.1.7 */
  #readPrefix(uriId: number): string | undefined {
    if (uriId === 0) return '';
    const prefixes = this.#names.at(uriId)?.prefixes ?? [];
    if (prefixes.length < 2) return prefixes[0];
    const prefix = prefixes[this.#input.readBits(bitWidth(prefixes.length))];
    if (prefix === undefined) throw this.#input.malformed('no such prefix');
    return prefix;
  }

  /** @param spare what it may well be */
  #readString(spare = ''): string {
    const length = this.#input.readUnsigned();
    this.#strings.checkLength(length, this.#input);
    const text = this.#input.skipText(spare, length) ? spare : this.#input.readText(length);
    this.#count(text);
    return text;
  }
}
