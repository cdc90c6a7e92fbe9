/** Is the code point a Char of XML 1.0 §2.2? */
export function isXmlCharacter(codePoint: number): boolean {
  return codePoint < 0x20
    ? codePoint === 0x09 || codePoint === 0x0a || codePoint === 0x0d
    : codePoint < 0xd800 || (codePoint > 0xdfff && codePoint < 0xfffe) || (codePoint > 0xffff && codePoint <= 0x10ffff);
}

const START =
  'A-Z_a-z\\u{c0}-\\u{d6}\\u{d8}-\\u{f6}\\u{f8}-\\u{2ff}\\u{370}-\\u{37d}\\u{37f}-\\u{1fff}\\u{200c}\\u{200d}\\u{2070}-\\u{218f}' +
  '\\u{2c00}-\\u{2fef}\\u{3001}-\\u{d7ff}\\u{f900}-\\u{fdcf}\\u{fdf0}-\\u{fffd}\\u{10000}-\\u{effff}';
const NC_NAME = new RegExp(`^[${START}][${START}\\-.0-9\\u{b7}\\u{300}-\\u{36f}\\u{203f}\\u{2040}]*$`, 'u');

/** Of ASCII: 1 where a character may stand anywhere in a name, 2 where it may not be the first, 0 where neither. */
const ASCII = Array.from({ length: 128 }, (_, code) => {
  const character = String.fromCharCode(code);
  return NC_NAME.test(character) ? 1 : NC_NAME.test(`a${character}`) ? 2 : 0;
});

/** Is it a name without a colon? @see Namespaces in XML 1.0 §3 */
export function isNcName(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const kind = ASCII[text.charCodeAt(i)];
    if (kind === undefined) return NC_NAME.test(text);
    if (kind === 0 || (kind === 2 && i === 0)) return false;
  }
  return text !== '';
}

/** Is there nothing but white space in it? */
export function isWhiteSpace(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code !== 0x20 && code !== 0x0a && code !== 0x09 && code !== 0x0d) return false;
  }
  return true;
}

/** White space collapsed. @see XML Schema Part 2, §4.3.6 */
export function collapse(text: string): string {
  return /^[ \t\n\r]|[\t\n\r]| {2}|[ \t\n\r]$/.test(text)
    ? text.replace(/[ \t\n\r]+/g, ' ').replace(/^ | $/g, '')
    : text;
}
