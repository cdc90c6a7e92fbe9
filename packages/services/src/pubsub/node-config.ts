import { type DataForm, formValues } from '@thingward/xmpp';
import {
  choice,
  flag,
  integer,
  integerOrMax,
  jids,
  line,
  OptionError,
  type OptionValues,
  optionFields,
  parseOptions,
  requireFormType,
  words,
} from './config-option.ts';
import { NODE_CONFIG } from './namespaces.ts';
import { pubsubError, unsupported } from './pubsub-error.ts';

/** @see XEP-0060 §4.5 */
export type AccessModel = 'open' | 'presence' | 'roster' | 'authorize' | 'whitelist';

const ACCESS_MODELS: Readonly<Record<AccessModel, string>> = {
  open: 'Anyone may subscribe and retrieve items',
  presence: 'Anyone who sees the presence of the owner may subscribe and retrieve items',
  roster: 'Anyone in the given roster groups may subscribe and retrieve items',
  authorize: 'Owners approve who subscribes; only subscribers may retrieve items',
  whitelist: 'Only those on a list may subscribe and retrieve items',
};

const SECONDS_OF_100_YEARS = 3_155_760_000;

/** What of a node's configuration depends on where it is kept. */
export interface NodeConfigBounds {
  readonly accessModels: readonly AccessModel[];
  /** Is it known who is online? Without that, options that need it are not offered. */
  readonly knowsPresence: boolean;
  readonly maxItems: number;
  readonly maxPayloadBytes: number;
}

/** A row for each option of a node. @see XEP-0060 §16.4.4 */
function nodeOptions({ accessModels, knowsPresence, maxItems, maxPayloadBytes }: NodeConfigBounds) {
  const offered = Object.fromEntries(accessModels.map((model) => [model, ACCESS_MODELS[model]]));
  return {
    title: line('pubsub#title', 'A friendly name for the node', 256),
    description: line('pubsub#description', 'A description of the node', 1024),
    type: line('pubsub#type', 'The namespace of the payloads of the node', 512),
    language: line('pubsub#language', 'The default language of the node', 35),
    contact: jids('pubsub#contact', 'Whom to contact with questions', 20),
    deliverNotifications: flag('pubsub#deliver_notifications', 'Whether to deliver event notifications'),
    deliverPayloads: flag('pubsub#deliver_payloads', 'Whether to deliver payloads with event notifications'),
    notifyConfig: flag('pubsub#notify_config', 'Notify subscribers when the node configuration changes'),
    notifyDelete: flag('pubsub#notify_delete', 'Notify subscribers when the node is deleted'),
    notifyRetract: flag('pubsub#notify_retract', 'Notify subscribers when items are removed from the node'),
    notifySub: flag('pubsub#notify_sub', 'Notify owners about new subscribers and unsubscribes'),
    persistItems: flag('pubsub#persist_items', 'Persist items to storage'),
    maxItems: integerOrMax('pubsub#max_items', `Most items to persist; max for ${maxItems}`, maxItems),
    itemExpire: integerOrMax(
      'pubsub#item_expire',
      'Seconds after which items are removed; max for never',
      SECONDS_OF_100_YEARS,
    ),
    publishNodeFull: choice<'retract-oldest' | 'discard-oldest' | 'reject'>(
      'pubsub#publish_node_full',
      'What happens when an item is published to a full node',
      {
        'retract-oldest': 'Retract the oldest item alongside publishing the new item',
        'discard-oldest': 'Discard the oldest item alongside publishing the new item',
        reject: 'Reject the new item',
      },
    ),
    subscribe: flag('pubsub#subscribe', 'Whether to allow subscriptions'),
    accessModel: choice<AccessModel>('pubsub#access_model', 'Who may subscribe and retrieve items', offered),
    rosterGroupsAllowed: words('pubsub#roster_groups_allowed', 'Roster groups allowed to subscribe', 100, 256),
    publishModel: choice<'publishers' | 'subscribers' | 'open'>('pubsub#publish_model', 'Who may publish', {
      publishers: 'Only publishers may publish',
      subscribers: 'Subscribers may publish',
      open: 'Anyone may publish',
    }),
    purgeOffline: flag('pubsub#purge_offline', 'Remove the items of a publisher who goes offline'),
    maxPayloadSize: integer('pubsub#max_payload_size', 'Most bytes of a payload', 1, maxPayloadBytes),
    sendLastPublishedItem: choice<'never' | 'on_sub' | 'on_sub_and_presence'>(
      'pubsub#send_last_published_item',
      'When to send the last published item',
      {
        never: 'Never',
        on_sub: 'When a new subscription is processed',
        ...(knowsPresence
          ? { on_sub_and_presence: 'When a new subscription is processed and whenever a subscriber comes online' }
          : {}),
      },
    ),
    presenceBasedDelivery: flag('pubsub#presence_based_delivery', 'Deliver notifications only to available users'),
    notificationType: choice<'normal' | 'headline'>('pubsub#notification_type', 'The type of notification messages', {
      normal: 'Messages of type normal',
      headline: 'Messages of type headline',
    }),
    itemReply: choice<'owner' | 'publisher' | 'none'>('pubsub#itemreply', 'Whose address items carry', {
      owner: 'That of the owner of the node',
      publisher: 'That of the publisher of the item',
      none: 'No address',
    }),
  };
}

