import { randomBytes } from 'node:crypto';
import {
  compileBundle,
  decimalsAround,
  describeOperation,
  type FoundOperation,
  Guard,
  type GuardAudit,
  type GuardDecision,
  hasPolicies,
  type LiveFacts,
  NO_RELATION,
  type Operation,
  type PolicyBundle,
  type ResourceReference,
  readPolicyFiles,
} from '@thingward/guard';
import { formatParameterValue, type Ownership, type ParameterValue, type Thing } from '@thingward/things';
import type { Jid, Logger } from '@thingward/xmpp';
import type { Device } from '../drivers/device.ts';
import type { CommandCheck } from './guarded-device.ts';

/** What the gateway knows of one of its Things. */
export interface OwnThing {
  /** Bare JID. */
  readonly account: string;
  readonly device: Pick<Device, 'node' | 'metaTags'>;
  /** May control it, whoever owns it: the gateway's configuration says so. */
  readonly friends: readonly Jid[];
  /** May read it, whoever owns it. */
  readonly readers?: readonly Jid[];
  readonly ownership: () => Ownership;
}

/** What a packet would do: one operation at least. */
export type PacketOperations<Packet> = (packet: Packet, resource: ResourceReference) => readonly FoundOperation[];

/** Decides about a packet of somebody. */
export type PacketCheck<Packet> = (packet: Packet, principal: Jid) => Promise<GuardDecision>;

export interface GatewayGuardOptions {
  readonly folder: string;
  readonly log: Logger;
  readonly audit?: GuardAudit | undefined;
  readonly clock?: (() => Date) | undefined;
}

/**
 * The gateway's own copy of the policies, which no server can change: each command is decided about once more before it reaches its
 * device. An owner that `entities.yaml` names stays the owner, whatever the registry says.
 */
export class GatewayGuard {
  readonly guard: Guard;
  readonly #options: GatewayGuardOptions;
  readonly #things = new Map<string, Map<string, OwnThing>>();
  #bundle: PolicyBundle | undefined;

  /** @throws PolicyError for policies that are wrong, or that are not there */
  constructor(options: GatewayGuardOptions) {
    this.#options = options;
    this.guard = new Guard({
      facts: this.#facts(),
      enforcer: 'gateway',
      clock: options.clock ?? (() => new Date()),
      newId: () => randomBytes(4).toString('hex'),
      keeper: options.audit,
    });
    this.reload();
    this.guard.onDecision((decision) => logDecision(options.log, decision));
  }

  /** Reads the policies again. @throws PolicyError; then those before are in force */
  reload(): void {
    const { folder, log, audit } = this.#options;
    const bundle = hasPolicies(folder) ? compileBundle(readPolicyFiles(folder)) : compileBundle(new Map());
    this.#bundle = bundle;
    this.guard.use(bundle);
    audit?.appliedPolicies('enforced', bundle.files);
    log.info({ folder, policies: bundle.set.policies.length }, 'policies are in use');
  }

  add(thing: OwnThing): void {
    const nodes = this.#things.get(thing.account) ?? new Map<string, OwnThing>();
    nodes.set(thing.device.node?.nodeId ?? '', thing);
    this.#things.set(thing.account, nodes);
  }

  /** There is a Thing no longer. */
  remove({ account, device }: Pick<OwnThing, 'account' | 'device'>): void {
    this.#things.get(account)?.delete(device.node?.nodeId ?? '');
  }

  /** Decides about commands to the devices of an account. */
  check(account: string): CommandCheck {
    return async (device, values, context) => {
      if (!context) return undefined;
      const operations = [...values].flatMap(([name, value]) =>
        operationsOf(account, device, name, value, context.requester),
      );
      return operations.length === 0 ? undefined : this.guard.decide(operations);
    };
  }

  /** Decides about packets to the devices behind an account that is an adapter's. */
  checkPackets<Packet>(account: string, operationsOf: PacketOperations<Packet>): PacketCheck<Packet> {
    return async (packet, principal) => {
      const found = operationsOf(packet, { kind: 'thing', jid: account });
      return this.guard.decide(found.map((operation) => ({ ...operation, principal, circumstances: CIRCUMSTANCES })));
    };
  }

  #facts(): LiveFacts {
    return {
      isRegistered: (jid) => this.#things.has(jid),
      thing: (jid, node) => {
        const thing = this.#things.get(jid)?.get(node ?? '');
        if (!thing) return undefined;
        const pinned = this.#bundle?.entities.things[jid]?.owner;
        const tags = thing.device.metaTags.flatMap((tag) =>
          tag.type === 'str' ? [[tag.name, tag.value] as const] : [],
        );
        return { owner: pinned ?? thing.ownership().owner, tags: Object.fromEntries(tags) };
      },
      nodesOf: (jid) => [...(this.#things.get(jid)?.keys() ?? [])].filter((node) => node !== ''),
      relation: (principal, jid, node) => {
        const thing = this.#things.get(jid)?.get(node ?? '');
        if (!thing) return NO_RELATION;
        const isOneOf = (jids: readonly Jid[]) => jids.some((known) => known.bare.toString() === principal);
        const isConfigured = isOneOf(thing.friends);
        return {
          ...NO_RELATION,
          // Commands are rare: who owns the Thing, and its friends, are looked at each time.
          isFleeting: true,
          isFriend: isConfigured || isOneOf(thing.readers ?? []) || thing.ownership().friends.includes(principal),
          ownerAllows: () => isConfigured,
        };
      },
      isLocal: () => false,
    };
  }
}

/** What is encrypted, and how somebody has authenticated, is for their server to know. */
const CIRCUMSTANCES = { origin: 'gateway', isEncrypted: true, authentication: 'none' } as const;

function operationsOf(
  account: string,
  { node }: Thing,
  name: string,
  value: ParameterValue,
  principal: Jid,
): readonly Operation[] {
  const text = formatParameterValue(value);
  const numbers = value.type === 'boolean' ? decimalsAround(value.value ? '1' : '0') : decimalsAround(text);
  return (numbers.length === 0 ? [undefined] : numbers).map((number) => ({
    principal,
    action: 'set',
    resource: { kind: 'thing', jid: account, ...(node ? { node: node.nodeId } : {}) },
    circumstances: CIRCUMSTANCES,
    facts: { protocol: 'control', name, text, number, sourceId: node?.sourceId, cacheType: node?.cacheType },
  }));
}

function logDecision(log: Logger, { outcome, decisive, reason, policies }: GuardDecision): void {
  const details = {
    account: decisive.principal.bare.toString(),
    node: decisive.resource.node ?? decisive.resource.jid,
    operation: describeOperation(decisive),
    reason,
    policies: policies.map(({ id, at }) => `${id} (${at})`).join(', '),
  };
  if (outcome === 'permit') log.info(details, 'permitted');
  else log.warn({ ...details, outcome }, 'a command was denied before it reached its device');
}
