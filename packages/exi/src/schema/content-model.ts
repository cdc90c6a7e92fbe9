import type { Budget } from './budget.ts';
import type { ComplexType, ElementDeclaration, ModelGroup, Particle, TypeDefinition, Wildcard } from './components.ts';
import { displayName, nameKey } from './names.ts';
import type { SchemaNode } from './node.ts';
import { allowsNamespace, namespacesOverlap } from './wildcard.ts';

/**
 * Checks the content model of a complete type: that it is not too large to be written out, that elements of one name have one type, and
 * that each element can be attributed to one particle without looking ahead.
 * @param toleratesAmbiguity leave the last check out: EXI grammars put up with ambiguity
 * @throws SchemaError
 */
export function checkContentModel(
  type: ComplexType,
  node: SchemaNode,
  budget: Budget,
  toleratesAmbiguity: boolean,
): void {
  const { content } = type;
  if (content.kind === 'empty' || content.kind === 'simple' || !content.particle) return;
  budget.particles(writtenOut(content.particle, new Map()), node.source, node.offset);
  checkConsistency(content.particle, node, budget);
  if (!toleratesAmbiguity) new Positions(node, budget).check(content.particle);
}

/** How many particles there are once `minOccurs` and `maxOccurs` are written out: a{2,3} is a, a, a?; a{2,} is a, a, a*. */
function writtenOut({ minOccurs, maxOccurs, term }: Particle, known: Map<ModelGroup, number>): number {
  const times = maxOccurs === 'unbounded' ? minOccurs + 1 : maxOccurs;
  if (term.kind !== 'group') return times;
  let size = known.get(term);
  if (size === undefined) {
    size = 1 + term.particles.reduce((sum, particle) => sum + writtenOut(particle, known), 0);
    known.set(term, size);
  }
  return times * size;
}

/** @see XML Schema Part 1, §3.8.6, Element Declarations Consistent */
function checkConsistency(particle: Particle, node: SchemaNode, budget: Budget): void {
  const types = new Map<string, TypeDefinition>();
  const seen = new Set<ModelGroup>();
  const visit = ({ term }: Particle) => {
    budget.step(1, node.source, node.offset);
    if (term.kind === 'wildcard') return;
    if (term.kind === 'group') {
      if (seen.has(term)) return;
      seen.add(term);
      for (const child of term.particles) visit(child);
      return;
    }
    budget.step(term.substitutableBy.length, node.source, node.offset);
    for (const { name, type } of [term, ...term.substitutableBy]) {
      const key = nameKey(name);
      const other = types.get(key);
      if (other && other !== type) {
        const message = `elements ${displayName(name)} in one content model have different types`;
        throw node.error('inconsistent-declarations', message);
      }
      types.set(key, type);
    }
  };
  visit(particle);
}

interface Position {
  readonly term: ElementDeclaration | Wildcard;
  /** The same in all copies that written-out occurrences make of one particle. */
  readonly particle: number;
  /** Which sets of positions may come next. */
  readonly next: Set<number>;
}

interface Fragment {
  readonly first: readonly number[];
  readonly last: readonly number[];
  readonly isNullable: boolean;
}

const NOTHING: Fragment = { first: [], last: [], isNullable: true };

/**
 * The positions of a content model and what may follow each (Glushkov's construction), to find whether an element could be attributed to
 * two particles. Occurrences are written out at most twice: no more is needed to meet every pair of neighbours.
 * @see XML Schema Part 1, §3.8.6, Unique Particle Attribution; Appendix H
 */
class Positions {
  readonly #node: SchemaNode;
  readonly #budget: Budget;
  readonly #positions: Position[] = [];
  readonly #sets: (readonly number[])[] = [];
  #particle = 0;

  constructor(node: SchemaNode, budget: Budget) {
    this.#node = node;
    this.#budget = budget;
  }

  check(particle: Particle): void {
    const whole = this.#occurrences(particle);
    this.#checkUnique([whole.first]);
    const checked = new Set<string>();
    for (const { next } of this.#positions) {
      const key = [...next].sort((a, b) => a - b).join();
      if (key === '' || checked.has(key)) continue;
      checked.add(key);
      this.#checkUnique([...next].map((set) => this.#sets[set] as readonly number[]));
    }
  }

