import { XML_NAMESPACE, XSD_NAMESPACE, XSI_NAMESPACE } from '../namespaces.ts';
import type {
  AttributeDeclaration,
  AttributeUse,
  ComplexType,
  ElementDeclaration,
  QName,
  SchemaComponents,
  SimpleType,
  TypeDefinition,
  Wildcard,
} from '../schema/components.ts';
import type { DatatypeData } from '../values/datatype.ts';
import type { GrammarBudget } from './budget.ts';
import { datatypeOf } from './build-datatype.ts';
import { type ContentState, compare, contentModel } from './content-model.ts';
import { EVENT, type EventType } from './event.ts';
import { type GrammarKind, KIND } from './grammar.ts';
import type { GrammarData, NamespaceData, ProductionData, SingleGrammarData } from './grammar-data.ts';
import { COMMON_NAMESPACES } from './grammars.ts';

interface GrammarInWork {
  kind: GrammarKind;
  isTypeCastable: boolean;
  isNillable: boolean;
  content: number;
  typeEmpty: number;
  productions: ProductionData[];
  /** Events and names of the productions. */
  keys: Set<number>;
}

/** More than there are kinds of events. */
const EVENTS = 32;

/** A production before it has its place. */
type NewProduction = Omit<ProductionData, 'datatype' | 'element' | 'name'> &
  Partial<Pick<ProductionData, 'datatype' | 'element' | 'name'>>;

/**
 * Makes grammars of schema components.
 * @see EXI 1.0 §8.5
 */
export function buildGrammarData(components: SchemaComponents, budget: GrammarBudget): GrammarData {
  return new GrammarBuilder(components, budget).build();
}

class GrammarBuilder {
  readonly #components: SchemaComponents;
  readonly #budget: GrammarBudget;
  readonly #namespaces: readonly NamespaceData[];
  readonly #namespaceIds: ReadonlyMap<string, number>;
  readonly #nameIds = new Map<string, number>();
  readonly #grammars: GrammarInWork[] = [];
  readonly #datatypes: DatatypeData[] = [];
  readonly #datatypeIds = new Map<SimpleType, number>();
  readonly #types = new Map<TypeDefinition, number>();
  readonly #elements = new Map<ElementDeclaration, number>();
  /** Of simple types: nothing but the end. */
  #end = -1;
  #emptyElement = -1;
  #elementFragment = -1;

  constructor(components: SchemaComponents, budget: GrammarBudget) {
    this.#components = components;
    this.#budget = budget;
    this.#namespaces = stringTable(components);
    this.#namespaceIds = new Map(this.#namespaces.map(({ namespace }, id) => [namespace, id]));
    let index = 0;
    for (const { namespace, names } of this.#namespaces) {
      for (const name of names) this.#nameIds.set(`{${namespace}}${name}`, index++);
    }
  }

  build(): GrammarData {
    this.#end = this.#grammar(KIND.content);
    this.#produce(this.#end, { event: EVENT.endElement, next: this.#end });
    this.#emptyElement = this.#grammar(KIND.firstStartTag, this.#end);
    this.#produce(this.#emptyElement, { event: EVENT.endElement, next: this.#end });
    const { elements, attributes, types } = this.#components;
    const globals = new Map<number, { name: number; element: number; attribute: number; type: number }>();
    const globalOf = (qname: QName) => {
      const name = this.#nameOf(qname);
      const global = globals.get(name) ?? { name, element: -1, attribute: -1, type: -1 };
      globals.set(name, global);
      return global;
    };
    for (const type of types.values()) if (type.name) globalOf(type.name).type = this.#type(type);
    for (const element of elements.values()) globalOf(element.name).element = this.#element(element);
    for (const attribute of attributes.values()) {
      globalOf(attribute.name).attribute = this.#datatype(attribute.type);
    }
    const documentContent = this.#documentContent();
    const fragmentContent = this.#fragmentContent();
    return {
      namespaces: this.#namespaces,
      datatypes: this.#datatypes,
      grammars: this.#grammars.map((grammar) => this.#finished(grammar)),
      globals: [...globals.values()].sort((a, b) => a.name - b.name),
      documentContent,
      fragmentContent,
    };
  }

