import { ExiError } from '../error.ts';

/** What grammars may take of memory and time: productions, and steps on the way to them. */
export const DEFAULT_MAX_PRODUCTIONS = 10_000_000;

/** Counts what is made. What each state can be followed by grows with the square of what may be left out in a content model. */
export class GrammarBudget {
  readonly #max: number;
  #spent = 0;

  constructor(maxProductions: number = DEFAULT_MAX_PRODUCTIONS) {
    this.#max = maxProductions;
  }

  /** @throws ExiError `limit` when that is more than allowed */
  spend(count = 1): void {
    this.#spent += count;
    if (this.#spent > this.#max) throw new ExiError('limit', `the grammars have more than ${this.#max} productions`);
  }
}
