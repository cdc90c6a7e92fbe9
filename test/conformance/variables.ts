import { encodeBase64 } from '@thingward/xmpp';

/** Words that a pattern understands itself. */
const PATTERN_WORDS = /^(?:any|none|new \w+|either .*|not .*|like .*)$/;
/** One byte that need not be a character is kept as one of these until it is sent. */
const RAW_BYTES = 0xe000;

/** Names and what they stand for in one scene. */
export class Variables {
  readonly #values = new Map<string, string>();

  set(name: string, value: string): void {
    this.#values.set(name, value);
  }

  /** What stands in braces is replaced, from the inside out. @throws Error for a name that nothing is known of */
  expand(text: string): string {
    const expanded = text.replaceAll(/\{([^{}]*)\}/g, (whole, name: string) => this.#lookUp(name) ?? whole);
    return expanded === text ? restored(text) : this.expand(expanded);
  }

  /** A scene's text as bytes. */
  bytes(text: string): Uint8Array {
    const parts = this.expand(text).split(/([\uE000-\uE0FF])/);
    return Buffer.concat(
      parts.map((part, i) => (i % 2 === 1 ? Buffer.of(part.charCodeAt(0) - RAW_BYTES) : Buffer.from(part))),
    );
  }

  #lookUp(name: string): string | undefined {
    const value = this.#values.get(name);
    if (value !== undefined) return value;
    // Their braces stay, out of the way of further replacements.
    if (PATTERN_WORDS.test(name)) return `\uE100${name}\uE101`;
    const [word = '', argument = ''] = split(name);
    switch (word) {
      case 'base64':
        return encodeBase64(new TextEncoder().encode(argument.replaceAll('\\0', '\0')));
      case 'long':
        return 'x'.repeat(Number(argument));
      case 'deep':
        return '<x>'.repeat(Number(argument)) + '</x>'.repeat(Number(argument));
      case 'byte':
        return String.fromCharCode(RAW_BYTES + Number.parseInt(argument, 16));
      case 'space':
        return ' '.repeat(Number(argument));
      case 'upper':
        return argument.toUpperCase();
      case 'local':
        return argument.slice(0, argument.indexOf('@'));
    }
    throw new Error(`nothing is known of {${name}}`);
  }
}

function split(text: string): [string, string] {
  const space = text.indexOf(' ');
  return space === -1 ? [text, ''] : [text.slice(0, space), text.slice(space + 1)];
}

function restored(text: string): string {
  return text.replaceAll('\uE100', '{').replaceAll('\uE101', '}');
}