  #grammar(kind: GrammarKind, content = -1): number {
    this.#budget.spend();
    const made = { kind, isTypeCastable: false, isNillable: false, content, typeEmpty: -1 };
    this.#grammars.push({ ...made, productions: [], keys: new Set() });
    return this.#grammars.length - 1;
  }

  #produce(grammar: number, production: NewProduction): void {
    const { productions, keys } = this.#grammars[grammar] as GrammarInWork;
    const { event, name = -1 } = production;
    const key = (name + 1) * EVENTS + event;
    if (keys.has(key)) return;
    keys.add(key);
    this.#budget.spend();
    productions.push({ datatype: -1, element: -1, ...production, name });
  }

  /** With event codes: sorted by event; attributes by name, what else as it came. @see EXI 1.0 §8.5.4.3 */
  #finished({ keys, ...grammar }: GrammarInWork): SingleGrammarData {
    const productions = [...grammar.productions].sort(
      (a, b) =>
        a.event - b.event ||
        (a.event === EVENT.attribute ? this.#compareNames(a.name, b.name) : 0) ||
        (a.event === EVENT.attributeInNamespace ? a.name - b.name : 0),
    );
    return { ...grammar, productions };
  }

  #names: readonly QName[] | undefined;

  /** By local name, then by namespace. */
  #compareNames(one: number, other: number): number {
    this.#names ??= this.#namespaces.flatMap(({ namespace, names }) => names.map((name) => ({ namespace, name })));
    return compareQNames(this.#names[one] as QName, this.#names[other] as QName);
  }

  #nameOf({ namespace, name }: QName): number {
    return this.#nameIds.get(`{${namespace}}${name}`) as number;
  }

  #datatype(type: SimpleType): number {
    const known = this.#datatypeIds.get(type);
    if (known !== undefined) return known;
    this.#datatypes.push(datatypeOf(type));
    this.#datatypeIds.set(type, this.#datatypes.length - 1);
    return this.#datatypes.length - 1;
  }

  // Elements and types

  /** @see EXI 1.0 §8.5.3 */
  #element(element: ElementDeclaration): number {
    const known = this.#elements.get(element);
    if (known !== undefined) return known;
    // Its number must be known before its content is looked at: an element may contain itself.
    const grammar = this.#grammar(KIND.firstStartTag);
    this.#elements.set(element, grammar);
    const type = this.#grammars[this.#type(element.type)] as GrammarInWork;
    const isUnion = element.type.kind === 'simple' && element.type.variety.kind === 'union';
    this.#copies.push({
      from: type,
      to: this.#grammars[grammar] as GrammarInWork,
      of: this.#type(element.type),
      as: grammar,
    });
    const made = this.#grammars[grammar] as GrammarInWork;
    made.isNillable = element.isNillable;
    made.isTypeCastable = element.type.hasNamedSubtypes || isUnion;
    this.#settle();
    return grammar;
  }

  /** Element grammars that are to become like those of their types, as soon as these are finished. */
  readonly #copies: { from: GrammarInWork; to: GrammarInWork; of: number; as: number }[] = [];
  /** Types being made at the moment. */
  #unfinished = 0;

  #settle(): void {
    if (this.#unfinished > 0) return;
    for (const { from, to, of, as } of this.#copies.splice(0)) {
      to.content = from.content;
      to.typeEmpty = from.typeEmpty;
      this.#budget.spend(from.productions.length);
      for (const production of from.productions) {
        to.productions.push({ ...production, next: production.next === of ? as : production.next });
      }
    }
  }

  /** @see EXI 1.0 §8.5.4.1.3 */
  #type(type: TypeDefinition): number {
    const known = this.#types.get(type);
    if (known !== undefined) return known;
    const grammar = this.#grammar(KIND.firstStartTag);
    this.#types.set(type, grammar);
    this.#unfinished++;
    if (type.kind === 'simple') this.#simpleType(grammar, type);
    else this.#complexType(grammar, type);
    this.#unfinished--;
    this.#settle();
    return grammar;
  }

  /** @see EXI 1.0 §8.5.4.1.3.1 */
  #simpleType(grammar: number, type: SimpleType): void {
    const content = this.#simpleContent(type);
    this.#startTags(grammar, content, [], undefined);
    (this.#grammars[grammar] as GrammarInWork).typeEmpty = this.#emptyElement;
  }

  #simpleContent(type: SimpleType): number {
    const content = this.#grammar(KIND.content);
    this.#produce(content, { event: EVENT.text, datatype: this.#datatype(type), next: this.#end });
    return content;
  }

  /** @see EXI 1.0 §8.5.4.1.3.2 */
  #complexType(grammar: number, type: ComplexType): void {
    const content = this.#content(type);
    this.#startTags(grammar, content, type.attributes, type.attributeWildcard);
    const empty = this.#grammar(KIND.firstStartTag);
    this.#startTags(empty, this.#end, type.attributes, type.attributeWildcard);
    (this.#grammars[grammar] as GrammarInWork).typeEmpty = empty;
  }

  #content({ content }: ComplexType): number {
    switch (content.kind) {
      case 'empty':
        return this.#end;
      case 'simple':
        return this.#simpleContent(content.type);
      case 'element-only':
        return this.#states(contentModel(content.particle, this.#budget), false);
      case 'mixed':
        return this.#states(contentModel(content.particle, this.#budget), true);
    }
  }

  #states(states: readonly ContentState[], isMixed: boolean): number {
    const first = this.#grammars.length;
    for (const _ of states) this.#grammar(KIND.content);
    states.forEach(({ transitions, isEnd }, i) => {
      const grammar = first + i;
      for (const { terminal, next } of transitions) {
        if (terminal.kind === 'element') {
          const element = this.#element(terminal.element);
          const name = this.#nameOf(terminal.element.name);
          this.#produce(grammar, { event: EVENT.element, name, element, next: first + next });
        } else if (terminal.kind === 'namespace') {
          const name = this.#namespaceIds.get(terminal.namespace) as number;
          this.#produce(grammar, { event: EVENT.elementInNamespace, name, next: first + next });
        } else {
          this.#produce(grammar, { event: EVENT.elementAny, next: first + next });
        }
      }
      if (isEnd) this.#produce(grammar, { event: EVENT.endElement, next: this.#end });
      if (isMixed) this.#produce(grammar, { event: EVENT.textUntyped, next: grammar });
    });
    return first;
  }

  /**
   * The grammars from an element's start to its content, an attribute after the other.
   * @param first made already: the one that begins
   * @see EXI 1.0 §8.5.4.1.3.2, §8.5.4.1.4
   */
  #startTags(first: number, content: number, uses: readonly AttributeUse[], wildcard: Wildcard | undefined): void {
    const sorted = [...uses].sort((a, b) => compareQNames(a.attribute.name, b.attribute.name));
    // From the last to the first: each is the next with one attribute more.
    let next = sorted.length === 0 ? first : this.#grammar(KIND.startTag, content);
    this.#startOfContent(next, content, wildcard);
    for (let i = sorted.length - 1; i >= 0; i--) {
      const { attribute, isRequired } = sorted[i] as AttributeUse;
      const grammar = i === 0 ? first : this.#grammar(KIND.startTag, content);
      const name = this.#nameOf(attribute.name);
      this.#produce(grammar, { event: EVENT.attribute, name, datatype: this.#datatype(attribute.type), next });
      this.#anyAttribute(grammar, wildcard);
      if (!isRequired) {
        for (const production of (this.#grammars[next] as GrammarInWork).productions) {
          if (!isAnyAttribute(production.event)) this.#produce(grammar, production);
        }
      }
      next = grammar;
    }
    (this.#grammars[first] as GrammarInWork).content = content;
  }

  #startOfContent(grammar: number, content: number, wildcard: Wildcard | undefined): void {
    this.#anyAttribute(grammar, wildcard);
    for (const production of (this.#grammars[content] as GrammarInWork).productions) this.#produce(grammar, production);
  }

  #anyAttribute(grammar: number, wildcard: Wildcard | undefined): void {
    if (wildcard === undefined) return;
    const { namespaces } = wildcard;
    if (namespaces.kind !== 'list') {
      this.#produce(grammar, { event: EVENT.attributeAny, next: grammar });
      return;
    }
    for (const namespace of namespaces.namespaces) {
      const name = this.#namespaceIds.get(namespace) as number;
      this.#produce(grammar, { event: EVENT.attributeInNamespace, name, next: grammar });
    }
  }

  // Documents and fragments

  /** @see EXI 1.0 §8.5.1 */
  #documentContent(): number {
    const grammar = this.#grammar(KIND.documentContent);
    for (const element of [...this.#components.elements.values()].sort((a, b) => compareQNames(a.name, b.name))) {
      this.#produce(grammar, {
        event: EVENT.element,
        name: this.#nameOf(element.name),
        element: this.#element(element),
        next: -1,
      });
    }
    this.#produce(grammar, { event: EVENT.elementAny, next: -1 });
    return grammar;
  }

  /** @see EXI 1.0 §8.5.2 */
  #fragmentContent(): number {
    const grammar = this.#grammar(KIND.fragmentContent);
    for (const { name, element } of this.#uniqueElements()) {
      this.#produce(grammar, { event: EVENT.element, name, element, next: grammar });
    }
    this.#produce(grammar, { event: EVENT.elementAny, next: grammar });
    this.#produce(grammar, { event: EVENT.endDocument, next: -1 });
    return grammar;
  }

  /** One grammar for each name of an element; a relaxed one where declarations of the name differ. */
  #uniqueElements(): readonly { name: number; element: number }[] {
    const byName = new Map<string, ElementDeclaration[]>();
    for (const element of this.#components.allElements) {
      const key = `{${element.name.namespace}}${element.name.name}`;
      const same = byName.get(key);
      if (same === undefined) byName.set(key, [element]);
      else if (!same.includes(element)) same.push(element);
    }
    return [...byName.values()]
      .map((elements) => ({ elements, first: elements[0] as ElementDeclaration }))
      .sort((a, b) => compareQNames(a.first.name, b.first.name))
      .map(({ elements, first }) => ({
        name: this.#nameOf(first.name),
        element: elements.every((element) => isAlike(element, first)) ? this.#element(first) : this.#relaxedElement(),
      }));
  }

  /** The schema-informed element fragment grammar. @see EXI 1.0 §8.5.3 */
  #relaxedElement(): number {
    if (this.#elementFragment !== -1) return this.#elementFragment;
    const content = this.#grammar(KIND.content);
    const start = this.#grammar(KIND.firstStartTag, content);
    this.#elementFragment = start;
    const empty = this.#grammar(KIND.firstStartTag, this.#end);
    const made = this.#grammars[start] as GrammarInWork;
    made.isNillable = made.isTypeCastable = true;
    made.typeEmpty = empty;
    for (const [grammar, next] of [
      [start, start],
      [empty, empty],
    ] as const) {
      for (const { name, datatype } of this.#uniqueAttributes()) {
        this.#produce(grammar, { event: EVENT.attribute, name, datatype, next });
      }
      this.#produce(grammar, { event: EVENT.attributeAny, next });
    }
    const elements = this.#uniqueElements();
    for (const grammar of [start, content]) {
      for (const { name, element } of elements)
        this.#produce(grammar, { event: EVENT.element, name, element, next: content });
      this.#produce(grammar, { event: EVENT.elementAny, next: content });
      this.#produce(grammar, { event: EVENT.endElement, next: this.#end });
      this.#produce(grammar, { event: EVENT.textUntyped, next: content });
    }
    this.#produce(empty, { event: EVENT.endElement, next: this.#end });
    return start;
  }

  #uniqueAttributes(): readonly { name: number; datatype: number }[] {
    const byName = new Map<number, AttributeDeclaration[]>();
    for (const attribute of this.#components.allAttributes) {
      const name = this.#nameOf(attribute.name);
      byName.set(name, [...(byName.get(name) ?? []), attribute]);
    }
    return [...byName].map(([name, attributes]) => {
      const { type } = attributes[0] as AttributeDeclaration;
      const isSame = attributes.every((attribute) => attribute.type === type);
      return { name, datatype: isSame ? this.#datatype(type) : -1 };
    });
  }
}

