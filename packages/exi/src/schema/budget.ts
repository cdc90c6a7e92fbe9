import { DEFAULT_SCHEMA_LIMITS, type SchemaLimits } from './limits.ts';
import type { SchemaSource } from './source.ts';

/** Counts what compiling costs and stops it at the limits. */
export class Budget {
  readonly limits: SchemaLimits;
  #bytes = 0;
  #documents = 0;
  #components = 0;
  #particles = 0;
  #steps = 0;

  constructor(limits: Partial<SchemaLimits> = {}) {
    this.limits = { ...DEFAULT_SCHEMA_LIMITS, ...limits };
  }

  document(source: SchemaSource): void {
    const { maxBytes, maxDocuments } = this.limits;
    this.#bytes += source.bytes.length;
    if (this.#bytes > maxBytes) throw source.error('limit-exceeded', `the schemas have more than ${maxBytes} bytes`, 0);
    if (++this.#documents > maxDocuments) {
      throw source.error('limit-exceeded', `the schemas are more than ${maxDocuments} documents`, 0);
    }
  }

  component(source: SchemaSource, offset: number): void {
    const { maxComponents } = this.limits;
    if (++this.#components > maxComponents) {
      throw source.error('limit-exceeded', `the schemas have more than ${maxComponents} elements`, offset);
    }
  }

  /** @param count how many particles a content model has when written out */
  particles(count: number, source: SchemaSource, offset: number): void {
    const { maxParticles } = this.limits;
    this.#particles += count;
    if (this.#particles > maxParticles) {
      const message = `minOccurs and maxOccurs written out, the content models have more than ${maxParticles} particles`;
      throw source.error('limit-exceeded', message, offset);
    }
  }

  step(count: number, source: SchemaSource, offset: number): void {
    this.#steps += count;
    if (this.#steps > this.limits.maxSteps) {
      throw source.error('limit-exceeded', `the schemas need more than ${this.limits.maxSteps} steps of work`, offset);
    }
  }
}
