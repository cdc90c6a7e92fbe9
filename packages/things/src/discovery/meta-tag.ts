/** A meta tag of a Thing; the name is case-insensitive and written in upper case. Numeric tags compare as numbers. @see XEP-0347 §3.5 */
export type MetaTag =
  | { readonly name: string; readonly type: 'str'; readonly value: string }
  | { readonly name: string; readonly type: 'num'; readonly value: number };

/** The tag that only a Thing and its owner know: never found, never shown. @see XEP-0347 §3.11 */
export const KEY_TAG = 'KEY';
