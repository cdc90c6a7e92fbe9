import { PayloadError } from '../thing/payload.ts';
import type { Field } from './field.ts';

/** One step in making the localised name of a field. @see XEP-0323 §6.2 */
export interface StringId {
  /** Number of the string in its language module, its digits as they came. */
  readonly id: string;
  /** The language module; undefined: that of the field. */
  readonly module?: string | undefined;
  /** What the string is given as `%1%`. */
  readonly seed?: string | undefined;
}

/** Finds a string of a language module in the language wanted; undefined where there is none. */
export type LanguageModules = (module: string, id: string) => string | undefined;

/**
 * The published pattern demands a module name after `|`, but XEP-0323 §6.2 says and shows (`3||A1`) that it may be empty.
 */
const STEP = /^(\d+)(?:\|(\w+(?:\.\w+)*)?(?:\|([^,]*))?)?$/;
const MAX_STEPS = 100;
/** Names for people are short; strings that double what came before must not make them long. */
const MAX_NAME_CHARACTERS = 10_000;

/** @throws PayloadError for a text that is no list of string IDs */
export function parseStringIds(text: string, path = 'stringIds'): readonly StringId[] {
  const steps = text.split(',');
  if (steps.length > MAX_STEPS) throw new PayloadError('invalid-value', path, `more than ${MAX_STEPS} string IDs`);
  return steps.map((step) => {
    const [, id, module, seed] = STEP.exec(step) ?? [];
    if (id === undefined) throw new PayloadError('invalid-value', path, 'not a list of string IDs');
    return { id, ...(module === undefined ? {} : { module }), ...(seed === undefined ? {} : { seed }) };
  });
}

/** @throws PayloadError for what the syntax has no place for, such as a seed with a comma */
export function formatStringIds(steps: readonly StringId[]): string {
  const text = steps
    .map(
      ({ id, module, seed }) =>
        `${id}${module || seed !== undefined ? `|${module ?? ''}` : ''}${seed === undefined ? '' : `|${seed}`}`,
    )
    .join(',');
  const again = parseStringIds(text);
  const isSame =
    again.length === steps.length && steps.every(({ id, seed }, i) => again[i]?.id === id && again[i]?.seed === seed);
  if (!isSame) throw new PayloadError('invalid-value', 'stringIds', 'a module or seed can not be written');
  return text;
}

/**
 * The name of a field for people: each string takes what the one before it gave as `%0%`, and its seed as `%1%`. The name itself where
 * the field has no string IDs, or a string is not known. Programs go by the name itself.
 * @see XEP-0323 §6.2
 */
export function localizedName(
  { name, module, stringIds }: Pick<Field, 'name' | 'module' | 'stringIds'>,
  strings: LanguageModules,
): string {
  if (stringIds === undefined) return name;
  let result = '';
  for (const step of parseStringIds(stringIds)) {
    const string = strings(step.module ?? module ?? '', step.id);
    if (string === undefined) return name;
    const previous = result;
    result = string.replaceAll(/%([01])%/g, (_, which) => (which === '0' ? previous : (step.seed ?? '')));
    if (result.length > MAX_NAME_CHARACTERS) return name;
  }
  return result;
}
