/** Namespace names bound to the reserved prefixes (Namespaces in XML 1.0 §3). */
export const XML_NAMESPACE = 'http://www.w3.org/XML/1998/namespace';
export const XMLNS_NAMESPACE = 'http://www.w3.org/2000/xmlns/';

/** Prefix bindings in force, as a stack: `mark` before an element's declarations, `release` when it ends. '' is the default namespace. */
export class NamespaceScope {
  readonly #prefixes: string[] = [];
  readonly #uris: string[] = [];

  /** @param bindings prefix -> namespace name, in force from the start */
  constructor(bindings: Readonly<Record<string, string>> = {}) {
    for (const [prefix, uri] of Object.entries(bindings)) this.declare(prefix, uri);
  }

  /** How many bindings are on the stack: give it to `release` to drop what comes after. */
  get mark(): number {
    return this.#prefixes.length;
  }

  declare(prefix: string, uri: string): void {
    this.#prefixes.push(prefix);
    this.#uris.push(uri);
  }

  release(mark: number): void {
    this.#prefixes.length = mark;
    this.#uris.length = mark;
  }

  /** The namespace name a prefix is bound to; undefined when it is not. The default namespace is '' when none was declared. */
  lookup(prefix: string): string | undefined {
    for (let i = this.#prefixes.length - 1; i >= 0; i--) if (this.#prefixes[i] === prefix) return this.#uris[i];
    return prefix === '' ? '' : prefix === 'xml' ? XML_NAMESPACE : undefined;
  }

  /** Like `lookup`, and tells whether the binding lies below `mark`, that is outside the element being read. */
  isOutside(prefix: string, mark: number): boolean {
    for (let i = this.#prefixes.length - 1; i >= mark; i--) if (this.#prefixes[i] === prefix) return false;
    return prefix !== 'xml';
  }
}
