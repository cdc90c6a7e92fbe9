import { nodeKey } from './node.ts';
import type { Thing } from './thing.ts';

/** Things, or what tells those that there are at present. */
export type Things = readonly Thing[] | (() => readonly Thing[]);

/** What there is at present. It does not change any more: decisions about it stay in step with it. */
export function presentThings(things: Things): readonly Thing[] {
  return typeof things === 'function' ? things() : things;
}

/** Things that come and go, each with a node of its own. */
export class ThingSet {
  readonly #byNode = new Map<string, Thing>();
  #present: readonly Thing[] | undefined;

  /** In the order they came. */
  get present(): readonly Thing[] {
    this.#present ??= [...this.#byNode.values()];
    return this.#present;
  }

  /** @param key `nodeKey` of the Thing */
  get(key: string): Thing | undefined {
    return this.#byNode.get(key);
  }

  /** @throws Error for a second Thing with the same node */
  add(thing: Thing): void {
    const key = nodeKey(thing.node);
    if (this.#byNode.has(key)) throw new Error(`two Things have the node ${key}`);
    this.#byNode.set(key, thing);
    this.#present = undefined;
  }

  delete(thing: Thing): void {
    if (this.#byNode.delete(nodeKey(thing.node))) this.#present = undefined;
  }
}
