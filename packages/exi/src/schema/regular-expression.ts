import {
  type CharacterRange,
  type CharacterSet,
  characterSet,
  withoutCharacters,
  XML_CHARACTERS,
} from './character-set.ts';

/** A regular expression that XML Schema does not know. `index` is the position in it, in UTF-16 units. */
export class PatternError extends Error {
  override readonly name = 'PatternError';
  readonly index: number;

  constructor(message: string, index: number) {
    super(message);
    this.index = index;
  }
}

/** Nesting of parentheses and of class subtractions. */
const MAX_DEPTH = 64;
const SPACES: CharacterSet = characterSet([
  [0x09, 0x0a],
  [0x0d, 0x0d],
  [0x20, 0x20],
]);
const CATEGORY = /^(?:L[ultmo]?|M[nce]?|N[dlo]?|P[cdseifo]?|Z[slp]?|S[mcko]?|C[cfon]?|Is[a-zA-Z0-9-]+)$/;
const SINGLE_ESCAPES = '\\|.?*+(){}-[]^';

/**
 * The characters of which strings that match a regular expression consist, as EXI derives them: those of all its atoms, however often
 * they may occur. Undefined stands for every character. That is what category escapes and multi-character escapes other than `\s` give
 * wherever they are, since which characters they are depends on the version of Unicode; and so does `.`.
 * @throws PatternError
 * @see EXI 1.0 Appendix E; XML Schema Part 2, Appendix F
 */
export function charactersOf(pattern: string): CharacterSet | undefined {
  const parser = new PatternParser(pattern);
  parser.parse();
  return parser.isEverything ? undefined : characterSet(parser.ranges);
}

class PatternParser {
  readonly ranges: CharacterRange[] = [];
  isEverything = false;
  readonly #pattern: string;
  #at = 0;
  #depth = 0;

  constructor(pattern: string) {
    this.#pattern = pattern;
  }

  parse(): void {
    this.#alternatives();
    if (this.#at < this.#pattern.length) throw this.#error('a ) without a (');
  }

  #alternatives(): void {
    if (++this.#depth > MAX_DEPTH) throw this.#error(`it nests deeper than ${MAX_DEPTH}`);
    while (this.#at < this.#pattern.length) {
      const next = this.#peek();
      if (next === ')') break;
      if (next === '|') this.#at++;
      else {
        this.#atom();
        this.#quantifier();
      }
    }
    this.#depth--;
  }

  #atom(): void {
    const start = this.#at;
    const next = this.#take();
    if (next === '(') {
      this.#alternatives();
      if (this.#peek() !== ')') throw this.#error('expected )', start);
      this.#at++;
    } else if (next === '[') {
      this.#add(this.#classExpression());
    } else if (next === '.') {
      this.isEverything = true;
    } else if (next === '\\') {
      this.#add(this.#escape());
    } else if ('?*+{}]'.includes(next)) {
      throw this.#error(`${next} has to be escaped where it stands for itself`, start);
    } else {
      this.ranges.push(single(next));
    }
  }

  /** One by one: a class may have more ranges than a call may have arguments. */
  #add(set: CharacterSet): void {
    for (const range of set) this.ranges.push(range);
  }

  #quantifier(): void {
    const next = this.#peek();
    if (next === '?' || next === '*' || next === '+') this.#at++;
    if (next !== '{') return;
    const quantity = /^\{(\d+)(?:(,)(\d*))?\}/.exec(this.#pattern.slice(this.#at));
    if (!quantity) throw this.#error('expected a quantity such as {2}, {2,} or {2,3}');
    const [whole, least, , most] = quantity;
    if (most && BigInt(most) < BigInt(least as string)) throw this.#error('the quantity ends below its start');
    this.#at += whole.length;
  }

