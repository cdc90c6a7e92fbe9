import { XML_NAMESPACE, XSI_NAMESPACE } from '../namespaces.ts';
import type { Name } from '../string-table/name.ts';
import { type KnownNamespace, knownNamespaces } from '../string-table/name-table.ts';
import { Datatype } from '../values/datatype.ts';
import { EVENT } from './event.ts';
import { Grammar, KIND, Production } from './grammar.ts';
import type { GrammarData, NamespaceData } from './grammar-data.ts';

/** Namespaces in every string table, with or without a schema. @see EXI 1.0 appendix D */
export const COMMON_NAMESPACES: readonly NamespaceData[] = [
  { namespace: '', names: [], prefixes: [''] },
  { namespace: XML_NAMESPACE, names: ['base', 'id', 'lang', 'space'], prefixes: ['xml'] },
  { namespace: XSI_NAMESPACE, names: ['nil', 'type'], prefixes: ['xsi'] },
];

/**
 * The grammars of a schema, or those of no schema: what any number of encoders and decoders share. Nothing in it changes.
 * @see EXI 1.0 §8
 */
export class Grammars {
  readonly namespaces: readonly KnownNamespace[];
  readonly datatypes: readonly Datatype[];
  readonly isSchemaInformed: boolean;
  /** Names that are there from the start by their `attributeKey`. */
  readonly namesByKey: ReadonlyMap<string, Name>;
  /** Where each of these names stands among attributes, by its index. @see EXI 1.0 §8.5.4.1.4 */
  readonly attributeRanks: Int32Array;
  readonly xsiNil: Name;
  readonly xsiType: Name;
  /** What they were made of; undefined for those of no schema. */
  readonly data: GrammarData | undefined;
  readonly #documentContent: Grammar;
  readonly #fragmentContent: Grammar | undefined;
  /** What the schema says about names, by their index. */
  readonly #elements: (Grammar | undefined)[] = [];
  readonly #attributes: (Datatype | undefined)[] = [];
  readonly #types: (Grammar | undefined)[] = [];

  /** @param data undefined: without schema */
  constructor(data?: GrammarData) {
    this.data = data;
    this.namespaces = knownNamespaces(data?.namespaces ?? COMMON_NAMESPACES);
    this.isSchemaInformed = data !== undefined;
    const xsi = this.namespaces[2] as KnownNamespace;
    this.xsiNil = xsi.byLocal.get('nil') as Name;
    this.xsiType = xsi.byLocal.get('type') as Name;
    const names = this.namespaces.flatMap((namespace) => namespace.names);
    this.namesByKey = new Map(names.map((name) => [name.attributeKey, name]));
    this.attributeRanks = attributeRanks(names, this.isSchemaInformed, this.xsiType, this.xsiNil);
    if (data === undefined) {
      this.datatypes = [];
      this.#documentContent = new Grammar(KIND.documentContent);
      this.#documentContent.add(new Production(EVENT.elementAny, DOCUMENT_END));
      this.#fragmentContent = undefined;
    } else {
      this.datatypes = data.datatypes.map((each, index) => new Datatype(index, each));
      const grammars = this.#build(data, names);
      this.#documentContent = grammars[data.documentContent] as Grammar;
      this.#fragmentContent = grammars[data.fragmentContent] as Grammar;
    }
  }

  /** The grammar of the global element of this name. */
  elementOf(name: Name): Grammar | undefined {
    return this.#elements[name.index];
  }

  /** The datatype of the global attribute of this name. */
  attributeOf(name: Name): Datatype | undefined {
    return this.#attributes[name.index];
  }

  /** The grammar of the type that `xsi:type` means by this name. */
  typeOf(name: Name): Grammar | undefined {
    return this.#types[name.index];
  }

  /** Where a document begins, behind SD. */
  get documentContent(): Grammar {
    return this.#documentContent;
  }

  /** Where a fragment begins, behind SD. Without a schema it learns: a new one each time. */
  get fragmentContent(): Grammar {
    return this.#fragmentContent ?? learningFragment();
  }

  #build(data: GrammarData, names: readonly Name[]): readonly Grammar[] {
    const grammars = data.grammars.map(({ kind, isTypeCastable, isNillable, productions }) => {
      const hasEndElement = productions.some(({ event }) => event === EVENT.endElement);
      return new Grammar(kind, hasEndElement, isTypeCastable, isNillable);
    });
    data.grammars.forEach(({ content, typeEmpty, productions }, i) => {
      const grammar = grammars[i] as Grammar;
      if (content >= 0) grammar.content = grammars[content] as Grammar;
      grammar.typeEmpty = grammars[typeEmpty];
      for (const { event, name, datatype, element, next } of productions) {
        const isInNamespace = event === EVENT.attributeInNamespace || event === EVENT.elementInNamespace;
        const production = new Production(
          event,
          next === -1 ? DOCUMENT_END : (grammars[next] as Grammar),
          isInNamespace ? undefined : names[name],
          this.datatypes[datatype],
          grammars[element],
          isInNamespace ? name : -1,
        );
        grammar.add(production);
        if (event === EVENT.attribute) grammar.attributeCount++;
      }
    });
    for (const list of [this.#elements, this.#attributes, this.#types]) {
      for (let i = 0; i < names.length; i++) list.push(undefined);
    }
    for (const { name, element, attribute, type } of data.globals) {
      this.#elements[name] = grammars[element];
      this.#attributes[name] = this.datatypes[attribute];
      this.#types[name] = grammars[type];
    }
    return grammars;
  }
}

/** Attributes are sorted by local name, then by namespace, behind xsi:type and xsi:nil; without a schema they come as they are. */
function attributeRanks(names: readonly Name[], isSorted: boolean, xsiType: Name, xsiNil: Name): Int32Array {
  const ranks = new Int32Array(names.length);
  if (isSorted) {
    const sorted = [...names].sort((a, b) => compare(a.local, b.local) || compare(a.namespace, b.namespace));
    sorted.forEach((name, rank) => {
      ranks[name.index] = rank;
    });
  }
  ranks[xsiType.index] = -2;
  ranks[xsiNil.index] = -1;
  return ranks;
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

/** Behind the root element. */
export const DOCUMENT_END = new Grammar(KIND.documentEnd);
DOCUMENT_END.add(new Production(EVENT.endDocument, DOCUMENT_END));

function learningFragment(): Grammar {
  const grammar = new Grammar(KIND.fragmentContent, false, false, false, true);
  // The other way round, since what is added comes first.
  grammar.add(new Production(EVENT.endDocument, DOCUMENT_END));
  grammar.add(new Production(EVENT.elementAny, grammar));
  return grammar;
}

/** Grammars for documents of which nothing is known. */
export const SCHEMA_LESS = new Grammars();
