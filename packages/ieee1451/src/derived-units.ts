import type { Exponents } from './base-units.ts';

/**
 * Units of the SI with names of their own, as UCUM writes them. Where two share a product (Gy and Sv, J and N.m, Hz and Bq), one is here;
 * what has a plain product of two base units (m/s) has no need of a name.
 * @see https://ucum.org/ucum, table 4
 */
export const DERIVED_UNITS: readonly (readonly [string, Exponents])[] = [
  ['N', { m: 1, kg: 1, s: -2 }],
  ['Pa', { m: -1, kg: 1, s: -2 }],
  ['J', { m: 2, kg: 1, s: -2 }],
  ['W', { m: 2, kg: 1, s: -3 }],
  ['Hz', { s: -1 }],
  ['C', { s: 1, A: 1 }],
  ['V', { m: 2, kg: 1, s: -3, A: -1 }],
  ['F', { m: -2, kg: -1, s: 4, A: 2 }],
  ['Ohm', { m: 2, kg: 1, s: -3, A: -2 }],
  ['S', { m: -2, kg: -1, s: 3, A: 2 }],
  ['Wb', { m: 2, kg: 1, s: -2, A: -1 }],
  ['T', { kg: 1, s: -2, A: -1 }],
  ['H', { m: 2, kg: 1, s: -2, A: -2 }],
  ['lm', { sr: 1, cd: 1 }],
  ['lx', { sr: 1, m: -2, cd: 1 }],
  ['kat', { s: -1, mol: 1 }],
];