  /** Behind the `[`. */
  #classExpression(): CharacterSet {
    const start = this.#at - 1;
    if (++this.#depth > MAX_DEPTH) throw this.#error(`it nests deeper than ${MAX_DEPTH}`);
    const isNegated = this.#peek() === '^';
    if (isNegated) this.#at++;
    const ranges: CharacterRange[] = [];
    const first = this.#at;
    let subtracted: CharacterSet = [];
    for (;;) {
      if (this.#at >= this.#pattern.length) throw this.#error('expected ]', start);
      if (this.#peek() === ']' && this.#at > first) {
        this.#at++;
        break;
      }
      if (this.#at > first && this.#pattern.startsWith('-[', this.#at)) {
        this.#at += 2;
        subtracted = this.#classExpression();
        if (this.#peek() !== ']') throw this.#error('expected ] after a subtracted class');
        this.#at++;
        break;
      }
      for (const range of this.#classPart(first)) ranges.push(range);
    }
    this.#depth--;
    const set = characterSet(ranges);
    return withoutCharacters(isNegated ? withoutCharacters(XML_CHARACTERS, set) : set, subtracted);
  }

  /** A character, a range of characters or an escape. */
  #classPart(first: number): CharacterSet {
    const start = this.#at;
    const from = this.#classCharacter();
    if (from.length !== 1 || from[0]?.[0] !== from[0]?.[1]) return from;
    const isDash = this.#pattern[start] === '-';
    if (this.#peek() !== '-') {
      if (isDash && start > first && this.#peek() !== ']')
        throw this.#error('a - in the middle has to be escaped', start);
      return from;
    }
    const behind = this.#pattern[this.#at + 1];
    // A dash at the end of the class stands for itself; one before a [ subtracts.
    if (behind === ']' || behind === '[') return from;
    if (isDash) throw this.#error('a - at the end of a range has to be escaped', start);
    this.#at++;
    const to = this.#classCharacter();
    const [low] = from[0] as CharacterRange;
    const [high, last] = to[0] ?? [0, 1];
    if (to.length !== 1 || high !== last) throw this.#error('a range has to end with a character', start);
    if (high < low) throw this.#error('the range ends below its start', start);
    return [[low, high]];
  }

  #classCharacter(): CharacterSet {
    const start = this.#at;
    const next = this.#take();
    if (next === '\\') return this.#escape();
    if (next === '[' || next === ']') throw this.#error(`${next} has to be escaped inside a class`, start);
    return [single(next)];
  }

  /** Behind the backslash. */
  #escape(): CharacterSet {
    const start = this.#at - 1;
    const next = this.#take();
    if (next === 'n') return [[0x0a, 0x0a]];
    if (next === 'r') return [[0x0d, 0x0d]];
    if (next === 't') return [[0x09, 0x09]];
    if (SINGLE_ESCAPES.includes(next)) return [single(next)];
    if (next === 's') return SPACES;
    if ('SiIcCdDwW'.includes(next)) {
      this.isEverything = true;
      return XML_CHARACTERS;
    }
    if (next === 'p' || next === 'P') {
      const property = /^\{([^}]*)\}/.exec(this.#pattern.slice(this.#at));
      if (!property) throw this.#error(`expected {Category} after \\${next}`, start);
      if (!CATEGORY.test(property[1] as string)) {
        throw this.#error(`${property[1]} is neither a category of Unicode nor a block such as IsBasicLatin`, start);
      }
      this.#at += property[0].length;
      this.isEverything = true;
      return XML_CHARACTERS;
    }
    throw this.#error(`\\${next} is not an escape`, start);
  }

  #peek(): string | undefined {
    return this.#pattern[this.#at];
  }

  /** The next character, a whole code point. */
  #take(): string {
    const codePoint = this.#pattern.codePointAt(this.#at);
    if (codePoint === undefined) throw this.#error('it ends too early');
    const character = String.fromCodePoint(codePoint);
    this.#at += character.length;
    return character;
  }

  #error(message: string, index = this.#at): PatternError {
    return new PatternError(message, index);
  }
}

function single(character: string): CharacterRange {
  const codePoint = character.codePointAt(0) as number;
  return [codePoint, codePoint];
}
