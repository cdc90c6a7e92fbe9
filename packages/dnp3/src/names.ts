/** Names of codes, as they are written in XML. */
export type Names = Readonly<Record<number, string>>;

/** The name of a code; its number when it has none. */
export function nameOf(names: Names, code: number): string {
  return names[code] ?? String(code);
}

/** Codes by their names, for each table of names: looking through a table for each name is most of the work of reading XML. */
const CODES = new WeakMap<Names, ReadonlyMap<string, number>>();

function codesOf(names: Names): ReadonlyMap<string, number> {
  let codes = CODES.get(names);
  if (!codes) {
    codes = new Map(Object.entries(names).map(([code, name]) => [name, Number(code)]));
    CODES.set(names, codes);
  }
  return codes;
}

/** The code of a name or number; undefined when it is neither. @param most the greatest code */
export function codeOf(names: Names, text: string, most: number): number | undefined {
  const known = codesOf(names).get(text);
  if (known !== undefined) return known;
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
