import type { Element } from '@thingward/xml';
import {
  type IqRequest,
  type Jid,
  type Logger,
  PeerError,
  StanzaError,
  type Unsubscribe,
  type XmppPeer,
} from '@thingward/xmpp';
import { FIELD_TYPES } from '../sensor-data/field.ts';
import { type AccessDecision, accessDenied } from '../thing/access.ts';
import { findDialect } from '../thing/find-dialect.ts';
import { type NodeReference, nodeKey } from '../thing/node.ts';
import { decodingRequest, PayloadError, type Tokens } from '../thing/payload.ts';
import { decodeFriendAnswer, encodeClearCache, encodeFriendQuestion } from './codec.ts';
import type { ProvisioningDialect } from './dialect.ts';
import { PROVISIONING_DIALECTS } from './dialects.ts';
import { ServerAddress } from './server-address.ts';
import {
  decodeTokenChallenge,
  decodeTokenChallengeResponse,
  encodeTokenChallenge,
  encodeTokenChallengeResponse,
} from './token-codec.ts';
import { TokenTrail } from './token-trail.ts';

/** How a Thing follows its provisioning server. */
export interface ProvisioningSettings {
  /** Bare JID; `find`: the one that goes with the server it is connected to. Until it is found nobody may anything. */
  readonly server: Jid | 'find';
  /** Does what owner and friends say count while the server it would go with says that there is none? Once one was found, it has to be asked. */
  readonly isOptional?: boolean | undefined;
  /** Keeps answers, and which server was found, over restarts; in memory when not given. */
  readonly store?: AnswerStore | undefined;
  /** For how long an answer counts without asking again, in milliseconds. An hour when not given. */
  readonly freshMs?: number | undefined;
  /** For how much longer it counts when the server can't be reached, in milliseconds. A day when not given; 0: not at all. */
  readonly graceMs?: number | undefined;
  /** How long to wait for an answer, in milliseconds. 10,000 when not given: less than requesters usually wait. */
  readonly timeoutMs?: number | undefined;
  /** Answers that are kept: those used last. 1,000 when not given. */
  readonly maxAnswers?: number | undefined;
  /** Questions at the same time; more are answered with no. 200 when not given. */
  readonly maxQuestions?: number | undefined;
}

/** An answer of the provisioning server. */
export interface KeptAnswer {
  readonly decision: AccessDecision;
  /** When it was given, in milliseconds since 1970. */
  readonly at: number;
}

/** Keeps what a provisioning server has answered. @see XEP-0324 §5.2 */
export interface AnswerStore {
  /** The provisioning server that was found, and its answers by question, those used last at the end. */
  load(): Promise<{ readonly server?: Jid | undefined; readonly answers: Iterable<readonly [string, KeptAnswer]> }>;
  /** The server that was found. */
  found(server: Jid): void;
  keep(question: string, answer: KeptAnswer): void;
  forget(question: string): void;
  forgetAll(): void;
}

export interface AuthorityOptions extends ProvisioningSettings {
  readonly peer: XmppPeer;
  /** May be the provisioning server that is to be found. */
  readonly registry?: Jid | undefined;
  /** The server was found. */
  readonly onFound?: ((server: Jid) => void) | undefined;
  /** All kept answers were forgotten, as a server said: what they allowed is to be checked again. */
  readonly onCleared: () => void;
  readonly log: Logger;
  readonly clock: () => Date;
}

interface RememberedAnswer extends KeptAnswer {
  /** The connection was lost since: it has to be asked again, if that can be done. */
  isStale: boolean;
}

/**
 * Asks a provisioning server who may be a friend of Things, read and control them, and keeps its answers until it says that they have
 * changed, they are old, or the connection was lost. Whoever it can't ask about may nothing.
 * @see XEP-0324 §3
 */
export class Authority {
  readonly #options: AuthorityOptions;
  readonly #answers = new Map<string, RememberedAnswer>();
  /** Questions under way, so that nothing is asked twice at the same time. */
  readonly #asking = new Map<string, Promise<AccessDecision>>();
  readonly #trail: TokenTrail;
  #address: ServerAddress;
  /** Grows with each clearing: an answer to a question from before it is not kept. */
  #epoch = 0;

  constructor(options: AuthorityOptions) {
    this.#options = options;
    this.#trail = new TokenTrail(options.maxAnswers ?? 1000, () => options.clock().getTime());
    this.#address = this.#newAddress(undefined);
  }

  /** Takes up what was kept, before `serve`. What it allows counts only while the server can't be asked. @throws what the store throws */
  async load(): Promise<void> {
    const { store } = this.#options;
    if (!store) return;
    const { server, answers } = await store.load();
    this.#address = this.#newAddress(server);
    for (const [key, answer] of answers) this.#answers.set(key, { ...answer, isStale: true });
    this.#dropOldest();
  }

  /** Bare JID of the server; undefined while it has not been found. */
  get server(): Jid | undefined {
    return this.#address.server;
  }

