import type { PubSubNode } from './pubsub-node.ts';

/** Nodes used last, kept as long as they, with their affiliations and subscriptions, are no more than so many entries. */
export class NodeCache {
  readonly #capacity: number;
  readonly #entries = new Map<string, { readonly node: PubSubNode; readonly weight: number }>();
  #weight = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get(key: string): PubSubNode | undefined {
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry.node;
  }

  /** Puts it in, or weighs it again. */
  set(key: string, node: PubSubNode): void {
    this.delete(key);
    const weight = 1 + node.affiliations.size + node.subscriptionCount;
    this.#entries.set(key, { node, weight });
    this.#weight += weight;
    for (const [oldest] of this.#entries) {
      if (this.#weight <= this.#capacity) break;
      this.delete(oldest);
    }
  }

  delete(key: string): void {
    const entry = this.#entries.get(key);
    if (!entry) return;
    this.#entries.delete(key);
    this.#weight -= entry.weight;
  }
}
