import { Budget } from './budget.ts';
import { Compiler } from './compiler.ts';
import type { SchemaComponents } from './components.ts';
import { DocumentSet, type ResolveSchema } from './document-set.ts';
import type { SchemaLimits } from './limits.ts';
import { readDocument } from './read.ts';
import { type SchemaDocument, SchemaSource } from './source.ts';
import { tokenValue } from './values.ts';

export interface CompileOptions {
  /** Supplies what documents import and include beyond those given; without it nothing more is found. */
  readonly resolve?: ResolveSchema | undefined;
  readonly limits?: Partial<SchemaLimits> | undefined;
  /**
   * What to do with content that breaks Unique Particle Attribution: `refuse` it (the default), or `tolerate` it. Grammars can be made
   * of it all the same: where two particles match, what follows either may follow.
   */
  readonly ambiguity?: 'refuse' | 'tolerate' | undefined;
}

/**
 * Compiles schema documents, and those they import and include, to the components they declare.
 * Nothing is fetched, nothing waits, and the work is bounded: it is fit for schemas that strangers upload.
 * @throws SchemaError
 * @see XML Schema Part 1 and Part 2, Second Edition
 */
export function compileSchema(documents: readonly SchemaDocument[], options: CompileOptions = {}): SchemaComponents {
  const budget = new Budget(options.limits);
  const { roots } = new DocumentSet(documents, options.resolve ?? (() => undefined), budget);
  return new Compiler(budget).compile(roots, options.ambiguity === 'tolerate');
}

/** The target namespace of a schema document; '' when it has none. @throws SchemaError when it is no schema document */
export function targetNamespace(document: SchemaDocument, limits?: Partial<SchemaLimits>): string {
  const budget = new Budget(limits);
  const source = new SchemaSource(document);
  budget.document(source);
  return tokenValue(readDocument(source, budget), 'targetNamespace') ?? '';
}
