import { ExiError } from './error.ts';
import { DEFAULT_OPTIONS, DEFAULT_PRESERVE, type ExiOptions, type ExiOptionsInput } from './options.ts';

/**
 * Options with what was left out, checked.
 * @throws ExiError `options` where two of them exclude each other
 */
export function completeOptions(input: ExiOptionsInput): ExiOptions {
  const given = Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined));
  const options: ExiOptions = {
    ...DEFAULT_OPTIONS,
    ...given,
    preserve: { ...DEFAULT_PRESERVE, ...input.preserve },
  };
  const { alignment, strict, preserve, selfContained, blockSize, valueMaxLength, valuePartitionCapacity } = options;
  if (strict && (preserve.comments || preserve.pis || preserve.dtd || preserve.prefixes || selfContained)) {
    throw new ExiError('options', 'strict excludes selfContained and preserve other than lexicalValues');
  }
  if (selfContained && (alignment === 'compression' || alignment === 'pre-compression')) {
    throw new ExiError('options', `selfContained excludes the alignment ${alignment}`);
  }
  for (const [name, value, least] of [
    ['blockSize', blockSize, 1],
    ['valueMaxLength', valueMaxLength ?? 0, 0],
    ['valuePartitionCapacity', valuePartitionCapacity ?? 0, 0],
  ] as const) {
    if (!Number.isInteger(value) || value < least || value > 0xffffffff) {
      throw new ExiError('options', `${name} must be a whole number from ${least} to ${0xffffffff}`);
    }
  }
  return options;
}
