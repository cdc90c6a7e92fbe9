import type { SchemaComponents } from '../schema/components.ts';
import { GrammarBudget } from './budget.ts';
import { buildGrammarData } from './build-grammar-data.ts';
import { Grammars } from './grammars.ts';

export interface GrammarLimits {
  /** Productions of all grammars together. Default: 10,000,000. */
  readonly maxProductions?: number;
}

/**
 * Makes grammars of what a schema declares.
 * @throws ExiError `limit` when there would be more than allowed
 * @see EXI 1.0 §8.5
 */
export function buildGrammars(components: SchemaComponents, { maxProductions }: GrammarLimits = {}): Grammars {
  return new Grammars(buildGrammarData(components, new GrammarBudget(maxProductions)));
}
