/** Names of codes. */
export type CodeNames = Readonly<Record<number, string>>;

/** The name of a code, or its number when it has none. */
export function nameOf(names: CodeNames, code: number): string {
  return Object.hasOwn(names, code) ? (names[code] ?? String(code)) : String(code);
}

/** The code of a name, or of a number in decimal digits; undefined when it is none up to `most`. */
export function codeOf(names: CodeNames, name: string, most = 0xff): number | undefined {
  for (const [code, known] of Object.entries(names)) if (known === name) return Number(code);
  const code = /^\d{1,5}$/.test(name) ? Number(name) : Number.NaN;
  return code <= most ? code : undefined;
}
