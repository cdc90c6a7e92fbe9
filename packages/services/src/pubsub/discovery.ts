import {
  type DataForm,
  type DiscoInfo,
  type DiscoItem,
  type FormField,
  type Jid,
  type ResultSetPage,
  type ResultSetRequest,
  StanzaError,
} from '@thingward/xmpp';
import { discovering } from './access.ts';
import { formTypeField } from './config-option.ts';
import { contactOf } from './contacts.ts';
import type { EngineParts } from './engine-parts.ts';
import { requireNode, requireRetrieving } from './finding.ts';
import { META_DATA, PUBSUB } from './namespaces.ts';
import type { PubSubNode } from './pubsub-node.ts';

/** A page of a list for service discovery. */
export interface DiscoPage {
  readonly items: readonly DiscoItem[];
  /** Undefined when it is all there is and nobody asked for a part. */
  readonly page: ResultSetPage | undefined;
}

/** Nodes and items for service discovery. @see XEP-0060 §5.2 - §5.5 */
export class Discovery {
  readonly #parts: EngineParts;

  constructor(parts: EngineParts) {
    this.#parts = parts;
  }

  /** What a node is; the meta-data only for those who may learn of it. @throws StanzaError `item-not-found` */
  async nodeInfo(host: Jid, id: string, from: Jid): Promise<DiscoInfo> {
    const node = await requireNode(this.#parts, host, id);
    const isKnown = await this.#isKnown(node, from);
    return {
      identities: [{ category: 'pubsub', type: 'leaf', name: (isKnown && node.config.title) || undefined }],
      features: [PUBSUB],
      forms: isKnown ? [metaData(node)] : [],
    };
  }

  /** The nodes that somebody may learn of, in the order of their ids. @throws StanzaError for pages it does not know */
  async nodes(host: Jid, from: Jid, set: ResultSetRequest | undefined): Promise<DiscoPage> {
    if (set?.before !== undefined || set?.index !== undefined) {
      throw new StanzaError('feature-not-implemented', 'nodes are listed forwards, after a node');
    }
    const most = Math.min(set?.max ?? this.#parts.limits.entriesPerAnswer, this.#parts.limits.entriesPerAnswer);
    const items: DiscoItem[] = [];
    let after = set?.after;
    let hasMore = true;
    while (hasMore && items.length <= most) {
      const rows = await this.#parts.nodes.list(host, from, { after, most: most + 1 });
      hasMore = rows.length > most;
      for (const { node, title, dependsOnRoster } of rows) {
        after = node;
        if (dependsOnRoster && !(await this.#isKnownById(host, node, from))) continue;
        items.push({ jid: host, node, name: title || undefined });
      }
    }
    const isCut = items.length > most;
    const listed = items.slice(0, most);
    if (!set && !isCut) return { items: listed, page: undefined };
    return { items: listed, page: { first: listed[0]?.node, last: listed.at(-1)?.node } };
  }

  /** The newest items of a node, oldest first. @throws StanzaError when they may not be retrieved */
  async items(host: Jid, id: string, from: Jid): Promise<readonly DiscoItem[]> {
    const node = await requireNode(this.#parts, host, id);
    await requireRetrieving(this.#parts, node, from);
    if (!node.config.persistItems) return [];
    const ids = await this.#parts.items.newestIds(node, this.#parts.limits.entriesPerAnswer);
    return ids.map((name) => ({ jid: host, name }));
  }

  async #isKnownById(host: Jid, id: string, from: Jid): Promise<boolean> {
    const node = await this.#parts.nodes.get(host, id);
    return node !== undefined && this.#isKnown(node, from);
  }

  async #isKnown(node: PubSubNode, from: Jid): Promise<boolean> {
    return discovering(node, from, await contactOf(node, from, this.#parts.environment));
  }
}

/** @see XEP-0060 §5.4 */
function metaData(node: PubSubNode): DataForm {
  const { config, identity, affiliations } = node;
  const publishers = [...affiliations].flatMap(([jid, affiliation]) => (affiliation === 'publisher' ? [jid] : []));
  const subscribers = [...node.subscriptions].filter(({ state }) => state === 'subscribed').length;
  const fields: readonly FormField[] = [
    { var: 'pubsub#type', type: 'text-single', label: 'The namespace of the payloads', values: textOf(config.type) },
    { var: 'pubsub#creator', type: 'jid-single', label: 'Node creator', values: [identity.creator.toString()] },
    {
      var: 'pubsub#creation_date',
      type: 'text-single',
      label: 'Creation date',
      values: [new Date(identity.createdAt).toISOString()],
    },
    { var: 'pubsub#title', type: 'text-single', label: 'A short name for the node', values: textOf(config.title) },
    {
      var: 'pubsub#description',
      type: 'text-single',
      label: 'A description of the node',
      values: textOf(config.description),
    },
    { var: 'pubsub#language', type: 'list-single', label: 'Default language', values: textOf(config.language) },
    { var: 'pubsub#contact', type: 'jid-multi', label: 'People to contact with questions', values: config.contact },
    { var: 'pubsub#access_model', type: 'list-single', label: 'Access model', values: [config.accessModel] },
    { var: 'pubsub#publish_model', type: 'list-single', label: 'Publish model', values: [config.publishModel] },
    { var: 'pubsub#max_items', type: 'text-single', label: 'Most items to persist', values: [String(config.maxItems)] },
    { var: 'pubsub#owner', type: 'jid-multi', label: 'Node owners', values: node.owners },
    { var: 'pubsub#publisher', type: 'jid-multi', label: 'Publishers to this node', values: publishers },
    {
      var: 'pubsub#num_subscribers',
      type: 'text-single',
      label: 'Number of subscribers to this node',
      values: [String(subscribers)],
    },
  ];
  return { type: 'result', fields: [formTypeField(META_DATA), ...fields.filter(({ values }) => values?.length)] };
}

function textOf(text: string): readonly string[] {
  return text === '' ? [] : [text];
}
