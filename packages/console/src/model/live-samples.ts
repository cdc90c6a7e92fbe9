/** A sample of a plotted field. */
export interface Sample {
  /** Seconds since 1970. */
  readonly time: number;
  readonly value: number;
}

/** The latest samples of one field, in order of time. Holds at most `capacity`, the oldest going first. */
export class LiveSamples {
  readonly #capacity: number;
  // The oldest are cut off a quarter at a time, so that appending costs the same however many there are.
  #samples: Sample[] = [];

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get samples(): readonly Sample[] {
    return this.#samples;
  }

  get last(): Sample | undefined {
    return this.#samples.at(-1);
  }

  /** Samples that are not newer than the last one are left out: a device that was read twice before its value changed. */
  append(sample: Sample): void {
    const last = this.last;
    if (last && sample.time <= last.time) return;
    this.#samples.push(sample);
    if (this.#samples.length > this.#capacity) {
      this.#samples = this.#samples.slice(-Math.ceil(this.#capacity * 0.75));
    }
  }
}
