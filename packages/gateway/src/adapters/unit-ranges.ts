/** Unit identifiers, or addresses of outstations, written as `1`, `1-10` or `1-10,20`. */
export class UnitRanges {
  readonly #ranges: readonly (readonly [first: number, last: number])[];
  readonly #text: string;

  private constructor(text: string, ranges: readonly (readonly [number, number])[]) {
    this.#text = text;
    this.#ranges = ranges;
  }

  /** Undefined when it is none. @param most the greatest there is */
  static tryParse(text: string, most = 255): UnitRanges | undefined {
    const ranges = text.split(',').map((part) => /^\s*(\d{1,5})(?:\s*-\s*(\d{1,5}))?\s*$/.exec(part));
    const parsed = ranges.flatMap((match) =>
      match ? [[Number(match[1]), Number(match[2] ?? match[1])] as const] : [],
    );
    const isValid = parsed.length === ranges.length && parsed.every(([first, last]) => first <= last && last <= most);
    return isValid ? new UnitRanges(text, parsed) : undefined;
  }

  has(unit: number): boolean {
    return this.#ranges.some(([first, last]) => first <= unit && unit <= last);
  }

  overlaps(other: UnitRanges): boolean {
    return this.#ranges.some(([first, last]) => other.#ranges.some(([from, to]) => first <= to && from <= last));
  }

  toString(): string {
    return this.#text;
  }
}
