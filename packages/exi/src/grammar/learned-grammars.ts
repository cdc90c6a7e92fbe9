import { ExiError } from '../error.ts';
import type { Name } from '../string-table/name.ts';
import { EVENT, type EventType } from './event.ts';
import { builtInElement, type Grammar, KIND, Production } from './grammar.ts';
import type { Grammars } from './grammars.ts';

/** The grammars of elements that no schema describes, as far as they were learned. @see EXI 1.0 §8.4.3 */
export class LearnedGrammars {
  readonly #grammars: Grammars;
  readonly #maxProductions: number;
  /** By the index of the name. */
  readonly #byIndex: (Grammar | undefined)[] = [];
  /** Indices of names that have one. */
  readonly #touched: number[] = [];
  #productions = 0;

  constructor(grammars: Grammars, maxProductions: number) {
    this.#grammars = grammars;
    this.#maxProductions = maxProductions;
  }

  /** The grammar of an element that is not declared where it stands. */
  of(name: Name): Grammar {
    const global = this.#grammars.elementOf(name);
    if (global !== undefined) return global;
    const { index } = name;
    let grammar = this.#byIndex[index];
    if (grammar === undefined) {
      while (this.#byIndex.length < index) this.#byIndex.push(undefined);
      grammar = builtInElement();
      this.#byIndex[index] = grammar;
      this.#touched.push(index);
    }
    return grammar;
  }

  /** Learns that the grammar has met this event. Grammars of a schema learn nothing. */
  learn(grammar: Grammar, event: EventType, name: Name | undefined, isXsiType: boolean, position: number): void {
    if (grammar.isBuiltIn) {
      const isOnce = event === EVENT.endElement || event === EVENT.text || isXsiType;
      if (isOnce && grammar.productions.some((each) => each.event === event && each.name === name)) return;
      const next = event === EVENT.attribute ? grammar : grammar.content;
      const element = event === EVENT.element && name !== undefined ? this.of(name) : undefined;
      grammar.add(new Production(event, next, name, undefined, element));
    } else if (grammar.kind === KIND.fragmentContent && grammar.isLearning && event === EVENT.element && name) {
      if (grammar.find(event, name) !== undefined) return;
      grammar.add(new Production(event, grammar, name, undefined, this.of(name)));
    } else {
      return;
    }
    if (++this.#productions > this.#maxProductions) {
      throw new ExiError('limit', `more than ${this.#maxProductions} productions were learned`, position);
    }
  }

  clear(): void {
    for (const index of this.#touched) this.#byIndex[index] = undefined;
    this.#touched.length = 0;
    this.#productions = 0;
  }
}
