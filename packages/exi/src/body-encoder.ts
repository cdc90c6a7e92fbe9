/*
 * Writes the events of one document (or fragment) after another: event codes as the grammars say, names and values through the string
 * table. The hot path is `element`: no objects are made for an event unless something is learned or values are reordered.
 */
import type { Element } from '@thingward/xml';
import { bitWidth } from './bits/bit-width.ts';
import type { BitWriter } from './bits/bit-writer.ts';
import type { Deflate } from './compression/deflate.ts';
import { ValueChannels } from './compression/value-channels.ts';
import { codecsOf } from './datatype-map.ts';
import { ExiError } from './error.ts';
import { EVENT, type EventType } from './grammar/event.ts';
import { type Grammar, KIND, type Production } from './grammar/grammar.ts';
import { DOCUMENT_END, type Grammars } from './grammar/grammars.ts';
import { LearnedGrammars } from './grammar/learned-grammars.ts';
import { type SecondLevel, secondLevels } from './grammar/second-level.ts';
import type { ExiLimits } from './limits.ts';
import { XML_NAMESPACE, XSD_NAMESPACE, XSI_NAMESPACE } from './namespaces.ts';
import type { ExiOptions } from './options.ts';
import { PendingAttributes } from './pending-attributes.ts';
import type { Name } from './string-table/name.ts';
import { type NamespacePartition, NameTable } from './string-table/name-table.ts';
import { StringEncoder } from './string-table/string-encoder.ts';
import type { ValueCodec } from './values/codec.ts';
import { type Datatype, LEXICAL_BOOLEAN_CODEC } from './values/datatype.ts';
import { STRING_CODEC } from './values/string.ts';
import { collapse, isWhiteSpace } from './xml/characters.ts';

/** What an encoder does with white space that stands between elements, and around values that do not need it. */
export type WhiteSpacePolicy = 'preserve' | 'drop-insignificant';

/** Are zeros kept that tell of the precision of a floating-point number, or is it written in the fewest bits? */
export type NumberPolicy = 'as-written' | 'shortest';

export interface BodyEncoderSettings {
  readonly grammars: Grammars;
  readonly options: ExiOptions;
  readonly limits: ExiLimits;
  readonly whiteSpace: WhiteSpacePolicy;
  readonly numbers: NumberPolicy;
  readonly deflate: Deflate;
  /** Which elements are coded self-contained. */
  readonly isSelfContained: ((namespace: string, name: string) => boolean) | undefined;
  /** @see ExiEncoderSettings */
  readonly usesProfile: boolean;
}

/** Compact identifiers of the namespaces of `xml:lang` and of `xsi:type`. */
const XML_URI_ID = 1;
const XSI_URI_ID = 2;

/** What a self-contained element hides while it lasts. */
interface OuterState {
  readonly names: NameTable;
  readonly strings: StringEncoder;
  readonly learned: LearnedGrammars;
  readonly depth: number;
}

export class BodyEncoder {
  readonly out: BitWriter;
  readonly #grammars: Grammars;
  readonly #options: ExiOptions;
  readonly #limits: ExiLimits;
  readonly #codecs: readonly ValueCodec[];
  readonly #second: readonly SecondLevel[];
  readonly #keepsPrefixes: boolean;
  readonly #keepsLexical: boolean;
  readonly #whiteSpace: WhiteSpacePolicy;
  readonly #isSelfContained: BodyEncoderSettings['isSelfContained'];
  readonly #channels: ValueChannels | undefined;
  readonly #usesProfile: boolean;
  /** Are elements that no schema describes given the type anyType, so that nothing is learned of them? */
  readonly #avoidsBuiltIn: boolean;

  #names: NameTable;
  #strings: StringEncoder;
  #learned: LearnedGrammars;
  readonly #outer: OuterState[] = [];

  /** The state of each open element, the document below them. */
  readonly #stack: Grammar[] = [];
  readonly #openNames: (Name | undefined)[] = [];
  readonly #keepsSpace: boolean[] = [];
  /** Prefixes declared, by depth: for QNames in `xsi:type`. */
  readonly #declared: { depth: number; prefix: string; namespace: string }[] = [];
  #depth = 0;
  /** The grammar of the element at hand: `#stack[#depth]`. */
  #grammar: Grammar = DOCUMENT_END;
  #isInStartTag = false;
  #elementPrefix: string | undefined;
  /** The attributes of the start tag at hand; their names where the grammars know them. */
  readonly #attributes = new PendingAttributes();
  #text = '';
  /** Has the element no child element before the text? */
  #textIsFirst = false;

