import { JOINS_NEXT, JOINS_PREVIOUS } from './joining-type.ts';

/** Code points that are allowed only where a rule of RFC 5892 Appendix A says so. */
const CONTEXTUAL = /[\u00b7\u0375\u05f3\u05f4\u0660-\u0669\u06f0-\u06f9\u30fb]|\u200c|\u200d/;

const MIDDLE_DOT = '\u00b7';
const GREEK_KERAIA = '\u0375';
const HEBREW_GERESH = '\u05f3';
const HEBREW_GERSHAYIM = '\u05f4';
const ZERO_WIDTH_NON_JOINER = '\u200c';
const ZERO_WIDTH_JOINER = '\u200d';
const KATAKANA_MIDDLE_DOT = '\u30fb';

/** Does each code point that needs a context have it? @see RFC 5892 Appendix A.1 to A.9 */
export function satisfiesContextRules(text: string): boolean {
  if (!CONTEXTUAL.test(text)) return true;
  // A.8, A.9: the two kinds of digits do not mix.
  if (/[\u0660-\u0669]/.test(text) && /[\u06f0-\u06f9]/.test(text)) return false;
  // A.7
  if (text.includes(KATAKANA_MIDDLE_DOT) && !/[\p{sc=Hira}\p{sc=Kana}\p{sc=Han}]/u.test(text)) return false;
  const characters = [...text];
  return characters.every((character, i) => {
    const before = characters[i - 1] ?? '';
    const after = characters[i + 1] ?? '';
    switch (character) {
      case ZERO_WIDTH_NON_JOINER:
        return isVirama(before) || separatesJoining(characters, i);
      case ZERO_WIDTH_JOINER:
        return isVirama(before);
      case MIDDLE_DOT:
        return before === 'l' && after === 'l';
      case GREEK_KERAIA:
        return /\p{sc=Grek}/u.test(after);
      case HEBREW_GERESH:
      case HEBREW_GERSHAYIM:
        return /\p{sc=Hebr}/u.test(before);
      default:
        return true;
    }
  });
}

function separatesJoining(characters: readonly string[], at: number): boolean {
  const before = characters.slice(0, at).join('');
  const after = characters.slice(at + 1).join('');
  return JOINS_NEXT.test(before) && JOINS_PREVIOUS.test(after);
}

/** Marks of the combining classes 8 and 10. */
const [CLASS_8, CLASS_10] = ['\u3099', '\u05b0'];

/** Is it of the canonical combining class 9? Normalisation sorts marks by class, so it is when it goes between 8 and 10. */
function isVirama(character: string): boolean {
  if (!/^\p{M}$/u.test(character) || character === CLASS_8 || character === CLASS_10) return false;
  return (
    (CLASS_10 + character).normalize('NFD') === character + CLASS_10 &&
    (character + CLASS_8).normalize('NFD') === CLASS_8 + character
  );
}
