/** Names of codes, as they are written in XML. */
export type Names = Readonly<Record<number, string>>;

/** The name of a code; its number when it has none. */
export function nameOf(names: Names, code: number): string {
  return names[code] ?? String(code);
}

/** The code of a name or number; undefined when it is neither. @param most the greatest code */
export function codeOf(names: Names, text: string, most: number): number | undefined {
  for (const [code, name] of Object.entries(names)) if (name === text) return Number(code);
  if (!/^\d{1,10}$/.test(text)) return undefined;
  const code = Number(text);
  return code <= most ? code : undefined;
}

/** The names of the bits that are set, lowest first. */
export function bitNames(names: readonly string[], bits: number): readonly string[] {
  return names.filter((_, bit) => (bits >> bit) & 1);
}

/** The bits that have these names; undefined when one of them is unknown. */
export function bitsOf(names: readonly string[], text: string): number | undefined {
  let bits = 0;
  for (const name of text.split(/\s+/)) {
    if (name === '') continue;
    const bit = names.indexOf(name);
    if (bit === -1) return undefined;
    bits |= 1 << bit;
  }
  return bits;
}
