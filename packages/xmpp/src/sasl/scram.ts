import { encodeUtf8 } from '@thingward/xml';
import { decodeBase64, encodeBase64 } from './base64.ts';
import { concatBytes, equalBytes } from './bytes.ts';
import { bindingTypes, type ChannelBindings, NO_CHANNEL_BINDINGS } from './channel-binding.ts';
import { type Advertisement, advertisementText } from './downgrade-protection.ts';
import { SaslError } from './error.ts';
import type {
  CredentialStore,
  SaslClientMechanism,
  SaslServerMechanism,
  SaslStep,
  ScramHash,
  ScramKeys,
} from './mechanism.ts';
import { preparePassword } from './password.ts';

/** Fewest iterations a server may ask for. @see RFC 7677 §4 */
export const MIN_ITERATIONS = 4096;
/** Most iterations a client computes: a hostile server must not burn a device's CPU. */
const MAX_ITERATIONS = 1_000_000;
const { subtle } = globalThis.crypto;

/** The primitives SCRAM is made of. Those of Web Crypto work everywhere; a server has quicker ones. */
export interface ScramPrimitives {
  hmac(
    key: Uint8Array<ArrayBuffer>,
    message: string | Uint8Array<ArrayBuffer>,
    hash: ScramHash,
  ): MaybePromise<Uint8Array<ArrayBuffer>>;
  digest(bytes: Uint8Array<ArrayBuffer>, hash: ScramHash): MaybePromise<Uint8Array<ArrayBuffer>>;
}

type MaybePromise<T> = T | Promise<T>;

export const WEB_CRYPTO_PRIMITIVES: ScramPrimitives = { hmac, digest };

/** What remains of a password. @throws SaslError `malformed-request` for what can't be one @see RFC 5802 §3 */
export async function deriveScramKeys(
  password: string,
  salt: Uint8Array<ArrayBuffer>,
  iterations: number,
  hash: ScramHash,
): Promise<ScramKeys> {
  const salted = await saltPassword(password, salt, iterations, hash);
  return {
    salt,
    iterations,
    storedKey: await digest(await hmac(salted, 'Client Key', hash), hash),
    serverKey: await hmac(salted, 'Server Key', hash),
  };
}

/** Does the password belong to the keys? */
export async function verifyPassword(password: string, keys: ScramKeys, hash: ScramHash): Promise<boolean> {
  const derived = await deriveScramKeys(password, keys.salt, keys.iterations, hash);
  return equalBytes(derived.storedKey, keys.storedKey);
}

/** Fresh keys for a new password. */
export async function newScramKeys(password: string, hash: ScramHash, iterations = 10_000): Promise<ScramKeys> {
  return deriveScramKeys(password, crypto.getRandomValues(new Uint8Array(16)), iterations, hash);
}

/** What a server has told, and whether it must prove that it has told it. */
export interface ReceivedAdvertisement extends Advertisement {
  /** True where an honest server could hardly have told this. @see XEP-0474 §6 */
  readonly needsProof: boolean;
}

/**
 * The client's side.
 * @param nonce for tests; printable ASCII without comma
 * @param advertised by the server, to be compared with what it says it has advertised
 * @see RFC 5802 §5, RFC 7677, XEP-0474 §5.2
 */
export function scramClient(
  hash: ScramHash,
  username: string,
  password: string,
  nonce: string = newNonce(),
  binding: ClientBinding = { kind: 'none' },
  advertised?: ReceivedAdvertisement,
): SaslClientMechanism {
  const name = username.normalize('NFC').replace(/=/g, '=3D').replace(/,/g, '=2C');
  const firstBare = `n=${name},r=${nonce}`;
  const gs2 = gs2Header(binding);
  const bound = binding.kind === 'bound' ? concatBytes(encodeUtf8(gs2), binding.data) : encodeUtf8(gs2);
  let serverSignature: Uint8Array | undefined;
  return {
    name: binding.kind === 'bound' ? `SCRAM-${hash}-PLUS` : `SCRAM-${hash}`,
    async start() {
      return encodeUtf8(gs2 + firstBare);
    },
    async respond(challenge) {
      const serverFirst = decode(challenge);
      const { r, s, i, h } = attributes(serverFirst);
      const salt = decodeBase64(s ?? '');
      const iterations = Number(i);
      if (!r?.startsWith(nonce) || r === nonce || !salt?.length || !/^[0-9]+$/.test(i ?? '')) {
        throw new SaslError('malformed-request', 'the server sent a wrong SCRAM challenge');
      }
      if (iterations < MIN_ITERATIONS || iterations > MAX_ITERATIONS) {
        throw new SaslError('mechanism-too-weak', `the server asks for ${iterations} iterations`);
      }
      if (advertised) await checkAdvertisement(advertised, h, hash);
      const withoutProof = `c=${encodeBase64(bound)},r=${r}`;
      const authMessage = `${firstBare},${serverFirst},${withoutProof}`;
      const salted = await saltPassword(password, salt, iterations, hash);
      const clientKey = await hmac(salted, 'Client Key', hash);
      const signature = await hmac(await digest(clientKey, hash), authMessage, hash);
      serverSignature = await hmac(await hmac(salted, 'Server Key', hash), authMessage, hash);
      return encodeUtf8(`${withoutProof},p=${encodeBase64(xor(clientKey, signature))}`);
    },
    async finish(data) {
      const { v } = attributes(data ? decode(data) : '');
      const received = decodeBase64(v ?? '');
      if (!serverSignature || !received || !equalBytes(received, serverSignature)) {
        throw new SaslError('not-authorized', 'the server could not prove that it knows the password');
      }
    },
  };
}

