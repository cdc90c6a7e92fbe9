import { normaliseDomain } from './idna/domain-name.ts';
import { PrecisError } from './precis/error.ts';
import { opaqueString, usernameCaseMapped } from './precis/profiles.ts';

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
/** Longer ones are not looked at: no mapping would make them short enough. */
const MAX_INPUT_LENGTH = 4 * MAX_PART_BYTES;
const encoder = new TextEncoder();
const NOT_IN_LOCALPART = /["&'/:<>@]/;

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

/** UsernameCaseMapped without some further characters. @see RFC 7622 §3.3 */
function localpart(input: string): string {
  const text = enforced('localpart', input, usernameCaseMapped);
  if (NOT_IN_LOCALPART.test(text)) {
    throw new JidError('localpart', `${quote(input)} is not a localpart: it must not have any of "&'/:<>@`);
  }
  return text;
}

/** @see RFC 7622 §3.2 */
function domainpart(input: string): string {
  const text = normaliseDomain(input);
  if (text !== undefined) return text;
  throw new JidError('domainpart', `${quote(input)} is not a domain name or IP address`);
}

/** @see RFC 7622 §3.4 */
function resourcepart(input: string): string {
  return enforced('resourcepart', input, opaqueString);
}

/** What a profile makes of a part, when it is not too long. */
function enforced(part: JidError['part'], input: string, profile: (text: string) => string): string {
  if (input.length > MAX_INPUT_LENGTH) throw tooLong(part);
  let text: string;
  try {
    text = profile(input);
  } catch (error) {
    if (!(error instanceof PrecisError)) throw error;
    throw new JidError(part, `the ${part} is wrong: ${error.message}`);
  }
  // No code unit has more than three bytes.
  if (text.length * 3 > MAX_PART_BYTES && encoder.encode(text).length > MAX_PART_BYTES) throw tooLong(part);
  return text;
}

function tooLong(part: JidError['part']): JidError {
  return new JidError(part, `the ${part} is too long: at most ${MAX_PART_BYTES} bytes are allowed`);
}

function quote(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}...` : text);
}
