import { isChange } from '../guard-decision.ts';
import type { Operation } from '../operation.ts';

const MAX_REMEMBERED = 20_000;

/** Requests that changed something, as they were made: by the same client, with the same id and the same content. */
export class Replays {
  readonly #seen = new Map<string, number>();
  readonly #windowMs: number;

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** What names a request; undefined where it changes nothing, or has no id. */
  key(operations: readonly Operation[], stanzaId: string | undefined): string | undefined {
    const [first] = operations;
    if (!first || stanzaId === undefined) return undefined;
    if (!operations.some(({ action }) => isChange(action) && action !== 'publish')) return undefined;
    const content = operations.map(({ action, resource, facts }) => [action, resource.jid, resource.node, facts]);
    return `${first.principal}\n${stanzaId}\n${JSON.stringify(content)}`;
  }

  /** When it was made before, in the time that counts. */
  before(key: string, now: number): number | undefined {
    const at = this.#seen.get(key);
    return at !== undefined && now - at >= 0 && now - at < this.#windowMs ? at : undefined;
  }

  made(key: string, now: number): void {
    this.#seen.delete(key);
    this.#seen.set(key, now);
    for (const [oldest, at] of this.#seen) {
      if (this.#seen.size <= MAX_REMEMBERED && now - at < this.#windowMs) return;
      this.#seen.delete(oldest);
    }
  }
}