  #occurrences({ minOccurs, maxOccurs, term }: Particle): Fragment {
    const start = this.#particle;
    const once = this.#term(term);
    if (maxOccurs === 1) return minOccurs === 0 ? { ...once, isNullable: true } : once;
    if (maxOccurs === 'unbounded') {
      if (minOccurs > 1) return this.#repeated(this.#concatenated(once, this.#again(start, term)), false);
      return this.#repeated(once, minOccurs === 0);
    }
    const second = this.#again(start, term);
    const isFixed = minOccurs === maxOccurs;
    const both = this.#concatenated(once, isFixed ? second : { ...second, isNullable: true });
    return minOccurs === 0 ? { ...both, isNullable: true } : both;
  }

  /** A copy that counts as the same particles. */
  #again(start: number, term: Particle['term']): Fragment {
    this.#particle = start;
    return this.#term(term);
  }

  #repeated(fragment: Fragment, isOptional: boolean): Fragment {
    this.#connect(fragment.last, fragment.first);
    return isOptional ? { ...fragment, isNullable: true } : fragment;
  }

  #term(term: Particle['term']): Fragment {
    this.#budget.step(1, this.#node.source, this.#node.offset);
    if (term.kind !== 'group') {
      const index = this.#positions.push({ term, particle: this.#particle++, next: new Set() }) - 1;
      return { first: [index], last: [index], isNullable: false };
    }
    const parts = term.particles.map((particle) => this.#occurrences(particle));
    if (term.compositor === 'sequence') return parts.reduce((a, b) => this.#concatenated(a, b), NOTHING);
    const first = parts.flatMap((part) => part.first);
    const last = parts.flatMap((part) => part.last);
    if (term.compositor === 'choice') return { first, last, isNullable: parts.some((part) => part.isNullable) };
    // Any order: each may come after any other.
    return this.#repeated({ first, last, isNullable: parts.every((part) => part.isNullable) }, false);
  }

  #concatenated(a: Fragment, b: Fragment): Fragment {
    this.#connect(a.last, b.first);
    this.#budget.step(a.first.length + b.last.length, this.#node.source, this.#node.offset);
    return {
      first: a.isNullable ? [...a.first, ...b.first] : a.first,
      last: b.isNullable ? [...a.last, ...b.last] : b.last,
      isNullable: a.isNullable && b.isNullable,
    };
  }

  #connect(last: readonly number[], first: readonly number[]): void {
    if (last.length === 0 || first.length === 0) return;
    this.#budget.step(last.length, this.#node.source, this.#node.offset);
    const set = this.#sets.push(first) - 1;
    for (const index of last) this.#positions[index]?.next.add(set);
  }

  #checkUnique(sets: readonly (readonly number[])[]): void {
    const names = new Map<string, Position>();
    const wildcards: { position: Position; wildcard: Wildcard }[] = [];
    const elements: { position: Position; element: ElementDeclaration }[] = [];
    for (const index of sets.flat()) {
      this.#budget.step(1, this.#node.source, this.#node.offset);
      const position = this.#positions[index] as Position;
      const { term } = position;
      if (term.kind === 'wildcard') {
        wildcards.push({ position, wildcard: term });
        continue;
      }
      this.#budget.step(term.substitutableBy.length, this.#node.source, this.#node.offset);
      for (const element of [term, ...term.substitutableBy]) {
        const other = names.get(nameKey(element.name));
        if (other && other.particle !== position.particle) {
          throw this.#ambiguous(`an element ${displayName(element.name)} could be either of two`);
        }
        names.set(nameKey(element.name), position);
        elements.push({ position, element });
      }
    }
    for (const { position, wildcard } of wildcards) {
      this.#budget.step(elements.length + wildcards.length, this.#node.source, this.#node.offset);
      const met = elements.find(
        (other) =>
          other.position.particle !== position.particle &&
          allowsNamespace(wildcard.namespaces, other.element.name.namespace),
      );
      if (met)
        throw this.#ambiguous(`an element ${displayName(met.element.name)} could also match a wildcard beside it`);
      const clash = wildcards.some(
        (other) =>
          other.position.particle !== position.particle &&
          namespacesOverlap(wildcard.namespaces, other.wildcard.namespaces),
      );
      if (clash) throw this.#ambiguous('one element could match two wildcards');
    }
  }

  #ambiguous(what: string) {
    return this.#node.error('ambiguous-content', `the content model is ambiguous: ${what}`);
  }
}
