import { formatNumber, type Sample } from '@thingward/ieee1451';

/** A decimal more than the uncertainty has, and no more than a number of single precision holds. */
const MAX_DIGITS = 7;

/**
 * A sample as text, with the decimals that its uncertainty (in its unit) leaves a meaning; octets in hexadecimal as they are.
 * Without an uncertainty, with all its digits.
 */
export function sampleText(sample: Sample, uncertainty?: number): string {
  if (typeof sample === 'string') return sample;
  if (!Number.isFinite(sample) || Number.isInteger(sample) || !(uncertainty !== undefined && uncertainty > 0)) {
    return formatNumber(sample);
  }
  const decimals = Math.max(0, 1 - Math.floor(Math.log10(uncertainty)));
  const whole = Math.max(1, Math.ceil(Math.log10(Math.abs(sample) + 1)));
  return sample.toFixed(Math.max(0, Math.min(decimals, MAX_DIGITS - whole)));
}
