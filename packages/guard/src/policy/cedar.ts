import type { PolicyJson } from '@cedar-policy/cedar-wasm/nodejs';
import * as cedar from '@cedar-policy/cedar-wasm/nodejs';

export type {
  CedarValueJson,
  Decision,
  DetailedError,
  EntityJson,
  EntityUidJson,
  Expr,
  PolicyJson,
  TypeAndId,
} from '@cedar-policy/cedar-wasm/nodejs';
export const {
  isAuthorized,
  isAuthorizedPartial,
  policySetTextToParts,
  policyToJson,
  preparsePolicySet,
  schemaToJson,
  statefulIsAuthorized,
  validate,
} = cedar;

/**
 * Names under which Cedar keeps parsed policies. It keeps them for as long as the process lives, so names that are not needed any more
 * are used again.
 */
export class ParsedSets {
  readonly #free: string[] = [];
  #made = 0;

  /** Parses policies under a name of their own. */
  add(policies: Readonly<Record<string, PolicyJson>>): string {
    const name = this.#free.pop() ?? `thingward-${++this.#made}`;
    const answer = preparsePolicySet(name, { staticPolicies: policies });
    if (answer.type === 'failure') throw new Error(answer.errors.map(({ message }) => message).join('; '));
    return name;
  }

  release(name: string): void {
    this.#free.push(name);
  }
}

/** Cedar's memory is one for the process, and so is the list of what is in it. */
export const PARSED_SETS = new ParsedSets();
