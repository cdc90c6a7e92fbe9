import { type ReadonlySignal, signal } from '@preact/signals-core';
import type { FoundThing, SearchOperator } from '@thingward/things';
import type { Connection } from './connection.ts';
import { explain } from './explain.ts';

/** Comparisons offered: those of texts, then those of numbers. Ranges are two of them. */
export const COMPARISONS = [
  { operator: 'strEq', label: 'is', kind: 'text' },
  { operator: 'strMask', label: 'is like (* for anything)', kind: 'text' },
  { operator: 'strNEq', label: 'is not', kind: 'text' },
  { operator: 'strGtEq', label: 'is, or sorts after', kind: 'text' },
  { operator: 'strLtEq', label: 'is, or sorts before', kind: 'text' },
  { operator: 'numEq', label: '=', kind: 'number' },
  { operator: 'numNEq', label: '≠', kind: 'number' },
  { operator: 'numGt', label: '>', kind: 'number' },
  { operator: 'numGtEq', label: '≥', kind: 'number' },
  { operator: 'numLt', label: '<', kind: 'number' },
  { operator: 'numLtEq', label: '≤', kind: 'number' },
] as const;
export type Comparison = (typeof COMPARISONS)[number]['operator'];

/** Tags that XEP-0347 §5.2 gives a meaning. */
export const COMMON_TAGS = [
  'APT',
  'AREA',
  'BLD',
  'CITY',
  'CLASS',
  'COUNTRY',
  'MAN',
  'MODEL',
  'NAME',
  'PURL',
  'REGION',
  'ROOM',
  'SN',
  'STREET',
  'STREETNR',
  'V',
] as const;

/** One line of the search form. */
export interface Condition {
  readonly tag: string;
  readonly comparison: Comparison;
  readonly value: string;
}

export type SearchState =
  | { readonly kind: 'idle'; readonly problem?: string }
  | { readonly kind: 'searching' }
  | {
      readonly kind: 'found';
      readonly things: readonly FoundThing[];
      readonly more: boolean;
      readonly problem?: string;
    };

/** The condition as the registry knows it; otherwise what is wrong with it. */
export function operatorOf({ tag, comparison, value }: Condition): SearchOperator | { readonly problem: string } {
  const name = tag.trim().toUpperCase();
  if (name === '') return { problem: 'Enter the name of a tag, such as CLASS.' };
  if (/[:#\s]/.test(name)) return { problem: `“${tag}” is not the name of a tag: it has no spaces, “:” or “#”.` };
  if (comparison === 'strMask') return { operator: comparison, name, value, wildcard: '*' };
  if (isTextComparison(comparison)) return { operator: comparison, name, value };
  const number = Number(value);
  if (value.trim() === '' || !Number.isFinite(number)) return { problem: `Enter a number to compare ${name} with.` };
  return { operator: comparison, name, value: number };
}

function isTextComparison(comparison: Comparison): comparison is Exclude<Comparison & `str${string}`, 'strMask'> {
  return comparison.startsWith('str');
}

/** Finds public Things by their tags. */
export class RegistrySearch {
  readonly #connection: Connection;
  readonly #state = signal<SearchState>({ kind: 'idle' });
  #operators: readonly SearchOperator[] = [];
  #latest = 0;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  get state(): ReadonlySignal<SearchState> {
    return this.#state;
  }

  /** Finds those for which all the conditions hold. */
  async search(conditions: readonly Condition[]): Promise<void> {
    const operators: SearchOperator[] = [];
    for (const condition of conditions) {
      const operator = operatorOf(condition);
      if ('problem' in operator) {
        this.#state.value = { kind: 'idle', problem: operator.problem };
        return;
      }
      operators.push(operator);
    }
    this.#operators = operators;
    this.#state.value = { kind: 'searching' };
    await this.#find([]);
  }

  /** Finds the next ones. */
  async more(): Promise<void> {
    const { value: state } = this.#state;
    if (state.kind === 'found' && state.more) await this.#find(state.things);
  }

  async #find(before: readonly FoundThing[]): Promise<void> {
    this.#latest++;
    const mine = this.#latest;
    const next = await this.#ask(before);
    // Another search has begun since.
    if (mine === this.#latest) this.#state.value = next;
  }

  async #ask(before: readonly FoundThing[]): Promise<SearchState> {
    try {
      const { things, more } = await this.#connection.search(this.#operators, before.length);
      return { kind: 'found', things: [...before, ...things], more };
    } catch (error) {
      const problem = explain(error);
      return before.length === 0 ? { kind: 'idle', problem } : { kind: 'found', things: before, more: true, problem };
    }
  }
}