  /** @param out where the header is written too */
  constructor(out: BitWriter, settings: BodyEncoderSettings) {
    const { grammars, options, limits, whiteSpace, numbers, deflate, isSelfContained, usesProfile } = settings;
    this.out = out;
    this.#grammars = grammars;
    this.#options = options;
    this.#limits = limits;
    this.#whiteSpace = whiteSpace;
    this.#usesProfile = usesProfile;
    this.#avoidsBuiltIn = usesProfile && grammars.isSchemaInformed;
    this.#isSelfContained = options.selfContained ? isSelfContained : undefined;
    this.#codecs = codecsOf(grammars.datatypes, options, numbers === 'shortest');
    this.#second = secondLevels(options);
    this.#keepsPrefixes = options.preserve.prefixes && !options.strict;
    this.#keepsLexical = options.preserve.lexicalValues;
    this.#names = new NameTable(grammars.namespaces, limits.maxStringTableEntries);
    this.#strings = this.#newStrings();
    this.#learned = new LearnedGrammars(grammars, limits.maxLearnedProductions);
    if (options.alignment === 'pre-compression' || options.alignment === 'compression') {
      this.#channels = new ValueChannels(options, deflate);
    }
  }

  #newStrings(): StringEncoder {
    const { valueMaxLength, valuePartitionCapacity } = this.#options;
    const { maxStringTableEntries } = this.#limits;
    return new StringEncoder(valueMaxLength, valuePartitionCapacity, maxStringTableEntries, !this.#usesProfile);
  }

  /** Forgets strings, names and what was learned. */
  clear(): void {
    this.#names.clear();
    this.#strings.clear();
    this.#learned.clear();
  }

  /** Gives away the whole bytes made so far. */
  take(): Uint8Array {
    return this.#channels === undefined ? this.out.take() : this.#channels.take(this.out);
  }

  // Events

