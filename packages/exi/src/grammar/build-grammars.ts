import type { SchemaComponents } from '../schema/components.ts';
import { buildGrammarData } from './build-grammar-data.ts';
import { Grammars } from './grammars.ts';

/**
 * Makes grammars of what a schema declares.
 * @throws ExiError `limit` when a content model has too many states
 * @see EXI 1.0 §8.5
 */
export function buildGrammars(components: SchemaComponents): Grammars {
  return new Grammars(buildGrammarData(components));
}
