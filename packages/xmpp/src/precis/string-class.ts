/*
 * The string classes of PRECIS, derived from the Unicode properties that the engine knows (RFC 8264 §8, §9). Code points that its
 * version of Unicode has not assigned are disallowed.
 */

/** Exceptions (F) that are disallowed, and old Hangul jamo (I). */
const EXCLUDED =
  /[\u0640\u07fa\u302e\u302f\u3031-\u3035\u303b\u1100-\u11ff\ua960-\ua97c\ud7b0-\ud7c6\ud7cb-\ud7fb]|(?![\u200c\u200d])\p{Default_Ignorable_Code_Point}/u;
/** ASCII7 (K), LetterDigits (A), exceptions (F) and what rules of context decide about. */
const IDENTIFIER =
  /^[!-~\p{Ll}\p{Lu}\p{Lo}\p{Nd}\p{Lm}\p{Mn}\p{Mc}\u06fd\u06fe\u0f0b\u3007\u00b7\u0375\u05f3\u05f4\u30fb\u200c\u200d]+$/u;
/** Those, and OtherLetterDigits (R), Spaces (N), Symbols (O), Punctuation (P). */
const FREEFORM = /^[\p{L}\p{M}\p{N}\p{Zs}\p{S}\p{P}\u200c\u200d]+$/u;

/** Has it only code points of the IdentifierClass? @param text in normal form C @see RFC 8264 §4.2 */
export function isIdentifier(text: string): boolean {
  // HasCompat (Q): what has a compatibility equivalent does not survive this form.
  return IDENTIFIER.test(text) && !EXCLUDED.test(text) && text.normalize('NFKC') === text;
}

/** Has it only code points of the FreeformClass? @param text in normal form C @see RFC 8264 §4.3 */
export function isFreeform(text: string): boolean {
  return FREEFORM.test(text) && !EXCLUDED.test(text);
}