  /** Is there none, and need there be none? */
  get isAbsent(): boolean {
    return this.#options.isOptional === true && this.#address.isAbsent;
  }

  /** Looks for the server where it has not been found; what went wrong is logged. */
  async find(): Promise<void> {
    try {
      await this.#address.find();
    } catch (error) {
      if (!(error instanceof StanzaError || error instanceof PeerError)) throw error;
      this.#options.log[this.isAbsent ? 'debug' : 'warn']({ error }, 'no provisioning server was found');
    }
  }

  /** Follows where the server is, and what becomes of the connection. */
  follow(): readonly Unsubscribe[] {
    return [
      ...this.#address.follow(),
      this.#options.peer.onOnline(() => {
        // It may have said in the meantime that its rules have changed.
        for (const answer of this.#answers.values()) answer.isStale = true;
      }),
      () => this.#address.stop(),
    ];
  }

  /** Is it the provisioning server? */
  is(jid: Jid): boolean {
    return this.#address.is(jid);
  }

  /** Sends something of ours to the server, where it is now. @throws StanzaError, PeerError */
  async tell(payload: Element, timeoutMs = this.#timeoutMs): Promise<void> {
    const { peer } = this.#options;
    await peer.request('set', await this.#address.reach(timeoutMs), payload, { timeoutMs });
  }

  /** May somebody be a friend of the Things? @see XEP-0324 §3.2 */
  async mayBeFriend(jid: Jid): Promise<boolean> {
    const decision = await this.#decide(['friend', jid.bare.toString()], async () => {
      const { answer: element, dialect } = await this.#ask(({ namespace }) => encodeFriendQuestion(jid, namespace));
      const answer = decodeFriendAnswer(element, dialect.namespace);
      return answer.isAllowed && answer.jid.equals(jid.bare);
    });
    return decision === true;
  }

  /** May the Things trust another provisioning server beside this one? @see XEP-0324 §3.1.4 */
  async allowsTrustIn(other: Jid): Promise<boolean> {
    const decision = await this.#decide(['trust', other.bare.toString()], async () => {
      const { answer: element, dialect } = await this.#ask(({ namespace }) => encodeFriendQuestion(other, namespace));
      const answer = decodeFriendAnswer(element, dialect.namespace);
      return answer.secondaryTrustAllowed && answer.jid.equals(other.bare);
    });
    return decision === true;
  }

  /** What of a Thing may somebody read? @see XEP-0324 §3.3 */
  async mayRead(requester: Jid, node: NodeReference | undefined, tokens: Tokens): Promise<AccessDecision> {
    this.#trail.passed(requester, tokens);
    const jid = requester.bare;
    return this.#decide(['read', jid.toString(), nodeKey(node), ...tokensOf(tokens)], async () => {
      const nodes = node ? [node] : [];
      const { answer: element, dialect } = await this.#ask(({ encodeReadQuestion }) =>
        encodeReadQuestion({ jid, nodes, names: [], types: FIELD_TYPES, ...named(tokens) }),
      );
      const answer = dialect.decodeReadAnswer(element);
      const isMeant = answer.jid.equals(jid) && names(answer.nodes, node);
      if (!answer.isAllowed || !isMeant) return false;
      const types = FIELD_TYPES.every((type) => answer.types.includes(type)) ? [] : answer.types;
      if (answer.names.length === 0 && types.length === 0) return true;
      return {
        ...(answer.names.length === 0 ? {} : { names: answer.names }),
        ...(types.length === 0 ? {} : { types }),
      };
    });
  }

  /** What of a Thing may somebody control? @see XEP-0324 §3.4 */
  async mayControl(requester: Jid, node: NodeReference | undefined, tokens: Tokens): Promise<AccessDecision> {
    this.#trail.passed(requester, tokens);
    const jid = requester.bare;
    return this.#decide(['control', jid.toString(), nodeKey(node), ...tokensOf(tokens)], async () => {
      const nodes = node ? [node] : [];
      const { answer: element, dialect } = await this.#ask(({ encodeControlQuestion }) =>
        encodeControlQuestion({ jid, nodes, names: [], ...named(tokens) }),
      );
      const answer = dialect.decodeControlAnswer(element);
      if (!answer.isAllowed || !answer.jid.equals(jid) || !names(answer.nodes, node)) return false;
      return answer.names.length === 0 ? true : { names: answer.names };
    });
  }

  /** Forgets all answers. */
  clear(): void {
    this.#epoch++;
    this.#answers.clear();
    this.#options.store?.forgetAll();
    // What is being asked now is asked again by the next one who wants to know.
    this.#asking.clear();
  }

  async #decide(about: readonly unknown[], ask: () => Promise<AccessDecision>): Promise<AccessDecision> {
    const key = JSON.stringify(about);
    const kept = this.#answers.get(key);
    const { freshMs = 3_600_000, graceMs = 86_400_000, maxQuestions = 200 } = this.#options;
    if (kept) {
      this.#answers.delete(key);
      this.#answers.set(key, kept);
      if (!kept.isStale && this.#now() - kept.at < freshMs) return kept.decision;
    }
    const epoch = this.#epoch;
    let asking = this.#asking.get(key);
    if (asking === undefined) {
      if (this.#asking.size >= maxQuestions) return false;
      asking = ask();
      this.#asking.set(key, asking);
    }
    try {
      const decision = await asking;
      if (epoch === this.#epoch) this.#keep(key, decision);
      return decision;
    } catch (error) {
      if (!(error instanceof StanzaError || error instanceof PeerError || error instanceof PayloadError)) throw error;
      const counts = kept !== undefined && epoch === this.#epoch && isUnreachable(error);
      const isInGrace = counts && this.#now() - kept.at < freshMs + graceMs;
      this.#options.log.warn({ error, isInGrace }, 'the provisioning server gave no answer');
      return isInGrace ? kept.decision : false;
    } finally {
      if (this.#asking.get(key) === asking) this.#asking.delete(key);
    }
  }

  #keep(key: string, decision: AccessDecision): void {
    const answer = { decision, at: this.#now() };
    this.#answers.delete(key);
    this.#answers.set(key, { ...answer, isStale: false });
    this.#options.store?.keep(key, answer);
    this.#dropOldest();
  }

  #dropOldest(): void {
    const { maxAnswers = 1000, store } = this.#options;
    for (const oldest of this.#answers.keys()) {
      if (this.#answers.size <= maxAnswers) return;
      this.#answers.delete(oldest);
      store?.forget(oldest);
    }
  }

  async #ask(
    question: (dialect: ProvisioningDialect) => Element,
  ): Promise<{ readonly answer: Element; readonly dialect: ProvisioningDialect }> {
    const { peer } = this.#options;
    const timeoutMs = this.#timeoutMs;
    const server = await this.#address.reach(timeoutMs);
    const dialect = await findDialect(peer, server, PROVISIONING_DIALECTS, { timeoutMs });
    const payload = question(dialect);
    const answer = await peer.request('get', server, payload, { timeoutMs });
    if (answer === undefined) throw new PayloadError('unexpected-element', payload.name, 'the answer is empty');
    return { answer, dialect };
  }

  #newAddress(known: Jid | undefined): ServerAddress {
    const { peer, server, registry, log, store, onFound } = this.#options;
    return new ServerAddress({
      peer,
      server,
      registry,
      known,
      onFound: (found) => {
        store?.found(found);
        onFound?.(found);
      },
      log,
      now: () => this.#now(),
    });
  }

  get #timeoutMs(): number {
    return this.#options.timeoutMs ?? 10_000;
  }

  /** The server says that its rules have changed. @returns the answer to it @see XEP-0324 §3.5 */
  cleared({ namespace, acknowledgesByElement }: ProvisioningDialect): Element | undefined {
    this.clear();
    return acknowledgesByElement ? encodeClearCache('clearCacheResponse', namespace) : undefined;
  }

  /** Passes a challenge on to who gave the token, and the response back. @see XEP-0324 §3.1.3.2 */
  async challenged({ payload }: IqRequest, namespace: string): Promise<Element> {
    const challenge = decodingRequest(() => decodeTokenChallenge(payload, namespace));
    const giver = this.#trail.giverOf(challenge.token);
    if (giver === undefined) throw accessDenied();
    const { peer } = this.#options;
    const passedOn = encodeTokenChallenge(challenge, namespace);
    const response = await peer.request('get', giver, passedOn, { timeoutMs: this.#timeoutMs });
    if (response === undefined) throw new StanzaError('undefined-condition', 'the challenge was not met');
    const met = decodingRequest(() => decodeTokenChallengeResponse(response, namespace));
    return encodeTokenChallengeResponse(met, namespace);
  }

  #now(): number {
    return this.#options.clock().getTime();
  }
}

/** Errors that say nothing about access: the server, or the way to it, is not there. */
const UNREACHABLE = new Set([
  'remote-server-not-found',
  'remote-server-timeout',
  'recipient-unavailable',
  'service-unavailable',
  'internal-server-error',
]);

function isUnreachable(error: unknown): boolean {
  return error instanceof PeerError || (error instanceof StanzaError && UNREACHABLE.has(error.condition));
}

/** An answer without nodes is for all that were asked about. */
function names(nodes: readonly NodeReference[], node: NodeReference | undefined): boolean {
  return nodes.length === 0 || nodes.some((allowed) => nodeKey(allowed) === nodeKey(node));
}

function tokensOf({ serviceToken, deviceToken, userToken }: Tokens): readonly unknown[] {
  return [serviceToken ?? null, deviceToken ?? null, userToken ?? null];
}

function named({ serviceToken, deviceToken, userToken }: Tokens): Tokens {
  return { serviceToken, deviceToken, userToken };
}
