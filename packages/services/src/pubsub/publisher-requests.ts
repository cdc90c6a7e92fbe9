import { randomUUID } from 'node:crypto';
import type { Element } from '@thingward/xml';
import { type Jid, StanzaError } from '@thingward/xmpp';
import { deleting, publishing } from './access.ts';
import type { EngineParts } from './engine-parts.ts';
import { readingForm, requireNode } from './finding.ts';
import { PUBLISH_OPTIONS } from './namespaces.ts';
import type { NodeConfig } from './node-config.ts';
import { checkNodeId, createNode } from './node-creation.ts';
import { pubsubError, unsupported } from './pubsub-error.ts';
import type { Item, PubSubNode } from './pubsub-node.ts';
import { encodePublished } from './reply.ts';
import type { PublishedItem, UserRequest } from './request.ts';

type Request<Kind> = Extract<UserRequest, { readonly kind: Kind }>;

/** Publishing and deleting items. @see XEP-0060 §7 */
export class PublisherRequests {
  readonly #parts: EngineParts;

  constructor(parts: EngineParts) {
    this.#parts = parts;
  }

  /** Answered when the items are stored, where they are to be. @see XEP-0060 §7.1 */
  async publish(host: Jid, from: Jid, request: Request<'publish'>): Promise<Element> {
    const preconditions = this.#preconditions(request);
    const node =
      (await this.#parts.nodes.get(host, request.node)) ??
      (await this.#create(host, from, request.node, preconditions));
    const refusal = publishing(node, from);
    if (refusal) throw refusal;
    requireMet(preconditions, node.config);
    const items = this.#checked(node, from, request.items);
    let removed: readonly string[] = [];
    if (node.config.persistItems) removed = await this.#parts.items.publish(node, items);
    else node.lastItem = items.at(-1);
    if (node.config.purgeOffline) this.#parts.environment.presence?.watch(from.bare);
    await this.#parts.notifier.published(node, items);
    // What had to make room is told of where subscribers want to know (§7.1.2.5).
    if (removed.length > 0 && node.config.notifyRetract && node.config.publishNodeFull === 'retract-oldest') {
      await this.#parts.notifier.toSubscribers(node, { kind: 'retracted', node: node.id, ids: removed });
    }
    return encodePublished(
      node.id,
      items.map(({ id }) => id),
    );
  }

  /** @see XEP-0060 §7.2 */
  async retract(host: Jid, from: Jid, { node: id, ids, notify }: Request<'retract'>): Promise<undefined> {
    const { items, notifier, limits } = this.#parts;
    const node = await requireNode(this.#parts, host, id);
    // Who may never delete anything does not learn which items there are.
    const never = deleting(node, from, from.bare.toString());
    if (never) throw never;
    if (!node.config.persistItems) throw unsupported('persistent-items');
    if (ids.length > limits.itemsPerRequest) throw tooMany(limits.itemsPerRequest);
    await items.retract(node, ids, (publisher) => {
      const refusal = deleting(node, from, publisher);
      if (refusal) throw refusal;
    });
    if (notify || node.config.notifyRetract) {
      await notifier.toSubscribers(node, { kind: 'retracted', node: node.id, ids });
    }
  }

  /** @see XEP-0060 §7.1.4, §7.1.5 */
  async #create(host: Jid, from: Jid, id: string, preconditions: Partial<NodeConfig>): Promise<PubSubNode> {
    // Who may make no nodes learns no more than that there is none; who may, makes it even where another one was redirected.
    if (!this.#parts.profile.mayCreate(host, from)) return requireNode(this.#parts, host, id);
    checkNodeId(id, this.#parts.limits);
    const config = { ...this.#parts.profile.defaultConfig, ...preconditions };
    return this.#parts.nodes.change(
      host,
      id,
      async (present) => present ?? createNode(this.#parts, host, from, id, config),
    );
  }

  #preconditions({ preconditions }: Request<'publish'>): Partial<NodeConfig> {
    if (!preconditions) return {};
    return readingForm(
      () => this.#parts.forms.preconditions(preconditions, PUBLISH_OPTIONS),
      (text) => pubsubError('precondition-not-met', text),
    );
  }

  /** The items as they will be. @see XEP-0060 §4.3, §7.1.3, §12.9 */
  #checked(node: PubSubNode, from: Jid, items: readonly PublishedItem[]): readonly Item[] {
    const { config } = node;
    const { limits, now } = this.#parts;
    if (!config.persistItems && !config.deliverPayloads) {
      if (items.length > 0) throw pubsubError('item-forbidden');
      return [];
    }
    if (items.length === 0) throw pubsubError('item-required');
    const room = config.persistItems && config.maxItems !== 'max' ? config.maxItems : limits.itemsPerNode;
    if (items.length > Math.min(room, limits.itemsPerRequest)) throw pubsubError('max-items-exceeded');
    const publishedAt = now();
    const publisher = from.bare.toString();
    const checked = items.map(({ id = randomUUID(), payload }): Item => {
      if (id.length > limits.idCharacters) {
        throw new StanzaError('not-acceptable', `an item id has at most ${limits.idCharacters} characters`);
      }
      this.#checkPayload(config, payload);
      return { id, publisher, publishedAt, payload };
    });
    if (new Set(checked.map(({ id }) => id)).size < checked.length) {
      throw new StanzaError('bad-request', 'two items have the same id');
    }
    return checked;
  }

  #checkPayload(config: NodeConfig, payload: Element | undefined): void {
    if (!payload) {
      if (config.deliverPayloads) throw pubsubError('payload-required');
      return;
    }
    if (config.type !== '' && payload.namespace !== config.type) {
      throw pubsubError('invalid-payload', `the payloads of this node are in the namespace ${config.type}`);
    }
    const most = Math.min(config.maxPayloadSize, this.#parts.limits.payloadBytes);
    if (Buffer.byteLength(payload.toString()) > most) {
      throw pubsubError('payload-too-big', `a payload has at most ${most} bytes`);
    }
  }
}

function requireMet(preconditions: Partial<NodeConfig>, config: NodeConfig): void {
  for (const [key, wanted] of Object.entries(preconditions)) {
    if (!isSame(wanted, config[key as keyof NodeConfig]))
      throw pubsubError('precondition-not-met', `${key} is another`);
  }
}

/** Lists mean the same in any order. */
function isSame(a: unknown, b: unknown): boolean {
  if (!Array.isArray(a) || !Array.isArray(b)) return a === b;
  return JSON.stringify([...a].sort()) === JSON.stringify([...b].sort());
}

function tooMany(most: number): StanzaError {
  return new StanzaError('policy-violation', `at most ${most} items can be named in one request`);
}
