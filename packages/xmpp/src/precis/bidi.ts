/*
 * The Bidi rule for strings of code points that identifiers may have. Engines do not tell the Bidi class of a code point, but for
 * these it follows from its general category and from the blocks that Unicode keeps for scripts that run from right to left; what
 * does not follow is listed.
 */

const RIGHT_TO_LEFT_BLOCKS =
  '\\u0590-\\u08ff\\ufb1d-\\ufdcf\\ufdf0-\\ufdff\\ufe70-\\ufeff\\u{10800}-\\u{10fff}\\u{1e800}-\\u{1efff}';
const ARABIC_NUMBERS = '\\u0660-\\u0669\\u{10d30}-\\u{10d39}';
const EUROPEAN_NUMBERS = '0-9\\u06f0-\\u06f9';
/** Marks that are of class L. */
const STRONG_MARKS = '\\u0cbf\\u0cc6\\u{11a07}\\u{11a08}\\u{11c3f}';
/** Letters that are of class ON. */
const NEUTRAL_LETTERS = '\\u02b9\\u02ba\\u02c6-\\u02cf\\u02ec\\u2e2f\\ua67f\\ua717-\\ua71f\\ua788';

const LOOKS_RIGHT_TO_LEFT = new RegExp(`[${RIGHT_TO_LEFT_BLOCKS}]`, 'u');
const EUROPEAN_NUMBER = new RegExp(`[${EUROPEAN_NUMBERS}]`, 'u');
const ARABIC_NUMBER = new RegExp(`[${ARABIC_NUMBERS}]`, 'u');
const STRONG_MARK = new RegExp(`[${STRONG_MARKS}]`, 'u');
const NEUTRAL_LETTER = new RegExp(`[${NEUTRAL_LETTERS}]`, 'u');
const MARK = /\p{Mn}/u;
const LEFT_TO_RIGHT = /[\p{L}\p{N}\p{Mc}\u0f0b]/u;

/** `R` stands for AL too, `other` for ES, CS, ET, ON and BN: the rule does not tell them apart. @see UAX #9 §3.2 */
type BidiClass = 'L' | 'R' | 'AN' | 'EN' | 'NSM' | 'other';

function bidiClass(character: string): BidiClass {
  if (EUROPEAN_NUMBER.test(character)) return 'EN';
  if (ARABIC_NUMBER.test(character)) return 'AN';
  if (MARK.test(character)) return STRONG_MARK.test(character) ? 'L' : 'NSM';
  if (LOOKS_RIGHT_TO_LEFT.test(character)) return 'R';
  return LEFT_TO_RIGHT.test(character) && !NEUTRAL_LETTER.test(character) ? 'L' : 'other';
}

/** Has it code points that run from right to left (R, AL or AN)? */
export function hasRightToLeft(text: string): boolean {
  if (!LOOKS_RIGHT_TO_LEFT.test(text)) return false;
  return Array.from(text, bidiClass).some((bidi) => bidi === 'R' || bidi === 'AN');
}

/** Are the six conditions satisfied? @param text not empty, of code points the IdentifierClass allows @see RFC 5893 §2 */
export function satisfiesBidiRule(text: string): boolean {
  const classes = Array.from(text, bidiClass);
  const [first] = classes;
  const last = classes.findLast((bidi) => bidi !== 'NSM');
  const has = (bidi: BidiClass) => classes.includes(bidi);
  if (first === 'R') return !has('L') && !(has('EN') && has('AN')) && (last === 'R' || last === 'EN' || last === 'AN');
  return first === 'L' && !has('R') && !has('AN') && (last === 'L' || last === 'EN');
}
