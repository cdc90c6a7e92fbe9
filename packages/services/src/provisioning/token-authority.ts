import { randomBytes, timingSafeEqual } from 'node:crypto';
import {
  decodeGetToken,
  decodeGetTokenChallengeResponse,
  decodeTokenChallengeResponse,
  decodingRequest,
  encodeGetTokenChallenge,
  encodeGetTokenResponse,
  encodeTokenChallenge,
  PayloadError,
  TOKEN_NAMESPACES,
} from '@thingward/things';
import { type Element, xml } from '@thingward/xml';
import {
  decodeBase64,
  encodeBase64,
  type IqRequest,
  type Jid,
  PeerError,
  StanzaError,
  type Unsubscribe,
  type XmppPeer,
} from '@thingward/xmpp';
import type { Kysely } from 'kysely';
import { type ChallengeableCertificate, readCertificate } from './certificate.ts';
import type { ProvisioningTables } from './tables.ts';

/** For how long a challenge waits to be met: the least XEP-0324 §3.1.3.1 allows, and some for the way. */
const PENDING_MS = 90_000;
/** Challenges that wait, of one JID and of all. */
const MAX_PENDING_OF_ONE = 10;
const MAX_PENDING = 10_000;
/** Tokens that one JID can have made, and all. */
const MAX_TOKENS_OF_ONE = 50;
const MAX_TOKENS = 1_000_000;
const CHALLENGE_BYTES = 32;
const TOKEN_BYTES = 18;
/** For how long the outcome of a challenge counts, and how many are remembered. */
const PROVEN_MS = 60_000;
const REFUSED_MS = 5_000;
const MAX_OUTCOMES = 10_000;

interface Pending {
  readonly from: string;
  readonly bytes: Buffer;
  readonly certificate: ChallengeableCertificate;
  readonly until: number;
}

export interface TokenAuthorityOptions {
  readonly peer: XmppPeer;
  readonly database: Kysely<ProvisioningTables>;
  readonly now: () => number;
  /** Shorter than the one who asks waits for the answer that hangs on it. */
  readonly challengeTimeoutMs: number;
}

/** Gives tokens for certificates, and finds out whether who shows a token may. @see XEP-0324 §3.1.3 */
export class TokenAuthority {
  readonly #options: TokenAuthorityOptions;
  readonly #pending = new Map<number, Pending>();
  readonly #outcomes = new Map<string, { readonly isProven: boolean; readonly until: number }>();
  readonly #challenging = new Map<string, Promise<boolean>>();
  #sequence = randomBytes(4).readUInt32BE() >>> 2;

  constructor(options: TokenAuthorityOptions) {
    this.#options = options;
  }

