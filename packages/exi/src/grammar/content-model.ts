import { ExiError } from '../error.ts';
import type { ElementDeclaration, ModelGroup, Particle, Wildcard } from '../schema/components.ts';
import type { GrammarBudget } from './budget.ts';

/** What one step of a content model accepts. */
export type Terminal =
  | { readonly kind: 'element'; readonly element: ElementDeclaration }
  | { readonly kind: 'namespace'; readonly namespace: string }
  | { readonly kind: 'any' };

/** One state of a content model: what can come, in the order of the schema, and where it leads; may the content end here? */
export interface ContentState {
  readonly transitions: { readonly terminal: Terminal; readonly next: number }[];
  isEnd: boolean;
}

/** A place in the content model where something of the schema stands; copies of it, for occurrences, share the order. */
interface Position {
  readonly terminals: readonly Terminal[];
  readonly order: number;
  readonly follow: Set<number>;
}

/** Positions that can begin and end a part, and whether the part may be left out. */
interface Part {
  readonly first: readonly number[];
  readonly last: readonly number[];
  readonly isOptional: boolean;
}

/** A schema whose occurrences make more states than this describes no messages. */
const MAX_POSITIONS = 65_536;

/**
 * The deterministic automaton of an element's content; state 0 is the first. Occurrences are copies, equal terminals are merged.
 * @see EXI 1.0 §8.5.4.1.4 to §8.5.4.1.8, §8.5.4.2
 */
export function contentModel(particle: Particle | undefined, budget: GrammarBudget): readonly ContentState[] {
  if (particle === undefined) return [{ transitions: [], isEnd: true }];
  const { term } = particle;
  if (term.kind === 'group' && term.compositor === 'all') return allGroup(term);
  return new Builder(budget).build(particle);
}

/** Any of the elements, in any order, any number of times. @see EXI 1.0 §8.5.4.1.8.3 */
function allGroup({ particles }: ModelGroup): readonly ContentState[] {
  const transitions = particles.flatMap(({ term }) => terminalsOf(term).map((terminal) => ({ terminal, next: 0 })));
  return [{ transitions, isEnd: true }];
}

class Builder {
  readonly #budget: GrammarBudget;
  readonly #positions: Position[] = [];
  readonly #orders = new Map<Particle, number>();

  constructor(budget: GrammarBudget) {
    this.#budget = budget;
  }

