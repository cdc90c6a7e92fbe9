import { ExiError } from '../error.ts';
import type { Name } from '../string-table/name.ts';
import { EVENT, type EventType } from './event.ts';
import { builtInElement, type Grammar, KIND } from './grammar.ts';
import type { Grammars } from './grammars.ts';

/** More grammars than this, beside those of names that are there from the start, are not kept to learn the same again. */
const MAX_KEPT = 1024;

/** The grammars of elements that no schema describes, as far as they were learned. @see EXI 1.0 §8.4.3 */
export class LearnedGrammars {
  readonly #grammars: Grammars;
  readonly #maxProductions: number;
  /** By the index of the name. */
  readonly #byIndex: (Grammar | undefined)[] = [];
  /** Those that learned something, the first `#learnedCount`. */
  readonly #learned: Grammar[] = [];
  #learnedCount = 0;
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
    }
    return grammar;
  }

  /** Learns that the grammar has met this event. Grammars of a schema learn nothing. */
  learn(grammar: Grammar, event: EventType, name: Name | undefined, isXsiType: boolean, position: number): void {
    if (grammar.isBuiltIn) {
      if ((event === EVENT.endElement || event === EVENT.text) && grammar.first(event) !== undefined) return;
      if (isXsiType && name !== undefined && grammar.find(event, name) !== undefined) return;
      const next = event === EVENT.attribute ? grammar : grammar.content;
      const element = event === EVENT.element && name !== undefined ? this.of(name) : undefined;
      if (!grammar.hasLearned) this.#learned[this.#learnedCount++] = grammar;
      grammar.learn(event, next, name, element);
    } else if (grammar.kind === KIND.fragmentContent && grammar.isLearning && event === EVENT.element && name) {
      if (grammar.find(event, name) !== undefined) return;
      grammar.learn(event, grammar, name, this.of(name));
    } else {
      return;
    }
    if (++this.#productions > this.#maxProductions) {
      throw new ExiError('limit', `more than ${this.#maxProductions} productions were learned`, position);
    }
  }

  clear(): void {
    for (let i = 0; i < this.#learnedCount; i++) (this.#learned[i] as Grammar).forget();
    this.#learnedCount = this.#productions = 0;
    const known = this.#grammars.attributeRanks.length;
    if (this.#byIndex.length > known + MAX_KEPT) {
      this.#byIndex.length = known;
      this.#learned.length = 0;
    }
  }
}
