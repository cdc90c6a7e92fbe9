import { following, hasChange, isTriggered, type Magnitude, magnitudeOf } from '../events/change.ts';
import type { FieldCondition } from '../events/codec.ts';
import type { Field } from '../sensor-data/field.ts';
import { isSelected } from '../sensor-data/selection.ts';
import { nodeKey } from '../thing/node.ts';
import type { PublicationFilter } from './publication.ts';

/** Polls come a little early and a little late: an interval counts as over when all but this part of it is. */
const JITTER = 0.05;
/** Fields that are remembered: of a Thing that makes up new names the oldest are forgotten. */
const MAX_FIELDS = 10_000;

interface Published {
  /** When the value was sampled, ms since 1970. */
  readonly at: number;
  /** What the next change is measured from. */
  readonly magnitude: Magnitude | undefined;
}

/** Picks the readings that are published: each field by itself, by the time it was sampled, so that it is the same without a connection. */
export class ReadingFilter {
  readonly #filter: PublicationFilter;
  readonly #conditions: ReadonlyMap<string, FieldCondition>;
  readonly #published = new Map<string, Published>();

  constructor(filter: PublicationFilter) {
    this.#filter = filter;
    this.#conditions = new Map(filter.changes.filter(hasChange).map((condition) => [condition.name, condition]));
  }

  /** The readings among these that are to be published, in their order. A field that is not there has no value to be published. */
  pick(fields: readonly Field[]): readonly Field[] {
    const { names, types } = this.#filter;
    return fields.filter(
      (field) => !field.qos.includes('missing') && isSelected(field, { names, types }) && this.#isDue(field),
    );
  }

  #isDue(field: Field): boolean {
    const key = `${nodeKey(field.node)} ${field.name}`;
    const before = this.#published.get(key);
    const at = field.timestamp.getTime();
    const magnitude = magnitudeOf(field.value);
    const isDue = before === undefined || this.#isWorthTelling(field.name, before, at, magnitude);
    if (isDue) this.#remember(key, { at, magnitude });
    else this.#follow(key, field.name, before, magnitude);
    return isDue;
  }

  #isWorthTelling(name: string, before: Published, at: number, magnitude: Magnitude | undefined): boolean {
    // A clock that was set back must not silence a field.
    const elapsed = Math.abs(at - before.at);
    const isOver = (interval: number) => elapsed >= interval * (1 - JITTER);
    const { minIntervalMs, maxIntervalMs } = this.#filter;
    if (elapsed === 0 || !isOver(minIntervalMs)) return false;
    const condition = this.#conditionOf(name);
    if (!condition || magnitude === undefined || before.magnitude === undefined) return true;
    if (maxIntervalMs !== undefined && isOver(maxIntervalMs)) return true;
    return isTriggered(condition, before.magnitude, magnitude);
  }

  /** A condition in one direction alone has to see the other one. */
  #follow(key: string, name: string, before: Published, magnitude: Magnitude | undefined): void {
    const condition = this.#conditionOf(name);
    if (!condition || magnitude === undefined || before.magnitude === undefined) return;
    this.#published.set(key, { ...before, magnitude: following(condition, before.magnitude, magnitude) });
  }

  #conditionOf(name: string): FieldCondition | undefined {
    return this.#conditions.get(name) ?? this.#conditions.get('*');
  }

  #remember(key: string, published: Published): void {
    this.#published.delete(key);
    this.#published.set(key, published);
    const [oldest] = this.#published.keys();
    if (this.#published.size > MAX_FIELDS && oldest !== undefined) this.#published.delete(oldest);
  }
}