type NodeOptions = ReturnType<typeof nodeOptions>;

/** The configuration of a node. */
export type NodeConfig = OptionValues<NodeOptions>;

/** The configuration of nodes of a service unless something else is said. */
export const DEFAULT_NODE_CONFIG: NodeConfig = {
  title: '',
  description: '',
  type: '',
  language: '',
  contact: [],
  deliverNotifications: true,
  deliverPayloads: true,
  notifyConfig: false,
  notifyDelete: true,
  notifyRetract: false,
  notifySub: false,
  persistItems: true,
  maxItems: 10,
  itemExpire: 'max',
  publishNodeFull: 'retract-oldest',
  subscribe: true,
  accessModel: 'open',
  rosterGroupsAllowed: [],
  publishModel: 'publishers',
  purgeOffline: false,
  maxPayloadSize: 65_536,
  sendLastPublishedItem: 'on_sub',
  presenceBasedDelivery: false,
  notificationType: 'headline',
  itemReply: 'none',
};

/** Options that mean nothing where presence, or the rosters, are not known: they keep their default and are not shown. */
const NEEDING_PRESENCE: readonly (keyof NodeConfig)[] = ['presenceBasedDelivery', 'purgeOffline'];
const NEEDING_ROSTERS: readonly (keyof NodeConfig)[] = ['rosterGroupsAllowed'];

/** The configuration forms of the nodes kept in one place. */
export class NodeConfigForms {
  readonly #options: NodeOptions;
  readonly #shown: Partial<NodeOptions>;
  readonly #accessModels: readonly AccessModel[];

  constructor(bounds: NodeConfigBounds) {
    this.#options = nodeOptions(bounds);
    this.#accessModels = bounds.accessModels;
    const hidden = new Set<string>([
      ...(bounds.knowsPresence ? [] : NEEDING_PRESENCE),
      ...(bounds.accessModels.includes('roster') ? [] : NEEDING_ROSTERS),
    ]);
    this.#shown = Object.fromEntries(Object.entries(this.#options).filter(([key]) => !hidden.has(key)));
  }

  /** The form to fill in, or the values alone. @see XEP-0060 §8.2.2, §8.2.5.3 */
  encode(config: NodeConfig, kind: 'form' | 'result'): DataForm {
    const shown = this.#shown as NodeOptions;
    return { type: kind, fields: optionFields(shown, config, NODE_CONFIG, kind) };
  }

  /**
   * The configuration with what a submitted form changes. Fields that are not known are passed over, as the examples of the
   * specification want it.
   * @throws OptionError, StanzaError
   */
  apply(form: DataForm, config: NodeConfig): NodeConfig {
    requireFormType(form, NODE_CONFIG);
    this.#refuseCollections(form);
    const changed = { ...config, ...this.#parse(form) };
    for (const key of Object.keys(this.#options) as (keyof NodeConfig)[]) {
      if (!(key in this.#shown) && JSON.stringify(changed[key]) !== JSON.stringify(DEFAULT_NODE_CONFIG[key])) {
        throw new OptionError(this.#options[key].var, 'is not supported here');
      }
    }
    return changed;
  }

  /**
   * What the preconditions of a publication say: a part of a configuration.
   * @throws OptionError also for a field that is not known
   * @see XEP-0060 §7.1.5
   */
  preconditions(form: DataForm, formType: string): Partial<NodeConfig> {
    requireFormType(form, formType);
    const known = new Set(Object.values(this.#options).map((option) => option.var));
    const unknown = form.fields.find(
      ({ var: name, type }) => type !== 'fixed' && name !== 'FORM_TYPE' && !known.has(name ?? ''),
    );
    if (unknown) throw new OptionError(unknown.var ?? '', 'is not known');
    return this.#parse(form);
  }

  #parse(form: DataForm): Partial<NodeConfig> {
    const [model] = formValues(form, this.#options.accessModel.var) ?? [];
    if (model !== undefined && !(this.#accessModels as readonly string[]).includes(model)) {
      throw pubsubError('unsupported-access-model');
    }
    return parseOptions(this.#options, form);
  }

  #refuseCollections(form: DataForm): void {
    const [type] = formValues(form, 'pubsub#node_type') ?? [];
    if (type !== undefined && type !== 'leaf') throw unsupported('collections');
  }
}