/**
 * The server's side.
 * @param nonce for tests: what is appended to the client's
 * @param advertised before this exchange
 * @see RFC 5802 §5, RFC 7677, XEP-0474 §5.1
 */
export function scramServer(
  hash: ScramHash,
  store: CredentialStore,
  nonce: string = newNonce(),
  { hmac, digest }: ScramPrimitives = WEB_CRYPTO_PRIMITIVES,
  binding: ServerBinding = { isPlus: false, bindings: NO_CHANNEL_BINDINGS },
  advertised?: Advertisement,
): SaslServerMechanism {
  let state:
    | { username: string; keys: ScramKeys; bound: Uint8Array; fullNonce: string; transcript: string }
    | undefined;
  return {
    name: binding.isPlus ? `SCRAM-${hash}-PLUS` : `SCRAM-${hash}`,
    async step(message): Promise<SaslStep> {
      if (state === undefined) {
        const { gs2, flag, bindingType, authzid, bare, username, clientNonce } = parseClientFirst(decode(message));
        if (authzid && !store.isAddressOf?.(authzid, store.localpart(username) ?? '')) {
          throw new SaslError('invalid-authzid', 'acting for another account is not possible');
        }
        const bound = concatBytes(encodeUtf8(gs2), boundData(flag, bindingType, binding));
        const keys = await store.scramKeys(username, hash);
        const fullNonce = `${clientNonce}${nonce}`;
        const protection = advertised ? `,h=${await advertisementHash(advertised, hash, digest)}` : '';
        const serverFirst = `r=${fullNonce},s=${encodeBase64(keys.salt)},i=${keys.iterations}${protection}`;
        state = { username, keys, bound, fullNonce, transcript: `${bare},${serverFirst}` };
        return { kind: 'challenge', data: encodeUtf8(serverFirst) };
      }
      const { username, keys, bound, fullNonce, transcript } = state;
      const text = decode(message);
      const proofAt = text.lastIndexOf(',p=');
      const { c, r } = attributes(text.slice(0, proofAt));
      const proof = decodeBase64(text.slice(proofAt + 3));
      const claimed = decodeBase64(c ?? '');
      if (proofAt === -1 || !proof || !claimed) throw new SaslError('malformed-request');
      if (r !== fullNonce || !equalBytes(claimed, bound))
        throw new SaslError('not-authorized', 'wrong nonce or channel binding');
      const authMessage = `${transcript},${text.slice(0, proofAt)}`;
      const signature = await hmac(keys.storedKey, authMessage, hash);
      const clientKey = proof.length === signature.length ? xor(proof, signature) : new Uint8Array(0);
      const localpart = store.localpart(username);
      if (!equalBytes(await digest(clientKey, hash), keys.storedKey) || localpart === undefined) {
        throw new SaslError('not-authorized', 'wrong user name or password');
      }
      const verifier = await hmac(keys.serverKey, authMessage, hash);
      return { kind: 'success', username: localpart, data: encodeUtf8(`v=${encodeBase64(verifier)}`) };
    },
  };
}

function advertisementHash(
  advertised: Advertisement,
  hash: ScramHash,
  digest: ScramPrimitives['digest'],
): Promise<string> {
  return Promise.resolve(digest(encodeUtf8(advertisementText(advertised)), hash)).then(encodeBase64);
}

/** @throws SaslError `aborted` when somebody has changed what the server advertised @see XEP-0474 §5.2 */
async function checkAdvertisement(
  advertised: ReceivedAdvertisement,
  claimed: string | undefined,
  hash: ScramHash,
): Promise<void> {
  if (claimed === undefined) {
    if (!advertised.needsProof) return;
    throw new SaslError('aborted', 'no way of channel binding is announced that every server has');
  }
  if (claimed !== (await advertisementHash(advertised, hash, digest))) {
    throw new SaslError('aborted', 'what the server advertises was changed on its way');
  }
}

