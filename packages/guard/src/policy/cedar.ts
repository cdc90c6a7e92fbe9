import { createRequire } from 'node:module';
import { setFlagsFromString } from 'node:v8';

type Cedar = typeof import('@cedar-policy/cedar-wasm/nodejs');

export type {
  AuthorizationAnswer,
  CedarValueJson,
  Decision,
  DetailedError,
  EntityJson,
  EntityUidJson,
  Expr,
  PolicyJson,
  TypeAndId,
} from '@cedar-policy/cedar-wasm/nodejs';

import type { PolicyJson } from '@cedar-policy/cedar-wasm/nodejs';

const require = createRequire(import.meta.url);
let loaded: Cedar | undefined;

/** Cedar, loaded when it is first needed: who has no policies does without its memory. */
export function cedar(): Cedar {
  if (!loaded) {
    keepWasmCallsApart();
    loaded = require('@cedar-policy/cedar-wasm/nodejs') as Cedar;
  }
  return loaded;
}

/**
 * V8 ends the process ("unreachable code" in its deoptimizer) when a function into which it has inlined a call of WebAssembly is
 * deoptimised during that call, as happens when other policies come into force in a server that has decided much. Seen with V8 11.3
 * (Node.js 20); without the inlining decisions are no slower.
 */
function keepWasmCallsApart(): void {
  if (Number.parseInt(process.versions.v8, 10) < 13) setFlagsFromString('--no-turbo-inline-js-wasm-calls');
}

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
    const answer = cedar().preparsePolicySet(name, { staticPolicies: policies });
    if (answer.type === 'failure') throw new Error(answer.errors.map(({ message }) => message).join('; '));
    return name;
  }

  release(name: string): void {
    this.#free.push(name);
  }
}

/** Cedar's memory is one for the process, and so is the list of what is in it. */
export const PARSED_SETS = new ParsedSets();
