import { hasRightToLeft, satisfiesBidiRule } from '../precis/bidi.ts';
import { satisfiesContextRules } from '../precis/context-rules.ts';
import { mapWidth, toLowerCase } from '../precis/profiles.ts';
import { isIdentifier } from '../precis/string-class.ts';
import { decodePunycode, encodePunycode } from './punycode.ts';

/** Names of hosts and addresses that have nothing to be mapped, decoded or looked up in tables. */
const PLAIN_NAME =
  /^(?!.*(?:^|\.)..--)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/;
const PLAIN_LABEL = /^(?!..--)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/;
const PREFIX = 'xn--';
const MAX_LABEL_BYTES = 63;
/** As text, without the byte for the root. @see RFC 1034 §3.1 */
const MAX_NAME_BYTES = 253;
/** Ignorable blocks (D): of these are marks for symbols and for music. @see RFC 5892 §2.4 */
const IGNORABLE_BLOCKS = /[\u20d0-\u20ff\u{1d100}-\u{1d24f}]/u;

/** Letters that folding leaves alone, or that are exceptions (F), though their capital is that of another. */
const STABLE_ANYWAY = /[\u00df\u03c2\u0131]/g;
const SMALL_CHEROKEE = /[\u13f8-\u13fd\uab70-\uabbf]+/g;

/**
 * A domain name in lower case with its labels in Unicode, an IPv4 address, or an IPv6 address in brackets; without a dot at its end.
 * @returns undefined for what is none of them
 * @see RFC 7622 §3.2, RFC 5890, RFC 5895 §2
 */
export function normaliseDomain(input: string): string | undefined {
  if (input.length <= MAX_NAME_BYTES && PLAIN_NAME.test(input)) return input;
  if (input.startsWith('[')) return ipv6(input);
  const mapped = lowerCase(mapWidth(input)).normalize('NFC').replaceAll('\u3002', '.').replace(/\.$/, '');
  if (mapped.length > MAX_NAME_BYTES) return undefined;
  const labels: string[] = [];
  for (const text of mapped.split('.')) {
    const label = normaliseLabel(text);
    if (label === undefined) return undefined;
    labels.push(label);
  }
  // Among labels that run from right to left, all have to keep the rule (RFC 5893 §1.4).
  if (labels.some(hasRightToLeft) && !labels.every(satisfiesBidiRule)) return undefined;
  const name = labels.join('.');
  return asciiDomain(name).length <= MAX_NAME_BYTES ? name : undefined;
}

/** The name as DNS, TLS and HTTP have it: labels beyond ASCII as A-labels. @param domain as `normaliseDomain` gives it */
export function asciiDomain(domain: string): string {
  return domain.split('.').map(asciiLabel).join('.');
}

function asciiLabel(label: string): string {
  return /^[!-~]*$/.test(label) ? label : PREFIX + encodePunycode(label);
}

/** An A-label as the U-label it stands for. */
function normaliseLabel(text: string): string | undefined {
  if (PLAIN_LABEL.test(text)) return text.length <= MAX_LABEL_BYTES ? text : undefined;
  if (!text.startsWith(PREFIX)) return isUnicodeLabel(text) ? text : undefined;
  if (text.length > MAX_LABEL_BYTES) return undefined;
  const decoded = decodePunycode(text.slice(PREFIX.length));
  // Only what would be written just so again is an A-label (RFC 5891 §5.4).
  return decoded !== undefined && isUnicodeLabel(decoded) && asciiLabel(decoded) === text ? decoded : undefined;
}

/** @see RFC 5891 §4.2, §5.4 */
function isUnicodeLabel(label: string): boolean {
  if (/^[!-~]*$/.test(label) || label.length > MAX_LABEL_BYTES) return false;
  if (/^-|-$|^..--|[!-,./:-`{-~]/u.test(label) || /^\p{M}/u.test(label)) return false;
  if (label.normalize('NFC') !== label || lowerCase(label) !== label) return false;
  if (!isIdentifier(label) || !isStable(label) || IGNORABLE_BLOCKS.test(label) || !satisfiesContextRules(label))
    return false;
  return asciiLabel(label).length <= MAX_LABEL_BYTES;
}

/** Of Cherokee letters, which came to have a case late, the capital ones are the ones for names. */
function lowerCase(text: string): string {
  return toLowerCase(text).replace(SMALL_CHEROKEE, (letters) => letters.toUpperCase());
}

/** Has it nothing that folding of case would change (B)? @see RFC 5892 §2.2 */
function isStable(label: string): boolean {
  const text = label.replace(STABLE_ANYWAY, '');
  return lowerCase(text.toUpperCase()).normalize('NFKC') === text.normalize('NFKC');
}

/** In the form that is the same for all ways to write an address. @see RFC 3986 §3.2.2, RFC 5952 */
function ipv6(text: string): string | undefined {
  if (!/^\[[0-9A-Fa-f:.]{2,45}\]$/.test(text)) return undefined;
  try {
    return new URL(`http://${text}`).hostname;
  } catch {
    return undefined;
  }
}
