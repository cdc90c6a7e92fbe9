/** A string that is no JID; `part` says which part is wrong. */
export class JidError extends Error {
  override readonly name = 'JidError';
  readonly code = 'jid-malformed';
  readonly part: 'localpart' | 'domainpart' | 'resourcepart';

  constructor(part: JidError['part'], message: string) {
    super(message);
    this.part = part;
  }
}

const MAX_PART_BYTES = 1023;
const encoder = new TextEncoder();
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters a JID must not have
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;
const NOT_IN_LOCALPART = /["&'/:<>@\s]/;
const DOMAIN_LABEL = /^[\p{L}\p{N}](?:[\p{L}\p{N}\p{M}-]*[\p{L}\p{N}\p{M}])?$/u;

/**
 * An XMPP address: `localpart@domainpart/resourcepart`, normalised on creation so that equal addresses are equal strings.
 * @see RFC 7622
 */
export class Jid {
  readonly local: string | undefined;
  readonly domain: string;
  readonly resource: string | undefined;
  readonly #text: string;
  #bare: Jid | undefined;

  private constructor(local: string | undefined, domain: string, resource: string | undefined) {
    this.local = local;
    this.domain = domain;
    this.resource = resource;
    const bare = local === undefined ? domain : `${local}@${domain}`;
    this.#text = resource === undefined ? bare : `${bare}/${resource}`;
  }

  /**
   * Parses and normalises.
   * @throws JidError
   * @see RFC 7622 §3.1
   */
  static parse(text: string): Jid {
    const slash = text.indexOf('/');
    const beforeSlash = slash === -1 ? text : text.slice(0, slash);
    const at = beforeSlash.indexOf('@');
    return Jid.of(
      at === -1 ? undefined : beforeSlash.slice(0, at),
      at === -1 ? beforeSlash : beforeSlash.slice(at + 1),
      slash === -1 ? undefined : text.slice(slash + 1),
    );
  }

  /** Like `parse`, but undefined for what is no JID. */
  static tryParse(text: string | undefined): Jid | undefined {
    if (text === undefined) return undefined;
    try {
      return Jid.parse(text);
    } catch (error) {
      if (error instanceof JidError) return undefined;
      throw error;
    }
  }

  /** Makes a JID of its parts, normalising them. @throws JidError */
  static of(local: string | undefined, domain: string, resource?: string): Jid {
    return new Jid(
      local === undefined ? undefined : localpart(local),
      domainpart(domain),
      resource === undefined ? undefined : resourcepart(resource),
    );
  }

  /** The address without its resource. */
  get bare(): Jid {
    if (this.resource === undefined) return this;
    this.#bare ??= new Jid(this.local, this.domain, undefined);
    return this.#bare;
  }

  /** Does it have a resource? */
  get isFull(): boolean {
    return this.resource !== undefined;
  }

  /** The same bare address with another resource. @throws JidError */
  withResource(resource: string): Jid {
    return new Jid(this.local, this.domain, resourcepart(resource));
  }

  equals(other: Jid | undefined): boolean {
    return other !== undefined && this.#text === other.#text;
  }

  toString(): string {
    return this.#text;
  }

  toJSON(): string {
    return this.#text;
  }
}

/** UsernameCaseMapped of RFC 8265 §3.3 and the further exclusions of RFC 7622 §3.3.1. */
function localpart(input: string): string {
  const text = fullWidthToAscii(input).toLowerCase().normalize('NFC');
  checkLength('localpart', text);
  if (NOT_IN_LOCALPART.test(text) || CONTROL.test(text)) {
    throw new JidError(
      'localpart',
      `"${input}" is not a localpart: it must not have spaces, control characters or any of "&'/:<>@`,
    );
  }
  return text;
}

/** RFC 7622 §3.2: a host name (internationalised or not), an IPv4 address, or an IPv6 address in brackets. */
function domainpart(input: string): string {
  const text = fullWidthToAscii(input).toLowerCase().normalize('NFC').replace(/\.$/, '');
  checkLength('domainpart', text);
  const isIpv6 = /^\[[0-9a-f:.]{2,45}\]$/.test(text);
  if (!isIpv6 && !text.split('.').every((label) => label.length <= 63 && DOMAIN_LABEL.test(label))) {
    throw new JidError('domainpart', `"${input}" is not a domain name or IP address`);
  }
  return text;
}

/** OpaqueString of RFC 8265 §4.2: spaces become U+0020, case is kept. */
function resourcepart(input: string): string {
  const text = input.replace(/\p{Zs}/gu, ' ').normalize('NFC');
  checkLength('resourcepart', text);
  if (CONTROL.test(text)) throw new JidError('resourcepart', 'a resourcepart must not have control characters');
  return text;
}

function checkLength(part: JidError['part'], text: string): void {
  if (/\p{Surrogate}/u.test(text)) throw new JidError(part, `the ${part} is not well-formed Unicode`);
  const bytes = encoder.encode(text).length;
  if (bytes === 0) throw new JidError(part, `the ${part} is empty`);
  if (bytes > MAX_PART_BYTES)
    throw new JidError(part, `the ${part} has ${bytes} bytes, at most ${MAX_PART_BYTES} are allowed`);
}

/** Width mapping rule of RFC 8264 §5.2.1. */
function fullWidthToAscii(text: string): string {
  return text.replace(/[\uff01-\uff5e]/g, (c) => String.fromCharCode(c.charCodeAt(0) - 0xfee0));
}