  serve(): readonly Unsubscribe[] {
    const { peer } = this.#options;
    return [...new Set(TOKEN_NAMESPACES)].flatMap((namespace) => [
      peer.onIq('get', { name: 'getToken', namespace }, (request) => this.#asked(request, namespace)),
      peer.onIq('get', { name: 'getTokenChallengeResponse', namespace }, (request) => this.#met(request, namespace)),
      peer.onIq('get', { name: 'getCertificate', namespace }, (request) => this.#shown(request, namespace)),
    ]);
  }

  /** The fingerprint of the certificate a token stands for; undefined when there is none, or it is not valid now. */
  async fingerprintOf(token: string): Promise<string | undefined> {
    const certificate = await this.#certificateOf(token);
    return certificate?.isValidAt(this.#options.now()) ? certificate.fingerprint : undefined;
  }

  /**
   * Is who sent a token, itself or on behalf of another, allowed to use it? It is challenged unless it was a moment ago.
   * @param sender full JID of who sent it to us
   * @param onBehalfOf whose request it came with
   */
  async isProven(token: string, sender: Jid, onBehalfOf: Jid, namespace: string): Promise<boolean> {
    const key = `${token} ${sender} ${onBehalfOf}`;
    const { now } = this.#options;
    const known = this.#outcomes.get(key);
    if (known && known.until > now()) return known.isProven;
    let challenge = this.#challenging.get(key);
    if (!challenge) {
      challenge = this.#challenge(token, sender, namespace);
      this.#challenging.set(key, challenge);
    }
    try {
      const isProven = await challenge;
      this.#outcomes.delete(key);
      this.#outcomes.set(key, { isProven, until: now() + (isProven ? PROVEN_MS : REFUSED_MS) });
      for (const oldest of this.#outcomes.keys()) {
        if (this.#outcomes.size <= MAX_OUTCOMES) break;
        this.#outcomes.delete(oldest);
      }
      return isProven;
    } finally {
      if (this.#challenging.get(key) === challenge) this.#challenging.delete(key);
    }
  }

  async #challenge(token: string, sender: Jid, namespace: string): Promise<boolean> {
    const { peer, challengeTimeoutMs: timeoutMs, now } = this.#options;
    const certificate = await this.#certificateOf(token);
    if (!certificate?.isValidAt(now())) return false;
    const bytes = randomBytes(CHALLENGE_BYTES);
    const challenge = encodeTokenChallenge({ token, bytes: certificate.encrypt(bytes) }, namespace);
    try {
      const response = await peer.request('get', sender, challenge, { timeoutMs });
      return response !== undefined && isSame(decodeTokenChallengeResponse(response, namespace), bytes);
    } catch (error) {
      if (error instanceof StanzaError || error instanceof PayloadError || error instanceof PeerError) return false;
      throw error;
    }
  }

  #asked({ from, payload }: IqRequest, namespace: string): Element {
    const certificate = readCertificate(decodingRequest(() => decodeGetToken(payload, namespace)));
    const now = this.#options.now();
    if (!certificate.isValidAt(now)) throw new StanzaError('bad-request', 'the certificate is not valid now');
    for (const [sequence, { until }] of this.#pending) if (until <= now) this.#pending.delete(sequence);
    const bare = from.bare.toString();
    const own = [...this.#pending.values()].filter((pending) => pending.from.startsWith(bare)).length;
    if (own >= MAX_PENDING_OF_ONE || this.#pending.size >= MAX_PENDING) {
      throw new StanzaError('resource-constraint', 'too many challenges wait for their responses');
    }
    const bytes = randomBytes(CHALLENGE_BYTES);
    const sequence = this.#nextSequence();
    this.#pending.set(sequence, { from: from.toString(), bytes, certificate, until: now + PENDING_MS });
    return encodeGetTokenChallenge({ sequence, bytes: certificate.encrypt(bytes) }, namespace);
  }

  async #met({ from, payload }: IqRequest, namespace: string): Promise<Element> {
    const { sequence, bytes } = decodingRequest(() => decodeGetTokenChallengeResponse(payload, namespace));
    const pending = this.#pending.get(sequence);
    if (!pending || pending.from !== from.toString() || pending.until <= this.#options.now()) {
      throw new StanzaError('item-not-found', 'there is no such challenge');
    }
    // Whoever gets it wrong has to begin anew.
    this.#pending.delete(sequence);
    if (!isSame(bytes, pending.bytes)) throw new StanzaError('bad-request', 'the response is wrong');
    return encodeGetTokenResponse(await this.#tokenFor(from, pending.certificate), namespace);
  }

  /** The public certificate of a token. @see Neuro-Foundation, Provisioning */
  async #shown({ payload }: IqRequest, namespace: string): Promise<Element> {
    const certificate = await this.#certificateOf(payload.text.trim());
    if (!certificate) throw new StanzaError('item-not-found', 'there is no such token');
    return xml('certificate', { xmlns: namespace }, encodeBase64(certificate.der));
  }

  /** The same for the same certificate, so that rules about it go on. */
  async #tokenFor(from: Jid, { fingerprint, der }: ChallengeableCertificate): Promise<string> {
    const { database, now } = this.#options;
    const jid = from.bare.toString();
    return database.transaction().execute(async (transaction) => {
      const known = await transaction
        .selectFrom('provisioning_tokens')
        .select('token')
        .where('fingerprint', '=', fingerprint)
        .executeTakeFirst();
      if (known) return known.token;
      const { count } = await transaction
        .selectFrom('provisioning_tokens')
        .select(({ fn }) => fn.countAll().as('count'))
        .executeTakeFirstOrThrow();
      const own = await transaction
        .selectFrom('provisioning_tokens')
        .select('token')
        .where('jid', '=', jid)
        .limit(MAX_TOKENS_OF_ONE)
        .execute();
      if (Number(count) >= MAX_TOKENS || own.length >= MAX_TOKENS_OF_ONE) {
        throw new StanzaError('resource-constraint', 'there is no room for more tokens');
      }
      const token = randomBytes(TOKEN_BYTES).toString('base64url');
      await transaction
        .insertInto('provisioning_tokens')
        .values({ token, fingerprint, certificate: encodeBase64(der), jid, made_at: now() })
        .execute();
      return token;
    });
  }

  async #certificateOf(token: string): Promise<ChallengeableCertificate | undefined> {
    const row = await this.#options.database
      .selectFrom('provisioning_tokens')
      .select('certificate')
      .where('token', '=', token)
      .executeTakeFirst();
    const der = row && decodeBase64(row.certificate);
    return der && readCertificate(der);
  }

  #nextSequence(): number {
    do this.#sequence = (this.#sequence + 1) % 2 ** 30;
    while (this.#pending.has(this.#sequence));
    return this.#sequence;
  }
}

function isSame(given: Uint8Array, expected: Uint8Array): boolean {
  return given.length === expected.length && timingSafeEqual(given, expected);
}