  startDocument(): void {
    const first = this.#outer[0];
    if (first !== undefined) {
      // Left behind by a document that failed.
      this.#names = first.names;
      this.#strings = first.strings;
      this.#learned = first.learned;
      this.#outer.length = 0;
    }
    this.#channels?.start(this.out);
    this.out.aligned = this.#options.alignment !== 'bit-packed';
    this.#depth = 0;
    if (this.#declared.length > 0) this.#declared.length = 0;
    this.#attributes.count = 0;
    this.#text = '';
    this.#isInStartTag = false;
    this.#grammar = this.#options.fragment ? this.#grammars.fragmentContent : this.#grammars.documentContent;
    this.#stack[0] = this.#grammar;
    this.#openNames[0] = undefined;
    this.#keepsSpace[0] = false;
  }

  /** @param isPadded false: the bits after it belong to what follows, as those behind an options document do */
  endDocument(isPadded = true): void {
    this.#flushText(EVENT.endDocument);
    const production = this.#depth === 0 ? this.#grammar.first(EVENT.endDocument) : undefined;
    if (production === undefined) throw this.#cannot('the document has no end here');
    this.#writeFirst(production);
    this.#channels?.closeBlock(this.out, this.#strings);
    if (isPadded) this.out.align();
  }

  startElement(namespace: string, local: string, prefix?: string | undefined): void {
    this.#flushText(EVENT.element);
    if (this.#depth >= this.#limits.maxDepth) {
      throw new ExiError('limit', `elements nest deeper than ${this.#limits.maxDepth}`, this.out.position);
    }
    this.#startElement(namespace, local, prefix);
    if (this.#isSelfContained?.(namespace, local)) this.#startSelfContained(namespace, local, prefix);
    this.#isInStartTag = true;
  }

  #startElement(namespace: string, local: string, prefix: string | undefined): void {
    const grammar = this.#grammar;
    const partition = this.#names.find(namespace);
    let name = partition?.find(local);
    let production = name && grammar.find(EVENT.element, name);
    let element: Grammar;
    if (production !== undefined) {
      this.#writeFirst(production);
      element = production.element as Grammar;
      if (this.#keepsPrefixes) this.#writePrefixOf(namespace, prefix);
      this.#stack[this.#depth] = production.next;
    } else {
      production = partition && grammar.findInNamespace(EVENT.elementInNamespace, partition.id);
      if (production !== undefined) {
        this.#writeFirst(production);
        name = this.#writeLocal(partition as NamespacePartition, local);
      } else {
        production = grammar.first(EVENT.elementAny);
        if (production !== undefined) this.#writeFirst(production);
        else this.#writeSecond(EVENT.elementAny, `the element {${namespace}}${local}`);
        name = name === undefined ? this.#writeNewName(partition, namespace, local) : this.#writeKnownName(name);
      }
      if (this.#keepsPrefixes) this.#writePrefixOf(namespace, prefix);
      element = this.#learned.of(name);
      this.#stack[this.#depth] = production === undefined ? grammar.content : production.next;
      this.#learned.learn(grammar, EVENT.element, name, false, this.out.position);
    }
    this.#elementPrefix = prefix;
    this.#depth++;
    this.#stack[this.#depth] = element;
    this.#openNames[this.#depth] = name;
    this.#keepsSpace[this.#depth] = this.#keepsSpace[this.#depth - 1] as boolean;
    this.#grammar = element;
  }

  /** @see EXI 1.0 §8.5.4.4.1, SC */
  #startSelfContained(namespace: string, local: string, prefix: string | undefined): void {
    this.#writeSecond(EVENT.selfContained, 'a self-contained element');
    this.out.align();
    this.#outer.push({ names: this.#names, strings: this.#strings, learned: this.#learned, depth: this.#depth });
    this.#names = new NameTable(this.#grammars.namespaces, this.#limits.maxStringTableEntries);
    this.#strings = this.#newStrings();
    this.#learned = new LearnedGrammars(this.#grammars, this.#limits.maxLearnedProductions);
    this.#grammar = this.#grammars.fragmentContent;
    this.#stack[this.#depth] = this.#grammar;
    this.#startElement(namespace, local, prefix);
  }

  #endSelfContained(): void {
    this.#writeFirst(this.#grammar.first(EVENT.endDocument) as Production);
    this.out.align();
    const outer = this.#outer.pop() as OuterState;
    this.#names = outer.names;
    this.#strings = outer.strings;
    this.#learned = outer.learned;
    this.#depth--;
    this.#grammar = this.#stack[this.#depth] as Grammar;
  }

  /** Declares a prefix for the element at hand. */
  namespaceDeclaration(prefix: string, namespace: string): void {
    this.#declared.push({ depth: this.#depth, prefix, namespace });
    if (!this.#keepsPrefixes) return;
    this.#writeSecond(EVENT.namespace, 'a namespace declaration');
    const partition = this.#writeNamespace(namespace);
    const id = partition.prefixes.indexOf(prefix);
    this.out.writeBits(id + 1, bitWidth(partition.prefixes.length + 1));
    if (id === -1) {
      this.out.writeString(prefix);
      this.#names.addPrefix(partition, prefix, this.out.position);
    }
    this.out.writeBoolean(prefix === (this.#elementPrefix ?? ''));
  }

  /** An attribute of the element at hand. */
  attribute(namespace: string, local: string, value: string, prefix?: string | undefined): void {
    this.#attributes.add(namespace, local, prefix, value);
  }

  endElement(): void {
    this.#flushText(EVENT.endElement);
    const grammar = this.#grammar;
    const production = grammar.first(EVENT.endElement);
    if (production !== undefined) {
      this.#writeFirst(production);
    } else if ((this.#second[grammar.shape] as SecondLevel).codes[EVENT.endElement] === -1) {
      // Text of a datatype is wanted and there is none: it must be empty text.
      this.#writeText('');
      const end = this.#grammar.first(EVENT.endElement);
      if (end === undefined) throw this.#cannot('the element cannot end here');
      this.#writeFirst(end);
    } else {
      this.#writeSecond(EVENT.endElement, 'the end of the element');
      this.#learned.learn(grammar, EVENT.endElement, undefined, false, this.out.position);
    }
    this.#textIsFirst = false;
    this.#depth--;
    this.#grammar = this.#stack[this.#depth] as Grammar;
    while (this.#declared.length > 0 && (this.#declared.at(-1)?.depth as number) > this.#depth) this.#declared.pop();
    if (this.#outer.length > 0 && this.#depth === this.#outer.at(-1)?.depth) this.#endSelfContained();
  }

  /** Character data; pieces that follow each other are one. */
  text(text: string): void {
    if (this.#isInStartTag) this.#writeAttributes();
    this.#text += text;
  }

  comment(text: string): void {
    if (!this.#options.preserve.comments) return;
    this.#flushText(EVENT.comment);
    this.#writeThird(EVENT.comment);
    this.out.writeString(text);
    this.#goOn();
  }

  processingInstruction(target: string, data: string): void {
    if (!this.#options.preserve.pis) return;
    this.#flushText(EVENT.processingInstruction);
    this.#writeThird(EVENT.processingInstruction);
    this.out.writeString(target);
    this.out.writeString(data);
    this.#goOn();
  }

  docType(name: string, publicId: string, systemId: string, text: string): void {
    if (!this.#options.preserve.dtd) return;
    this.#flushText(EVENT.docType);
    this.#writeSecond(EVENT.docType, 'a document type declaration');
    for (const part of [name, publicId, systemId, text]) this.out.writeString(part);
  }

  entityReference(name: string): void {
    if (!this.#options.preserve.dtd) throw this.#cannot(`the entity reference &${name};`);
    this.#flushText(EVENT.entityReference);
    this.#writeSecond(EVENT.entityReference, 'an entity reference');
    this.out.writeString(name);
    this.#goOn();
  }

  /** A whole element. @param parentNamespace the namespace of the element around it */
  element(element: Element, parentNamespace = ''): void {
    const { namespace, attributes, children } = element;
    this.startElement(namespace, element.name, '');
    if (this.#keepsPrefixes && namespace !== parentNamespace) this.namespaceDeclaration('', namespace);
    let prefixes = 0;
    for (const key in attributes) {
      const value = attributes[key] as string;
      const known = this.#grammars.namesByKey.get(key);
      if (known !== undefined && (known.uriId < 2 || !this.#keepsPrefixes)) {
        this.#attributes.addKnown(known, value);
        continue;
      }
      if (key.charCodeAt(0) === 0x7b) {
        const close = key.lastIndexOf('}');
        const uri = key.slice(1, close);
        const isXsi = uri === XSI_NAMESPACE;
        const prefix = isXsi ? 'xsi' : `ns${++prefixes}`;
        if (this.#keepsPrefixes) this.namespaceDeclaration(prefix, uri);
        this.attribute(uri, key.slice(close + 1), value, prefix);
      } else if (key.startsWith('xml:')) {
        this.attribute(XML_NAMESPACE, key.slice(4), value, 'xml');
      } else {
        this.attribute('', key, value, '');
      }
    }
    for (let i = 0; i < children.length; i++) {
      const child = children[i] as Element | string;
      if (typeof child === 'string') this.text(child);
      else this.element(child, namespace);
    }
    this.endElement();
  }

  // Attributes

  #writeAttributes(): void {
    this.#isInStartTag = false;
    this.#textIsFirst = true;
    const attributes = this.#attributes;
    const avoidsBuiltIn = this.#avoidsBuiltIn && this.#grammar.isBuiltIn;
    if (attributes.count === 0) {
      if (avoidsBuiltIn) this.#writeAnyType();
      return;
    }
    attributes.sort(this.#grammars);
    if (avoidsBuiltIn) {
      // A type that is told, and known, does as well.
      const first = attributes.order[0] as number;
      const value = attributes.values[first] as string;
      const isTyped = attributes.local(first) === 'type' && attributes.namespace(first) === XSI_NAMESPACE;
      if (!isTyped || !this.#isKnownType(value)) this.#writeAnyType();
    }
    for (let i = 0; i < attributes.count; i++) {
      const at = attributes.order[i] as number;
      const name = attributes.names[at];
      const value = attributes.values[at] as string;
      if (name === undefined) {
        const namespace = attributes.namespaces[at] as string;
        this.#writeOther(undefined, namespace, attributes.locals[at] as string, attributes.prefixes[at], value);
      } else if (!this.#writeDeclared(name, value)) {
        this.#writeOther(name, name.namespace, name.local, name.uriId === XML_URI_ID ? 'xml' : '', value);
      }
    }
    attributes.count = 0;
  }

  /** The usual attribute: one that is declared where it stands, with a value of its datatype. @returns false for any other */
  #writeDeclared(name: Name, value: string): boolean {
    const production = this.#grammar.find(EVENT.attribute, name);
    if (production === undefined || this.#keepsPrefixes || name.uriId === XML_URI_ID || name.uriId === XSI_URI_ID) {
      return false;
    }
    const codec = this.#codecOf(production.datatype);
    if (codec !== STRING_CODEC && !codec.accepts(value)) return false;
    this.#writeFirst(production);
    this.#setGrammar(production.next);
    this.#writeValue(name, codec, value);
    return true;
  }

  #writeOther(
    name: Name | undefined,
    namespace: string,
    local: string,
    prefix: string | undefined,
    value: string,
  ): void {
    if (namespace !== XSI_NAMESPACE) this.#writeAttribute(name, namespace, local, prefix, value);
    else if (local === 'type') this.#writeXsiType(value, prefix);
    else if (local === 'nil') this.#writeXsiNil(value, prefix);
    else this.#writeAttribute(name, namespace, local, prefix, value);
  }

  #writeAttribute(
    known: Name | undefined,
    namespace: string,
    local: string,
    prefix: string | undefined,
    value: string,
  ): void {
    const grammar = this.#grammar;
    const partition = this.#names.find(namespace);
    let name = known ?? partition?.find(local);
    const declared = name && grammar.find(EVENT.attribute, name);
    let codec: ValueCodec;
    if (declared !== undefined) {
      codec = this.#codecOf(declared.datatype);
      if (codec.accepts(value)) {
        this.#writeFirst(declared);
      } else {
        codec = STRING_CODEC;
        this.#writeInvalid(declared.place, local);
      }
      if (this.#keepsPrefixes) this.#writePrefixOf(namespace, prefix);
      this.#setGrammar(declared.next);
    } else {
      let production = partition && grammar.findInNamespace(EVENT.attributeInNamespace, partition.id);
      production ??= grammar.first(EVENT.attributeAny);
      // xsi:schemaLocation: strict has no place for it, and nobody misses it.
      const isHint = namespace === XSI_NAMESPACE && grammar.isSchemaInformed && this.#options.strict;
      if (isHint && production === undefined) return;
      const global = grammar.isSchemaInformed && name !== undefined ? this.#grammars.attributeOf(name) : undefined;
      codec = global === undefined ? STRING_CODEC : this.#codecOf(global);
      if (!codec.accepts(value)) {
        codec = STRING_CODEC;
        production = undefined;
        this.#writeInvalid(grammar.attributeCount, local);
      } else if (production !== undefined) {
        this.#writeFirst(production);
      } else {
        this.#writeSecond(EVENT.attributeAny, `the attribute ${local}`);
      }
      name =
        production?.event === EVENT.attributeInNamespace
          ? this.#writeLocal(partition as NamespacePartition, local)
          : name === undefined
            ? this.#writeNewName(partition, namespace, local)
            : this.#writeKnownName(name);
      if (this.#keepsPrefixes) this.#writePrefixOf(namespace, prefix);
      if (production === undefined) this.#learned.learn(grammar, EVENT.attribute, name, false, this.out.position);
      else this.#setGrammar(production.next);
    }
    this.#writeValue(name as Name, codec, value);
    if (namespace === XML_NAMESPACE && local === 'space') this.#keepsSpace[this.#depth] = value === 'preserve';
  }

  /** Event code of an attribute whose value is no value of its datatype. */
  #writeInvalid(code: number, local: string): void {
    this.#writeSecond(EVENT.attributeInvalid, `that value of the attribute ${local}`);
    this.out.writeBits(code, bitWidth(this.#grammar.attributeCount + 1));
  }

  #writeXsiType(value: string, prefix: string | undefined): void {
    const grammar = this.#grammar;
    const name = this.#grammars.xsiType;
    const { namespace, local, valuePrefix } = this.#resolve(value);
    if ((this.#second[grammar.shape] as SecondLevel).codes[EVENT.xsiType] !== -1) {
      this.#writeSecond(EVENT.xsiType, 'xsi:type');
    } else {
      this.#writeXsiName(grammar, name);
    }
    if (this.#keepsPrefixes) this.#writePrefixOf(XSI_NAMESPACE, prefix);
    let type: Name | undefined;
    if (this.#keepsLexical) {
      if (valuePrefix !== '' && !this.#keepsPrefixes) {
        throw this.#cannot('xsi:type with a prefix, where values are kept and prefixes are not: it');
      }
      STRING_CODEC.accepts(value);
      STRING_CODEC.write(this.out, this.#strings, name);
      type = this.#names.findName(namespace, local);
    } else {
      type = this.#writeName(namespace, local);
      if (this.#keepsPrefixes) this.#writePrefixOf(namespace, valuePrefix);
    }
    const cast = type && this.#grammars.typeOf(type);
    if (cast !== undefined) this.#setGrammar(cast);
  }

  #isKnownType(value: string): boolean {
    const { namespace, local } = this.#resolve(value);
    const type = this.#names.findName(namespace, local);
    return type !== undefined && this.#grammars.typeOf(type) !== undefined;
  }

  /**
   * Tells that the element is of any type, which goes without saying, but leads to a grammar that does not learn.
   * @see EXI Profile §3
   */
  #writeAnyType(): void {
    let prefix = this.#declared.findLast(({ namespace }) => namespace === XSD_NAMESPACE)?.prefix;
    if (prefix === undefined && this.#keepsPrefixes) {
      prefix = 'xsdP';
      this.namespaceDeclaration(prefix, XSD_NAMESPACE);
    }
    this.#writeXsiType(this.#keepsPrefixes ? `${prefix}:anyType` : `{${XSD_NAMESPACE}}anyType`, 'xsi');
  }

  /** xsi:type or xsi:nil like any other attribute. */
  #writeXsiName(grammar: Grammar, name: Name): void {
    // Under the profile a decoder need not know that the attribute was there before.
    const declared = this.#avoidsBuiltIn && grammar.isBuiltIn ? undefined : grammar.find(EVENT.attribute, name);
    const production = declared ?? grammar.first(EVENT.attributeAny);
    if (production !== undefined) this.#writeFirst(production);
    else this.#writeSecond(EVENT.attributeAny, `xsi:${name.local}`);
    if (declared === undefined) this.#writeName(name.namespace, name.local);
    if (production === undefined) this.#learned.learn(grammar, EVENT.attribute, name, true, this.out.position);
  }

  #writeXsiNil(value: string, prefix: string | undefined): void {
    const grammar = this.#grammar;
    if (!grammar.isSchemaInformed) {
      this.#writeAttribute(this.#grammars.xsiNil, XSI_NAMESPACE, 'nil', prefix, value);
      return;
    }
    const name = this.#grammars.xsiNil;
    const literal = collapse(value);
    const isNil = literal === 'true' || literal === '1';
    const isFalse = literal === 'false' || literal === '0';
    if (!isNil && !isFalse) {
      this.#writeInvalid(grammar.attributeCount, 'xsi:nil');
      this.#writeName(XSI_NAMESPACE, 'nil');
      if (this.#keepsPrefixes) this.#writePrefixOf(XSI_NAMESPACE, prefix);
      this.#writeValue(name, STRING_CODEC, value);
      return;
    }
    // It says nothing that is not known.
    if (isFalse && !this.#keepsLexical && this.#whiteSpace === 'drop-insignificant') return;
    if ((this.#second[grammar.shape] as SecondLevel).codes[EVENT.xsiNil] !== -1) {
      this.#writeSecond(EVENT.xsiNil, 'xsi:nil');
    } else {
      if (isFalse && this.#options.strict) return;
      const production = grammar.first(EVENT.attributeAny);
      if (production === undefined) throw this.#cannot('xsi:nil');
      this.#writeFirst(production);
      this.#writeName(XSI_NAMESPACE, 'nil');
    }
    if (this.#keepsPrefixes) this.#writePrefixOf(XSI_NAMESPACE, prefix);
    if (this.#keepsLexical) {
      LEXICAL_BOOLEAN_CODEC.accepts(value);
      LEXICAL_BOOLEAN_CODEC.write(this.out, this.#strings, name);
    } else {
      this.out.writeBoolean(isNil);
    }
    if (isNil && grammar.typeEmpty !== undefined) this.#setGrammar(grammar.typeEmpty);
  }

  /** A QName as it stands in `xsi:type`; `{namespace}name` where there are no prefixes to go by. */
  #resolve(value: string): { namespace: string; local: string; valuePrefix: string } {
    const text = collapse(value);
    if (text.startsWith('{')) {
      const close = text.lastIndexOf('}');
      if (close > 0) return { namespace: text.slice(1, close), local: text.slice(close + 1), valuePrefix: '' };
    }
    const colon = text.indexOf(':');
    const valuePrefix = colon === -1 ? '' : text.slice(0, colon);
    for (let i = this.#declared.length - 1; i >= 0; i--) {
      const { prefix, namespace } = this.#declared[i] as { prefix: string; namespace: string };
      if (prefix === valuePrefix) return { namespace, local: text.slice(colon + 1), valuePrefix };
    }
    return { namespace: '', local: text, valuePrefix };
  }

  // Text

  #flushText(next: EventType): void {
    if (this.#isInStartTag) this.#writeAttributes();
    const text = this.#text;
    if (text === '') return;
    this.#text = '';
    if (this.#whiteSpace === 'preserve' || this.#keepsLexical || this.#keepsSpace[this.#depth]) {
      this.#writeText(text);
      return;
    }
    const significant = this.#significant(text, this.#textIsFirst && isEndOfSimple(next));
    if (significant !== '') this.#writeText(significant);
  }

  /** What of a text matters: as its datatype says; without one, white space alone matters where there is nothing else. */
  #significant(text: string, isAlone: boolean): string {
    const production = this.#grammar.isSchemaInformed ? this.#grammar.productions[0] : undefined;
    if (production?.event === EVENT.text && production.datatype !== undefined) {
      const { whiteSpace } = production.datatype.data;
      return whiteSpace === 'preserve'
        ? text
        : whiteSpace === 'collapse'
          ? collapse(text)
          : text.replace(/[\t\n\r]/g, ' ');
    }
    return !isAlone && isWhiteSpace(text) ? '' : text;
  }

  #writeText(text: string): void {
    const grammar = this.#grammar;
    const name = this.#openNames[this.#depth];
    if (name === undefined || grammar.kind === KIND.fragmentContent) {
      if (isWhiteSpace(text)) return;
      throw this.#cannot('text outside of the root element');
    }
    const typed = grammar.first(EVENT.text);
    if (typed !== undefined) {
      const codec = this.#codecOf(typed.datatype);
      if (codec === STRING_CODEC || codec.accepts(text)) {
        this.#writeFirst(typed);
        this.#setGrammar(typed.next);
        this.#writeValue(name, codec, text);
        return;
      }
    }
    const untyped = grammar.first(EVENT.textUntyped);
    if (untyped !== undefined) {
      this.#writeFirst(untyped);
      this.#setGrammar(untyped.next);
    } else {
      if (this.#options.strict && !grammar.isBuiltIn && isWhiteSpace(text) && text !== '') return;
      this.#writeSecond(EVENT.textUntyped, 'that text');
      this.#learned.learn(grammar, EVENT.text, undefined, false, this.out.position);
      this.#setGrammar(grammar.content);
    }
    this.#writeValue(name, STRING_CODEC, text);
  }

  /** Writes the value that `codec` has accepted, or keeps it for its channel. */
  #writeValue(name: Name, codec: ValueCodec, value: string): void {
    if (this.#channels === undefined) {
      // Most values are strings, which need no codec.
      if (codec === STRING_CODEC) this.#strings.write(this.out, name, value);
      else codec.write(this.out, this.#strings, name);
    } else this.#channels.add(name, codec, value, this.out, this.#strings);
  }

  #codecOf(datatype: Datatype | undefined): ValueCodec {
    return datatype === undefined ? STRING_CODEC : (this.#codecs[datatype.index] as ValueCodec);
  }

  // Event codes and names

  #setGrammar(grammar: Grammar): void {
    this.#grammar = grammar;
    this.#stack[this.#depth] = grammar;
  }

  #goOn(): void {
    if (this.#depth > 0 && this.#grammar.kind >= KIND.firstStartTag) this.#setGrammar(this.#grammar.content);
  }

  #writeFirst(production: Production): void {
    const grammar = this.#grammar;
    const { extra } = this.#second[grammar.shape] as SecondLevel;
    this.out.writeBits(grammar.codeOf(production), bitWidth(grammar.count + extra));
  }

  #writeEscape(): SecondLevel {
    const grammar = this.#grammar;
    const second = this.#second[grammar.shape] as SecondLevel;
    const { count } = grammar;
    this.out.writeBits(count, bitWidth(count + second.extra));
    return second;
  }

  #writeSecond(event: EventType, what: string): void {
    const code = (this.#second[this.#grammar.shape] as SecondLevel).codes[event] as number;
    if (code === -1) throw this.#cannot(what);
    const { bits } = this.#writeEscape();
    this.out.writeBits(code, bits);
  }

  #writeThird(event: EventType): void {
    const level = this.#second[this.#grammar.shape] as SecondLevel;
    const code = level.third.indexOf(event);
    if (code === -1) throw this.#cannot('a comment or processing instruction');
    const { bits, events, thirdBits } = this.#writeEscape();
    this.out.writeBits(events.length, bits);
    this.out.writeBits(code, thirdBits);
  }

  #writeName(namespace: string, local: string): Name {
    return this.#writeLocal(this.#writeNamespace(namespace), local);
  }

  /** A name that is not in the table. @param known the partition of its namespace, where that is in the table */
  #writeNewName(known: NamespacePartition | undefined, namespace: string, local: string): Name {
    if (known !== undefined) this.out.writeBits(known.id + 1, bitWidth(this.#names.count + 1));
    return this.#writeNewLocal(known ?? this.#writeNewNamespace(namespace), local);
  }

  /** A name that is in the table. */
  #writeKnownName(name: Name): Name {
    const { count } = this.#names.at(name.uriId) as NamespacePartition;
    this.out.writeBits(name.uriId + 1, bitWidth(this.#names.count + 1));
    this.out.writeByte(0);
    this.out.writeBits(name.localId, bitWidth(count));
    return name;
  }

  /** @see EXI 1.0 §7.3.1 */
  #writeNamespace(namespace: string): NamespacePartition {
    const partition = this.#names.find(namespace);
    if (partition === undefined) return this.#writeNewNamespace(namespace);
    this.out.writeBits(partition.id + 1, bitWidth(this.#names.count + 1));
    return partition;
  }

  #writeNewNamespace(namespace: string): NamespacePartition {
    this.out.writeBits(0, bitWidth(this.#names.count + 1));
    this.out.writeString(namespace);
    return this.#names.addNamespace(namespace, this.out.position);
  }

  /** @see EXI 1.0 §7.3.2 */
  #writeLocal(partition: NamespacePartition, local: string): Name {
    const name = partition.find(local);
    if (name !== undefined) {
      this.out.writeByte(0);
      this.out.writeBits(name.localId, bitWidth(partition.count));
      return name;
    }
    return this.#writeNewLocal(partition, local);
  }

  #writeNewLocal(partition: NamespacePartition, local: string): Name {
    this.out.writeCounted(local, 1);
    return this.#names.addName(partition, local, this.out.position);
  }

  /** @see EXI 1.0 §7.1.7 */
  #writePrefixOf(namespace: string, prefix: string | undefined): void {
    if (namespace === '') return;
    const prefixes = this.#names.find(namespace)?.prefixes ?? [];
    if (prefixes.length < 2) return;
    this.out.writeBits(Math.max(prefixes.indexOf(prefix ?? ''), 0), bitWidth(prefixes.length));
  }

  #cannot(what: string): ExiError {
    const element = this.#openNames[this.#depth];
    const where = element === undefined ? 'the document' : `<${element.local}>`;
    return new ExiError('not-encodable', `${what} has no place in ${where} under these options`, this.out.position);
  }
}

/** Can it follow the text of an element that has nothing but text? */
function isEndOfSimple(event: EventType): boolean {
  return (
    event === EVENT.endElement ||
    event === EVENT.comment ||
    event === EVENT.processingInstruction ||
    event === EVENT.docType
  );
}
