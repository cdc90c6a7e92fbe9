import { QOS_FLAGS, type QosFlag } from './field.ts';

/**
 * The flags that say how far a value can be relied on, from least to most. The others (like `warning`, `powerFailure`) say what
 * happened meanwhile, and make a value neither better nor worse to keep.
 * @see XEP-0323 §5.7
 */
export const RELIABILITY_FLAGS = [
  'missing',
  'inProgress',
  'automaticEstimate',
  'manualEstimate',
  'manualReadout',
  'automaticReadout',
  'signed',
  'invoiced',
  'invoiceConfirmed',
] as const satisfies readonly QosFlag[];

/** The flags of a field; one without any was read automatically. @see XEP-0323 §5.7 */
export function effectiveQos(qos: readonly QosFlag[]): readonly QosFlag[] {
  return qos.length === 0 ? ['automaticReadout'] : qos;
}

/**
 * Is the first more reliable than the second (> 0), less (< 0), or neither (0)? The most important flag decides, then the next:
 * signed and invoiced is more than invoiced alone.
 * @see XEP-0323 §5.7
 */
export function compareReliability(first: readonly QosFlag[], second: readonly QosFlag[]): number {
  return rank(first) - rank(second);
}

function rank(qos: readonly QosFlag[]): number {
  const flags = effectiveQos(qos);
  return RELIABILITY_FLAGS.reduce((sum, flag, i) => sum + (flags.includes(flag) ? 1 << i : 0), 0);
}

/**
 * The flags of a value that is given for another time than the one it was measured at: an estimate, unless it says something worse of
 * itself already.
 * @see XEP-0323 §5.7.1
 */
export function estimated(qos: readonly QosFlag[]): readonly QosFlag[] {
  const read: readonly QosFlag[] = ['automaticReadout', 'manualReadout'];
  const flags = effectiveQos(qos);
  if (!flags.some((flag) => read.includes(flag))) return flags;
  return QOS_FLAGS.filter((flag) => flag === 'automaticEstimate' || (flags.includes(flag) && !read.includes(flag)));
}
