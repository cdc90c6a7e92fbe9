/** Comparisons of a tag with one string. @see XEP-0347 §3.15 */
export const STRING_COMPARISONS = ['strEq', 'strNEq', 'strGt', 'strGtEq', 'strLt', 'strLtEq'] as const;
/** Comparisons of a tag with one number. */
export const NUMBER_COMPARISONS = ['numEq', 'numNEq', 'numGt', 'numGtEq', 'numLt', 'numLtEq'] as const;

interface Range<T> {
  /** Name of the tag. */
  readonly name: string;
  readonly min: T;
  readonly max: T;
  /** Do the ends belong to the range? True when not said. */
  readonly minIncluded?: boolean;
  readonly maxIncluded?: boolean;
}

/**
 * One condition of a search, named as on the wire. `strNRange` and `numNRange` find what is outside of the range.
 * A condition holds only for Things that have a tag of this name and type, also `strNEq` and the like.
 * @see XEP-0347 §3.15
 */
export type SearchOperator =
  | { readonly operator: (typeof STRING_COMPARISONS)[number]; readonly name: string; readonly value: string }
  | { readonly operator: (typeof NUMBER_COMPARISONS)[number]; readonly name: string; readonly value: number }
  | ({ readonly operator: 'strRange' | 'strNRange' } & Range<string>)
  | ({ readonly operator: 'numRange' | 'numNRange' } & Range<number>)
  | {
      readonly operator: 'strMask';
      readonly name: string;
      readonly value: string;
      /** What stands for any run of characters in `value`. */
      readonly wildcard: string;
    };
