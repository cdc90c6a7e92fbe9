import { hasRightToLeft, satisfiesBidiRule } from './bidi.ts';
import { satisfiesContextRules } from './context-rules.ts';
import { PrecisError } from './error.ts';
import { isFreeform, isIdentifier } from './string-class.ts';

const PLAIN_LOWER_CASE = /^[!-@[-~]+$/;
const PLAIN = /^[!-~]+$/;
const PLAIN_WITH_SPACES = /^[ -~]+$/;

/**
 * User names, compared without regard to case.
 * @throws PrecisError
 * @see RFC 8265 §3.3
 */
export function usernameCaseMapped(text: string): string {
  if (PLAIN_LOWER_CASE.test(text)) return text;
  if (PLAIN.test(text)) return text.toLowerCase();
  const mapped = toLowerCase(mapWidth(text)).normalize('NFC');
  if (mapped === '') throw new PrecisError('empty', 'a name must not be empty');
  if (!isIdentifier(mapped))
    throw new PrecisError('disallowed', `${quote(text)} has a character that names can't have`);
  checkContext(mapped);
  if (hasRightToLeft(mapped) && !satisfiesBidiRule(mapped)) {
    throw new PrecisError('bidi', `${quote(text)} mixes directions of writing`);
  }
  return mapped;
}

/**
 * Passwords and other strings that nobody looks into.
 * @throws PrecisError, with a message that does not tell the string
 * @see RFC 8265 §4.2
 */
export function opaqueString(text: string): string {
  if (PLAIN_WITH_SPACES.test(text)) return text;
  const mapped = text.replace(/\p{Zs}/gu, ' ').normalize('NFC');
  if (mapped === '') throw new PrecisError('empty', 'the string is empty');
  if (!isFreeform(mapped)) throw new PrecisError('disallowed', 'the string has a character that is not allowed');
  checkContext(mapped);
  return mapped;
}

/** Full-width and half-width forms as those they stand for. What else has a width stands for something disallowed. @see RFC 8264 §5.2.1 */
export function mapWidth(text: string): string {
  return text.replace(/[\uff01-\uff9f]/g, (character) => character.normalize('NFKC'));
}

/** Each code point by itself: the place of a sigma in its word does not matter (RFC 7622 §3.5). @see RFC 8264 §5.2.3 */
export function toLowerCase(text: string): string {
  return text.replaceAll('\u03a3', '\u03c3').toLowerCase();
}

function checkContext(text: string): void {
  if (satisfiesContextRules(text)) return;
  throw new PrecisError('context', 'the string has a character in a place where it is not allowed');
}

function quote(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}...` : text);
}