/** @see RFC 5802 §7, client-first-message */
function parseClientFirst(text: string): {
  gs2: string;
  flag: string;
  bindingType: string | undefined;
  authzid: string | undefined;
  bare: string;
  username: string;
  clientNonce: string;
} {
  const match =
    /^(([nyp])(?:=([A-Za-z0-9.-]+))?,(?:a=([^,]*))?,)((?:m=[^,]*,)?n=([^,]+),r=([!-+\--~]+)(?:,.*)?)$/s.exec(text);
  if (!match) throw new SaslError('malformed-request', 'this is no SCRAM client-first-message');
  const [, gs2 = '', flag = '', bindingType, authzid, bare = '', name = '', clientNonce = ''] = match;
  if ((flag === 'p') !== (bindingType !== undefined)) throw new SaslError('malformed-request', 'wrong GS2 header');
  if (bare.startsWith('m=')) throw new SaslError('malformed-request', 'mandatory SCRAM extensions are not supported');
  if (/=(?!2C|3D)/.test(name)) throw new SaslError('malformed-request', 'wrong escape in the user name');
  const username = name.replace(/=2C/g, ',').replace(/=3D/g, '=');
  return { gs2, flag, bindingType, authzid, bare, username, clientNonce };
}

/** What a client says of channel binding in its GS2 header. @see RFC 5802 §6 */
export type ClientBinding =
  /** It can't bind. */
  | { readonly kind: 'none' }
  /** It could, but the server offered no way: whoever has taken the offer away is found out. */
  | { readonly kind: 'unused' }
  | { readonly kind: 'bound'; readonly type: string; readonly data: Uint8Array };

/** What a server offers on this connection. */
export interface ServerBinding {
  /** Was the -PLUS variant chosen? */
  readonly isPlus: boolean;
  /** Empty when no -PLUS variant is offered. */
  readonly bindings: ChannelBindings;
}

function gs2Header(binding: ClientBinding): string {
  return binding.kind === 'bound' ? `p=${binding.type},,` : binding.kind === 'unused' ? 'y,,' : 'n,,';
}

/** The data the client must have bound to. @throws SaslError @see RFC 5802 §6, XEP-0440 §4 */
function boundData(flag: string, type: string | undefined, { isPlus, bindings }: ServerBinding): Uint8Array {
  if ((flag === 'p') !== isPlus) {
    throw new SaslError('malformed-request', 'the mechanism and its GS2 header contradict each other');
  }
  if (flag === 'y' && bindingTypes(bindings).length > 0) {
    throw new SaslError('not-authorized', 'somebody has taken away the offer of channel binding');
  }
  if (type === undefined) return new Uint8Array(0);
  const data = (bindings as Readonly<Record<string, Uint8Array>>)[type];
  if (!data || !Object.hasOwn(bindings, type)) {
    throw new SaslError('not-authorized', `channel binding ${type} is not possible here`);
  }
  return data;
}

function attributes(text: string): Record<string, string | undefined> {
  const result: Record<string, string | undefined> = {};
  for (const part of text.split(',')) if (part[1] === '=') result[part[0] as string] ??= part.slice(2);
  return result;
}

function newNonce(): string {
  return encodeBase64(crypto.getRandomValues(new Uint8Array(18)));
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new SaslError('malformed-request', 'invalid UTF-8');
  }
}

/** Hi(). @throws SaslError `malformed-request` for what can't be a password @see RFC 5802 §2.2 */
async function saltPassword(password: string, salt: Uint8Array<ArrayBuffer>, iterations: number, hash: ScramHash) {
  const key = await subtle.importKey('raw', encodeUtf8(preparePassword(password)), 'PBKDF2', false, ['deriveBits']);
  const bits = hash === 'SHA-1' ? 160 : 256;
  return new Uint8Array(await subtle.deriveBits({ name: 'PBKDF2', hash, salt, iterations }, key, bits));
}

async function hmac(
  key: Uint8Array<ArrayBuffer>,
  message: string | Uint8Array<ArrayBuffer>,
  hash: ScramHash,
): Promise<Uint8Array<ArrayBuffer>> {
  const imported = await subtle.importKey('raw', key, { name: 'HMAC', hash }, false, ['sign']);
  const bytes = typeof message === 'string' ? encodeUtf8(message) : message;
  return new Uint8Array(await subtle.sign('HMAC', imported, bytes));
}

async function digest(bytes: Uint8Array<ArrayBuffer>, hash: ScramHash): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await subtle.digest(hash, bytes));
}

function xor(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(a, (byte, i) => byte ^ (b[i] as number));
}
