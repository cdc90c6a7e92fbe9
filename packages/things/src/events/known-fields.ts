import type { Field } from '../sensor-data/field.ts';

interface KnownField {
  readonly field: Field;
  /** When it became known, in milliseconds. */
  readonly at: number;
}

/** The last value of each field of a Thing, as far as somebody has told or read it. Bounded. */
export class KnownFields {
  readonly #fields = new Map<string, KnownField>();
  readonly #capacity: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Takes in what is a present value: what is missing or of the past says nothing about now. @returns whether there was any */
  learn(fields: readonly Field[], at: number): boolean {
    let hasLearned = false;
    for (const field of fields) {
      if (isPast(field) || field.qos.includes('missing')) continue;
      if (!this.#fields.has(field.name) && this.#fields.size >= this.#capacity) continue;
      this.#fields.set(field.name, { field, at });
      hasLearned = true;
    }
    return hasLearned;
  }

  get(name: string): Field | undefined {
    return this.#fields.get(name)?.field;
  }

  /** What became known at or after. */
  since(at: number): readonly Field[] {
    return [...this.#fields.values()].filter((known) => known.at >= at).map(({ field }) => field);
  }
}

/** Is it a stored value and nothing else? */
export function isPast({ types }: Field): boolean {
  return types.length > 0 && types.every((type) => type.startsWith('historical'));
}
