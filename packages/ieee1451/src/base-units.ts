/** The units that are multiplied, in the order of their octets. @see IEEE 1451.0-2007 §4.11 */
export const BASE_UNITS = ['rad', 'sr', 'm', 'kg', 's', 'A', 'K', 'mol', 'cd'] as const;
export type BaseUnit = (typeof BASE_UNITS)[number];

/** Powers of base units, multiples of one half from -64 to 63.5; what is not there is nought. */
export type Exponents = Readonly<Partial<Record<BaseUnit, number>>>;
