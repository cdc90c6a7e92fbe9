import type { Jid } from '@thingward/xmpp';
import type { Tasks } from '../tasks.ts';
import type { PubSubEnvironment } from './environment.ts';
import type { ItemStore } from './item-store.ts';
import type { PubSubLimits } from './limits.ts';
import type { NodeConfig, NodeConfigForms } from './node-config.ts';
import type { HostScope, NodeStore } from './node-store.ts';
import type { Notifier } from './notifier.ts';

/** What is different between a service and the accounts of a domain. */
export interface PubSubProfile {
  readonly scope: HostScope;
  readonly defaultConfig: NodeConfig;
  /** Who may make nodes. */
  readonly mayCreate: (host: Jid, jid: Jid) => boolean;
}

/** What the parts of the engine share. */
export interface EngineParts {
  readonly profile: PubSubProfile;
  readonly nodes: NodeStore;
  readonly items: ItemStore;
  readonly forms: NodeConfigForms;
  readonly notifier: Notifier;
  readonly environment: PubSubEnvironment;
  readonly limits: PubSubLimits;
  readonly tasks: Tasks;
  /** ms since 1970 */
  readonly now: () => number;
}
