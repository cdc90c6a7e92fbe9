import type { DataForm, DiscoIdentity, DiscoItem, Jid } from '@thingward/xmpp';
import type { MaybePromise } from './hooks.ts';
import type { Stanza } from './stanza.ts';

/** Whom a request asks: the server itself, or an account (its bare JID). */
export type DiscoScope = 'server' | 'account';

/** Information about one node. @see XEP-0030 §3.2 */
export interface DiscoNodeInfo {
  readonly identities: readonly DiscoIdentity[];
  readonly features: readonly string[];
  /** @see XEP-0128 */
  readonly forms?: readonly DataForm[];
}

/** Answers for nodes; undefined when there is no such node for this asker. Errors are thrown as StanzaError. */
export interface DiscoNode {
  info?(node: string, request: Stanza): MaybePromise<DiscoNodeInfo | undefined>;
  items?(node: string, request: Stanza): MaybePromise<readonly DiscoItem[] | undefined>;
}

interface Scope {
  readonly identities: DiscoIdentity[];
  readonly features: Set<string>;
  readonly forms: (() => DataForm | undefined)[];
  readonly nodes: DiscoNode[];
  readonly items: ((request: Stanza, asked: Jid) => MaybePromise<readonly DiscoItem[]>)[];
}

/** What the server and its accounts say of themselves, put together by the modules. @see XEP-0030 */
export class DiscoRegistry {
  readonly #scopes: Readonly<Record<DiscoScope, Scope>> = { server: emptyScope(), account: emptyScope() };

  addIdentity(scope: DiscoScope, identity: DiscoIdentity): void {
    this.#scopes[scope].identities.push(identity);
  }

  addFeature(scope: DiscoScope, ...features: readonly string[]): void {
    for (const feature of features) this.#scopes[scope].features.add(feature);
  }

  /** Extended information. @see XEP-0128 */
  addForm(scope: DiscoScope, form: () => DataForm | undefined): void {
    this.#scopes[scope].forms.push(form);
  }

  addNode(scope: DiscoScope, node: DiscoNode): void {
    this.#scopes[scope].nodes.push(node);
  }

  addItems(scope: DiscoScope, items: (request: Stanza, asked: Jid) => MaybePromise<readonly DiscoItem[]>): void {
    this.#scopes[scope].items.push(items);
  }

  /** What the whole says of itself. */
  info(scope: DiscoScope): DiscoNodeInfo {
    const { identities, features, forms } = this.#scopes[scope];
    return { identities, features: [...features], forms: forms.flatMap((form) => form() ?? []) };
  }

  async items(scope: DiscoScope, request: Stanza): Promise<readonly DiscoItem[]> {
    const lists = this.#scopes[scope].items.map((items) => items(request, request.to as Jid));
    return (await Promise.all(lists)).flat();
  }

  async nodeInfo(scope: DiscoScope, node: string, request: Stanza): Promise<DiscoNodeInfo | undefined> {
    for (const answering of this.#scopes[scope].nodes) {
      const found = await answering.info?.(node, request);
      if (found) return found;
    }
    return undefined;
  }

  async nodeItems(scope: DiscoScope, node: string, request: Stanza): Promise<readonly DiscoItem[] | undefined> {
    for (const answering of this.#scopes[scope].nodes) {
      const found = await answering.items?.(node, request);
      if (found) return found;
    }
    return undefined;
  }
}

function emptyScope(): Scope {
  return { identities: [], features: new Set(), forms: [], nodes: [], items: [] };
}
