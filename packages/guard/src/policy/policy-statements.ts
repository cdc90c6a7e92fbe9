/** One policy in a file. */
export interface PolicyStatement {
  /** From its first word or annotation to its semicolon. */
  readonly text: string;
  /** Index of its first character in the file. */
  readonly start: number;
}

/** The policies of a text, apart: at their semicolons, those in strings and comments aside. What follows the last one is one, too. */
export function policyStatements(text: string): readonly PolicyStatement[] {
  const statements: PolicyStatement[] = [];
  let start: number | undefined;
  for (let i = 0; i < text.length; i++) {
    const character = text[i] as string;
    if (character === '/' && text[i + 1] === '/') {
      const end = text.indexOf('\n', i);
      i = end === -1 ? text.length : end;
    } else if (/\s/.test(character)) {
      // Between statements, or inside one.
    } else if (character === ';') {
      statements.push({ text: text.slice(start ?? i, i + 1), start: start ?? i });
      start = undefined;
    } else {
      start ??= i;
      if (character === '"') i = stringEnd(text, i);
    }
  }
  if (start !== undefined) statements.push({ text: text.slice(start), start });
  return statements;
}

/** Index of the quote that ends a string. */
function stringEnd(text: string, from: number): number {
  for (let i = from + 1; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === '"') return i;
  }
  return text.length;
}

/** Line and column, from 1, of a character. */
export function positionOf(text: string, index: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, Math.max(0, index));
  const newline = before.lastIndexOf('\n');
  return { line: before.split('\n').length, column: before.length - newline };
}

/** The index of the character at a byte of its UTF-8 form. */
export function indexOfByte(text: string, byte: number): number {
  return Buffer.from(text, 'utf8').subarray(0, byte).toString('utf8').length;
}
