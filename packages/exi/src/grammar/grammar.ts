import type { Name } from '../string-table/name.ts';
import type { Datatype } from '../values/datatype.ts';
import { EVENT, EVENT_COUNT, type EventType } from './event.ts';

/** What may stand on the second level of a grammar depends on its kind. @see EXI 1.0 §8.4, §8.5 */
export const KIND = {
  document: 0,
  documentContent: 1,
  documentEnd: 2,
  fragmentContent: 3,
  /** Of a schema: where an element begins, after some of its attributes, and its content. */
  firstStartTag: 4,
  startTag: 5,
  content: 6,
  /** Learned on the way. */
  builtInStartTag: 7,
  builtInContent: 8,
} as const;

export type GrammarKind = (typeof KIND)[keyof typeof KIND];

/** One right-hand side of a grammar. */
export class Production {
  readonly event: EventType;
  /** Of AT(qname) and SE(qname). */
  readonly name: Name | undefined;
  /** Compact identifier of the namespace of AT(uri:*) and SE(uri:*). */
  readonly uriId: number;
  /** Of AT(qname) and CH; undefined: a string. */
  readonly datatype: Datatype | undefined;
  /** Of SE(qname): the grammar of the element. */
  element: Grammar | undefined;
  next: Grammar;
  /** Its place in its grammar. */
  place = 0;

  constructor(
    event: EventType,
    next: Grammar,
    name?: Name | undefined,
    datatype?: Datatype | undefined,
    element?: Grammar | undefined,
    uriId = -1,
  ) {
    this.event = event;
    this.next = next;
    this.name = name;
    this.datatype = datatype;
    this.element = element;
    this.uriId = uriId;
  }
}

/** More productions than this are searched with a map. */
const FEW = 12;
/** A grammar that forgets what it learned keeps so many productions at most, to learn the same again. */
const MAX_SPARE = 64;

/** A left-hand side with its productions: one state of the automaton that an element's content runs through. */
export class Grammar {
  readonly kind: GrammarKind;
  /** By event code; those of built-in grammars the other way round: what was learned last has code 0. */
  readonly productions: Production[] = [];
  /** How many of them count; behind them are some that a learning grammar has forgotten. */
  count = 0;
  /** Where undeclared content leads to: Element(i, content2), or itself. */
  content: Grammar = this;
  /** Where `xsi:nil` leads to. */
  typeEmpty: Grammar | undefined;
  /** Number of AT(qname) productions; they come first. */
  attributeCount = 0;
  /** What its second level depends on, as a small number. */
  readonly shape: number;
  /** Does it learn? Then new productions come first. */
  readonly isLearning: boolean;
  #byName: Map<Name, Production> | undefined;
  /** The one first added of each event. */
  readonly #firsts: (Production | undefined)[] = Array(EVENT_COUNT);
  /** How many it never forgets. */
  #declared = 0;
  /** Is any production for a whole namespace? Few grammars have one. */
  #hasNamespaces = false;

  constructor(
    kind: GrammarKind,
    hasEndElement = false,
    isTypeCastable = false,
    isNillable = false,
    isLearning = kind >= KIND.builtInStartTag,
  ) {
    this.kind = kind;
    this.isLearning = isLearning;
    this.shape = kind * 8 + (hasEndElement ? 4 : 0) + (isTypeCastable ? 2 : 0) + (isNillable ? 1 : 0);
  }

  /** Was it made of a schema? */
  get isSchemaInformed(): boolean {
    return this.kind === KIND.firstStartTag || this.kind === KIND.startTag || this.kind === KIND.content;
  }

  get isBuiltIn(): boolean {
    return this.kind === KIND.builtInStartTag || this.kind === KIND.builtInContent;
  }

  /** The event code of a production: its place, counted from the end where new ones get the code 0. */
  codeOf(production: Production): number {
    return this.isLearning ? this.count - 1 - production.place : production.place;
  }

  /** The production with this event code. */
  at(code: number): Production {
    return this.productions[this.isLearning ? this.count - 1 - code : code] as Production;
  }

  /** SE(qname) or AT(qname) of this name. */
  find(event: EventType, name: Name): Production | undefined {
    const { productions, count } = this;
    if (count <= FEW) {
      for (let i = 0; i < count; i++) {
        const production = productions[i] as Production;
        if (production.name === name && production.event === event) return production;
      }
      return undefined;
    }
    this.#byName ??= this.#index();
    const found = this.#byName.get(name);
    if (found === undefined || found.event === event) return found;
    return productions.find(
      (production, place) => place < count && production.name === name && production.event === event,
    );
  }

  #index(): Map<Name, Production> {
    const index = new Map<Name, Production>();
    for (let i = 0; i < this.count; i++) {
      const production = this.productions[i] as Production;
      if (production.name) index.set(production.name, production);
    }
    return index;
  }

  /** SE(uri:*) or AT(uri:*) of this namespace. */
  findInNamespace(event: EventType, uriId: number): Production | undefined {
    if (!this.#hasNamespaces) return undefined;
    return this.productions.find((production) => production.event === event && production.uriId === uriId);
  }

  /** The one production with this event: SE(*), AT(*), EE, CH, ... */
  first(event: EventType): Production | undefined {
    return this.#firsts[event];
  }

  /** Adds a production; where new ones come first it has the event code 0 from now on. */
  add(production: Production): void {
    production.place = this.count;
    this.productions[this.count++] = production;
    this.#firsts[production.event] ??= production;
    if (production.uriId >= 0) this.#hasNamespaces = true;
    if (production.name) this.#byName?.set(production.name, production);
  }

  /** Adds a production that was learned: the one that was there at its place before, when it is the same. */
  learn(event: EventType, next: Grammar, name: Name | undefined, element: Grammar | undefined): void {
    const spare = this.productions[this.count];
    const isSame =
      spare !== undefined &&
      spare.event === event &&
      spare.name === name &&
      spare.element === element &&
      spare.next === next;
    this.add(isSame ? spare : new Production(event, next, name, undefined, element));
  }

  /** From now on productions are learned ones. */
  begin(): void {
    this.#declared = this.count;
  }

  get hasLearned(): boolean {
    return this.count > this.#declared;
  }

  /** Forgets what was learned. */
  forget(): void {
    for (let i = this.#declared; i < this.count; i++) {
      const { event } = this.productions[i] as Production;
      if ((this.#firsts[event] as Production | undefined)?.place === i) this.#firsts[event] = undefined;
    }
    this.count = this.#declared;
    this.#byName = undefined;
    if (this.productions.length > MAX_SPARE) this.productions.length = this.count;
  }
}

/** Grammars of an element that no schema describes. @see EXI 1.0 §8.4.3 */
export function builtInElement(): Grammar {
  const startTag = new Grammar(KIND.builtInStartTag);
  const content = new Grammar(KIND.builtInContent);
  startTag.content = content;
  content.add(new Production(EVENT.endElement, content));
  content.begin();
  return startTag;
}
