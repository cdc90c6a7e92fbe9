import type { Element } from '@thingward/xml';
import type { IqRequest, Jid, Unsubscribe } from '@thingward/xmpp';
import { type AccessDecision, accessDenied, type PartialAccess } from '../thing/access.ts';
import type { NodeReference } from '../thing/node.ts';
import type { Tokens } from '../thing/payload.ts';
import { Authority, type AuthorityOptions, type ProvisioningSettings } from './authority.ts';
import { PROVISIONING_DIALECTS } from './dialects.ts';

export interface AuthoritiesOptions extends AuthorityOptions {
  /** Others that are asked, too, as long as the first says that Things may trust others. */
  readonly secondary?: readonly ProvisioningSettings[] | undefined;
}

/**
 * The provisioning servers a Thing trusts: one, and others beside it as far as that one lets it. What any of them allows is allowed.
 * @see XEP-0324 §3.1.4, §5.3
 */
export class Authorities {
  readonly #options: AuthoritiesOptions;
  readonly #first: Authority;
  readonly #others: readonly Authority[];

  constructor(options: AuthoritiesOptions) {
    const { secondary = [], ...first } = options;
    this.#options = options;
    this.#first = new Authority(first);
    this.#others = secondary.map((settings) => new Authority({ ...first, store: undefined, ...settings }));
  }

  /** Takes up what was kept, before `serve`. @throws what the stores throw */
  async load(): Promise<void> {
    for (const authority of this.#all) await authority.load();
  }

  /** Bare JIDs of those that have been found. */
  get servers(): readonly Jid[] {
    return this.#all.flatMap(({ server }) => server ?? []);
  }

  /** Is there none, and need there be none? */
  get isAbsent(): boolean {
    return this.#first.isAbsent;
  }

  /** Looks for those that have not been found; what went wrong is logged. */
  async find(): Promise<void> {
    for (const authority of this.#all) if (!authority.server) await authority.find();
  }

  /** Begins to listen to them. */
  serve(): readonly Unsubscribe[] {
    const { peer, onCleared } = this.#options;
    const by = ({ from }: IqRequest): Authority => {
      const authority = this.#of(from);
      if (!authority) throw accessDenied();
      return authority;
    };
    return [
      ...this.#all.flatMap((authority) => authority.follow()),
      ...PROVISIONING_DIALECTS.flatMap((dialect) => [
        peer.onIq('set', { name: 'clearCache', namespace: dialect.namespace }, (request) => {
          const answer = by(request).cleared(dialect);
          onCleared();
          return answer;
        }),
        peer.onIq('get', { name: 'tokenChallenge', namespace: dialect.tokenNamespace }, (request) =>
          by(request).challenged(request, dialect.tokenNamespace),
        ),
      ]),
    ];
  }

  /** Is it one of them? */
  is(jid: Jid): boolean {
    return this.#of(jid) !== undefined;
  }

  /** Sends something of ours to each. @throws StanzaError, PeerError of the first */
  async tell(payload: Element): Promise<void> {
    const told = await Promise.allSettled(this.#all.map((authority) => authority.tell(payload)));
    const [first] = told;
    if (first?.status === 'rejected') throw first.reason;
  }

  /** May somebody be a friend of the Things? @see XEP-0324 §3.2 */
  async mayBeFriend(jid: Jid): Promise<boolean> {
    return (await this.#ask((authority) => authority.mayBeFriend(jid))) === true;
  }

  /** What of a Thing may somebody read? @see XEP-0324 §3.3 */
  mayRead(requester: Jid, node: NodeReference | undefined, tokens: Tokens): Promise<AccessDecision> {
    return this.#ask((authority) => authority.mayRead(requester, node, tokens));
  }

  /** What of a Thing may somebody control? @see XEP-0324 §3.4 */
  mayControl(requester: Jid, node: NodeReference | undefined, tokens: Tokens): Promise<AccessDecision> {
    return this.#ask((authority) => authority.mayControl(requester, node, tokens));
  }

  /** Forgets all answers. */
  clear(): void {
    for (const authority of this.#all) authority.clear();
  }

  async #ask(question: (authority: Authority) => Promise<AccessDecision>): Promise<AccessDecision> {
    const answers = await Promise.all([
      question(this.#first),
      ...this.#others.map(async (other) => {
        const { server } = other;
        return server !== undefined && (await this.#first.allowsTrustIn(server)) && question(other);
      }),
    ]);
    return answers.reduce(either);
  }

  get #all(): readonly Authority[] {
    return [this.#first, ...this.#others];
  }

  #of(jid: Jid): Authority | undefined {
    return this.#all.find((authority) => authority.is(jid));
  }
}

/** What any of two allows, or, where that can't be said in one, what the first does. */
function either(a: AccessDecision, b: AccessDecision): AccessDecision {
  if (typeof a === 'boolean' || typeof b === 'boolean') return a === true || b === true || a || b;
  const isOnlyNames = (part: PartialAccess) => part.types === undefined;
  const isOnlyTypes = (part: PartialAccess) => part.names === undefined;
  if (isOnlyNames(a) && isOnlyNames(b)) return { names: [...new Set([...(a.names ?? []), ...(b.names ?? [])])] };
  if (isOnlyTypes(a) && isOnlyTypes(b)) return { types: [...new Set([...(a.types ?? []), ...(b.types ?? [])])] };
  return a;
}