  build(particle: Particle): readonly ContentState[] {
    this.#number(particle);
    const whole = this.#particle(particle);
    const start: Position = { terminals: [], order: -1, follow: new Set(whole.first) };
    const last = new Set(whole.last);
    const states: ContentState[] = [];
    const known = new Map<string, number>();
    const sources: (readonly number[])[] = [];
    const stateOf = (follow: Iterable<number>, isEnd: boolean): number => {
      const positions = [...new Set(follow)].sort((a, b) => a - b);
      const key = `${isEnd} ${positions.join(' ')}`;
      const existing = known.get(key);
      if (existing !== undefined) return existing;
      known.set(key, states.length);
      states.push({ transitions: [], isEnd });
      sources.push(positions);
      if (states.length > MAX_POSITIONS) throw tooMany();
      return states.length - 1;
    };
    const behind = (positions: readonly number[]): number => {
      for (const position of positions) this.#budget.spend((this.#positions[position] as Position).follow.size);
      return stateOf(
        positions.flatMap((position) => [...(this.#positions[position] as Position).follow]),
        positions.some((position) => last.has(position)),
      );
    };
    // Most terminals stand at one position, and each is followed by one state wherever it can come.
    const behindOne = new Map<number, number>();
    const nextOf = (positions: readonly number[]): number => {
      const [first = -1, ...others] = positions;
      if (others.length > 0) return behind(positions);
      const known = behindOne.get(first) ?? behind(positions);
      behindOne.set(first, known);
      return known;
    };
    stateOf(start.follow, whole.isOptional);
    for (let i = 0; i < states.length; i++) {
      for (const [terminal, positions] of this.#grouped(sources[i] as readonly number[])) {
        states[i]?.transitions.push({ terminal, next: nextOf(positions) });
      }
    }
    return states;
  }

  /** What can come at these positions, equal terminals merged, in the order of the schema. */
  #grouped(positions: readonly number[]): readonly (readonly [Terminal, number[]])[] {
    const groups = new Map<string, { terminal: Terminal; order: number; positions: number[] }>();
    for (const position of positions) {
      const { terminals, order } = this.#positions[position] as Position;
      for (const terminal of terminals) {
        const key = keyOf(terminal);
        const group = groups.get(key);
        if (group === undefined) groups.set(key, { terminal, order, positions: [position] });
        else {
          group.positions.push(position);
          group.order = Math.min(group.order, order);
        }
      }
    }
    return [...groups.values()]
      .sort((a, b) => a.order - b.order)
      .map(({ terminal, positions: merged }) => [terminal, merged] as const);
  }

  /** Gives every particle its place in the schema. */
  #number(particle: Particle): void {
    if (!this.#orders.has(particle)) this.#orders.set(particle, this.#orders.size);
    if (particle.term.kind === 'group') for (const each of particle.term.particles) this.#number(each);
  }

  /** @see EXI 1.0 §8.5.4.1.5 */
  #particle(particle: Particle): Part {
    const { minOccurs, maxOccurs } = particle;
    let whole: Part = { first: [], last: [], isOptional: true };
    if (maxOccurs === 0) return whole;
    for (let i = 0; i < minOccurs; i++) whole = this.#sequence(whole, this.#term(particle));
    if (maxOccurs === 'unbounded') {
      const loop = this.#term(particle);
      for (const position of loop.last) this.#follow(position, loop.first);
      return this.#sequence(whole, { ...loop, isOptional: true });
    }
    // a? a? a?, each only behind the one before
    const copies: Part[] = [];
    for (let i = minOccurs; i < maxOccurs; i++) copies.push(this.#term(particle));
    let rest: Part = { first: [], last: [], isOptional: true };
    for (const copy of copies.reverse()) rest = { ...this.#sequence(copy, rest), isOptional: true };
    return this.#sequence(whole, rest);
  }

  #term(particle: Particle): Part {
    const { term } = particle;
    if (term.kind !== 'group') {
      const terminals = terminalsOf(term);
      if (terminals.length === 0) return { first: [], last: [], isOptional: false };
      const position = this.#positions.length;
      if (position >= MAX_POSITIONS) throw tooMany();
      this.#positions.push({ terminals, order: this.#orders.get(particle) as number, follow: new Set() });
      return { first: [position], last: [position], isOptional: false };
    }
    const parts = term.particles.map((each) => this.#particle(each));
    if (term.compositor !== 'choice') {
      return parts.reduce((whole, part) => this.#sequence(whole, part), { first: [], last: [], isOptional: true });
    }
    return {
      first: parts.flatMap(({ first }) => first),
      last: parts.flatMap(({ last }) => last),
      isOptional: parts.length === 0 || parts.some(({ isOptional }) => isOptional),
    };
  }

  #sequence(one: Part, other: Part): Part {
    for (const position of one.last) this.#follow(position, other.first);
    return {
      first: one.isOptional ? [...one.first, ...other.first] : one.first,
      last: other.isOptional ? [...one.last, ...other.last] : other.last,
      isOptional: one.isOptional && other.isOptional,
    };
  }

  #follow(position: number, next: readonly number[]): void {
    const { follow } = this.#positions[position] as Position;
    this.#budget.spend(next.length);
    for (const each of next) follow.add(each);
  }
}

/** @see EXI 1.0 §8.5.4.1.6, §8.5.4.1.7 */
function terminalsOf(term: ElementDeclaration | ModelGroup | Wildcard): readonly Terminal[] {
  if (term.kind === 'element') {
    return [term, ...(term.isGlobal ? term.substitutableBy : [])]
      .sort((a, b) => compare(a.name.name, b.name.name) || compare(a.name.namespace, b.name.namespace))
      .map((element) => ({ kind: 'element', element }));
  }
  if (term.kind === 'group') throw new ExiError('not-encodable', 'an all group stands inside another group');
  const { namespaces } = term;
  if (namespaces.kind !== 'list') return [{ kind: 'any' }];
  return namespaces.namespaces.map((namespace) => ({ kind: 'namespace', namespace }));
}

function keyOf(terminal: Terminal): string {
  if (terminal.kind === 'any') return '*';
  if (terminal.kind === 'namespace') return `${terminal.namespace} *`;
  const { namespace, name } = terminal.element.name;
  return `{${namespace}}${name}`;
}

export function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

function tooMany(): ExiError {
  return new ExiError('limit', `a content model has more than ${MAX_POSITIONS} states`);
}