function isAnyAttribute(event: EventType): boolean {
  return event === EVENT.attributeAny || event === EVENT.attributeInNamespace;
}

/** Have two declarations the same named type, and the same mind about nil? */
function isAlike(one: ElementDeclaration, other: ElementDeclaration): boolean {
  if (one === other) return true;
  return one.type.name !== undefined && one.type === other.type && one.isNillable === other.isNillable;
}

function compareQNames(one: QName, other: QName): number {
  return compare(one.name, other.name) || compare(one.namespace, other.namespace);
}

/** What is in the string table from the start: every namespace and name of the schema. @see EXI 1.0 appendix D */
function stringTable(components: SchemaComponents): readonly NamespaceData[] {
  const names = new Map<string, Set<string>>(
    COMMON_NAMESPACES.map((common) => [common.namespace, new Set(common.names)]),
  );
  const namesIn = (namespace: string) => {
    const known = names.get(namespace) ?? new Set<string>();
    names.set(namespace, known);
    return known;
  };
  namesIn(XSD_NAMESPACE);
  for (const namespace of components.namespaces) namesIn(namespace);
  for (const { name } of components.allElements) namesIn(name.namespace).add(name.name);
  for (const { name } of components.allAttributes) namesIn(name.namespace).add(name.name);
  for (const { name } of components.types.values()) if (name) namesIn(name.namespace).add(name.name);
  const common = ['', XML_NAMESPACE, XSI_NAMESPACE, XSD_NAMESPACE];
  const others = [...names.keys()].filter((namespace) => !common.includes(namespace)).sort(compare);
  return [...common, ...others].map((namespace) => ({
    namespace,
    names: [...(names.get(namespace) ?? [])].sort(compare),
    prefixes: COMMON_NAMESPACES.find((each) => each.namespace === namespace)?.prefixes ?? [],
  }));
}
