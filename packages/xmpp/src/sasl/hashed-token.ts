import { encodeUtf8 } from '@thingward/xml';
import { concatBytes, equalBytes } from './bytes.ts';
import { type ChannelBindings, type ChannelBindingType, NO_CHANNEL_BINDINGS } from './channel-binding.ts';
import { SaslError } from './error.ts';
import type { SaslClientMechanism, SaslServerMechanism } from './mechanism.ts';
import { type ScramPrimitives, WEB_CRYPTO_PRIMITIVES } from './scram.ts';
import type { SaslChannel } from './select.ts';

/**
 * What each mechanism is tied to, the strongest first. HT-SHA-256-UNIQ is not among them: `tls-unique` ties to nothing unless
 * both sides have used the extended master secret (RFC 7627), which can't be asked for here.
 * @see draft-schmaus-kitten-sasl-ht §2
 */
const BINDINGS: ReadonlyMap<string, ChannelBindingType | undefined> = new Map([
  ['HT-SHA-256-EXPR', 'tls-exporter'],
  ['HT-SHA-256-ENDP', 'tls-server-end-point'],
  ['HT-SHA-256-NONE', undefined],
]);

const HASH = 'SHA-256';

/** Mechanisms that take a token on this stream, the strongest first. Tokens are for encrypted streams alone. @see XEP-0484 §3.1, §6 */
export function tokenMechanisms({ isEncrypted, bindings = NO_CHANNEL_BINDINGS }: SaslChannel): readonly string[] {
  if (!isEncrypted) return [];
  return [...BINDINGS].flatMap(([name, type]) => (type === undefined || type in bindings ? name : []));
}

/** The client's side. @param token as the server gave it @see draft-schmaus-kitten-sasl-ht §3 */
export function hashedTokenClient(
  name: string,
  username: string,
  token: string,
  bindings: ChannelBindings = NO_CHANNEL_BINDINGS,
): SaslClientMechanism {
  const mac = (role: Role) => proof(WEB_CRYPTO_PRIMITIVES, token, role, boundTo(name, bindings));
  return {
    name,
    async start() {
      return concatBytes(encodeUtf8(`${username}\0`), await mac('Initiator'));
    },
    async respond() {
      throw new SaslError('malformed-request', `${name} has no challenges`);
    },
    async finish(data) {
      if (!data || !equalBytes(await mac('Responder'), data)) {
        throw new SaslError('not-authorized', 'the server could not prove that it knows the token');
      }
    },
  };
}

/** A token the server has given away. */
export interface KnownToken {
  readonly token: string;
}

/** Where the server's side finds tokens. */
export interface TokenLookup<T extends KnownToken> {
  /** The localpart that a username stands for; undefined when it can't be one. */
  localpart(username: string): string | undefined;
  /** Tokens the client may show for this account and mechanism; few. */
  held(localpart: string): Promise<readonly T[]>;
  /** The client has shown this one. @throws SaslError when it is not taken any more */
  shown(token: T, localpart: string): Promise<void>;
}

/** The server's side. @see draft-schmaus-kitten-sasl-ht §3 */
export function hashedTokenServer<T extends KnownToken>(
  name: string,
  lookup: TokenLookup<T>,
  bindings: ChannelBindings = NO_CHANNEL_BINDINGS,
  primitives: ScramPrimitives = WEB_CRYPTO_PRIMITIVES,
): SaslServerMechanism {
  return {
    name,
    async step(message) {
      const end = message.indexOf(0);
      if (end <= 0) throw new SaslError('malformed-request', `this is no ${name} message`);
      const localpart = lookup.localpart(decode(message.subarray(0, end)));
      const given = message.subarray(end + 1);
      const bound = boundTo(name, bindings);
      const held = localpart === undefined ? [] : await lookup.held(localpart);
      for (const candidate of held) {
        if (!equalBytes(await proof(primitives, candidate.token, 'Initiator', bound), given)) continue;
        await lookup.shown(candidate, localpart as string);
        const data = await proof(primitives, candidate.token, 'Responder', bound);
        return { kind: 'success', username: localpart as string, data };
      }
      throw new SaslError('not-authorized', 'this token is not taken');
    },
  };
}

type Role = 'Initiator' | 'Responder';

function proof(
  { hmac }: ScramPrimitives,
  token: string,
  role: Role,
  bound: Uint8Array,
): Uint8Array<ArrayBuffer> | Promise<Uint8Array<ArrayBuffer>> {
  return hmac(encodeUtf8(token), concatBytes(encodeUtf8(role), bound), HASH);
}

/** @throws SaslError when the connection has nothing to tie to */
function boundTo(name: string, bindings: ChannelBindings): Uint8Array {
  const type = BINDINGS.get(name);
  if (type === undefined) return new Uint8Array(0);
  const data = bindings[type];
  if (!data) throw new SaslError('mechanism-too-weak', `channel binding ${type} is not possible here`);
  return data;
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new SaslError('malformed-request', 'invalid UTF-8');
  }
}
