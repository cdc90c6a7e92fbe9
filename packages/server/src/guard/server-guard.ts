import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import {
  AuditError,
  type Baseline,
  type ChainPlace,
  Guard,
  GuardAudit,
  type GuardListener,
  INTERFACES_TAG,
  Inspection,
  interfaceNames,
  KeptBaseline,
  logUnusual,
  PLACE_TAGS,
  type PolicyBundle,
  type PolicyFiles,
  type PolicyProblem,
  parseLine,
  problemText,
  unknownNames,
} from '@thingward/guard';
import type { AccessPolicy, ProvisioningTables, PublicationView, RegistryTables } from '@thingward/services';
import type { Logger } from '@thingward/xmpp';
import type { Kysely } from 'kysely';
import type { ServerConfig } from '../config.ts';
import type { Hooks } from '../hooks.ts';
import { AccountRoles } from '../roles/account-roles.ts';
import type { RosterStore } from '../roster-store.ts';
import type { Router } from '../router.ts';
import type { SessionTable } from '../session.ts';
import type { ServerSchema } from '../storage/schema.ts';
import { Settings } from '../storage/settings.ts';
import { VERSION } from '../version.ts';
import { ApprovalConversation } from './approval-conversation.ts';
import { circumstancesIn } from './circumstances.ts';
import { GUARD_COMMANDS } from './command-namespace.ts';
import { logDecision } from './decision-log.ts';
import { GuardFigures } from './guard-figures.ts';
import { NetworkFacts } from './network-facts.ts';
import { PolicyFolder } from './policy-folder.ts';
import { publicationView } from './publication-view.ts';
import { StanzaGate } from './stanza-gate.ts';

export interface ServerGuardOptions {
  readonly config: ServerConfig;
  readonly router: Router;
  readonly sessions: SessionTable;
  readonly hooks: Hooks;
  readonly rosters: RosterStore;
  readonly database: Kysely<never>;
  readonly log: Logger;
  readonly clock?: (() => Date) | undefined;
  /** Is told how long each decision took. */
  readonly onTime?: ((milliseconds: number) => void) | undefined;
}

/** Where the last checkpoint of the audit log is kept. */
export const AUDIT_CHECKPOINT = 'audit.checkpoint';

/** Which policies: those in force, or those on trial. */
export type PolicySlot = 'enforced' | 'shadow';

/** The guard of a server: policies from a folder, decisions at the router. */
export class ServerGuard {
  readonly guard: Guard;
  readonly approvals: ApprovalConversation;
  /** Undefined where the configuration wants none. */
  readonly audit: GuardAudit | undefined;
  /** What is usual; undefined where the configuration does not want it to be learned. */
  readonly baseline: Baseline | undefined;
  readonly #keptBaseline: KeptBaseline | undefined;
  readonly figures: GuardFigures;
  /** Of accounts, as groups of policies. */
  readonly roles: AccountRoles;
  /** What policies leave of what Things publish. */
  readonly view: PublicationView;
  readonly #options: ServerGuardOptions;
  readonly #facts: NetworkFacts;
  readonly #settings: Settings;
  #checkpointKept: Promise<void> = Promise.resolve();

  constructor(options: ServerGuardOptions) {
    const { config, router, sessions, hooks, rosters, database, log } = options;
    const { domain } = config;
    this.#options = options;
    this.roles = new AccountRoles(database as unknown as Kysely<ServerSchema>, () => this.guard.forget());
    hooks.onAccountRemoved((localpart) => this.roles.forget(localpart));
    this.#facts = new NetworkFacts({
      roles: this.roles,
      domain,
      database: database as unknown as Kysely<RegistryTables & ProvisioningTables>,
      rosters,
      isLocal: (name) => name === domain || router.hasService(name),
      onChange: () => this.guard.forget(),
      log,
    });
    const clock = options.clock ?? (() => new Date());
    this.#settings = new Settings(database as unknown as Kysely<ServerSchema>);
    this.audit = config.audit.enabled
      ? new GuardAudit({
          config: config.audit,
          dataDir: config.dataDir,
          clock,
          log,
          onCheckpoint: (line) => this.#keepCheckpoint(line),
        })
      : undefined;
    this.#keptBaseline = config.baseline.enabled
      ? new KeptBaseline(config.baseline, join(config.dataDir, 'baseline.jsonl'), log)
      : undefined;
    this.baseline = this.#keptBaseline?.baseline;
    this.guard = new Guard({
      facts: this.#facts,
      enforcer: 'router',
      clock,
      keeper: this.audit,
      baseline: this.baseline,
      newId: () => randomBytes(4).toString('hex'),
    });
    this.approvals = new ApprovalConversation(this.guard, router, (verb, id, jid, told) =>
      this.audit?.acted({ who: jid, act: `${GUARD_COMMANDS}#${verb}`, thing: id, effect: 'done', reason: told }),
    );
    this.figures = new GuardFigures(this.guard);
    this.guard.onDecision((decision) => {
      logDecision(log, decision);
      logUnusual(log, decision);
      if (!decision.isNewApproval) return;
      const request = this.guard.approvals.list().find(({ id }) => id === decision.approvalId);
      if (request) this.approvals.announce(request);
    });
    rosters.onChange(() => this.guard.forget());
    hooks.watchData({ passesData: () => !this.guard.isActive });
    const circumstances = circumstancesIn({ domain, sessions, router, s2s: config.s2s });
    this.view = publicationView(this.guard, this.#facts, circumstances);
    router.setInspector(
      new StanzaGate({
        guard: this.guard,
        inspection: new Inspection(),
        facts: this.#facts,
        circumstances,
        onTime: options.onTime,
      }),
    );
    router.onServerMessage((stanza) => this.approvals.heard(stanza));
  }

  /** Reads policies and what is known of the network. @throws PolicyError */
  async start(): Promise<void> {
    await this.audit?.start(`thingward ${VERSION}`, await this.#keptCheckpoint());
    await this.roles.start();
    await this.#facts.start();
    this.prepare(this.#options.config)();
  }

  /** Ends the audit log, and keeps what is usual. */
  async stop(): Promise<void> {
    await this.#keptBaseline?.stop();
    await this.audit?.stop();
    await this.#checkpointKept;
  }

  /** Is told of decisions before they are carried out. @returns what ends it */
  onDecision(listener: GuardListener): () => void {
    return this.guard.onDecision(listener);
  }

  /** What policies say when a Thing asks whom it may let read or control it. Whoever is asked about is not connected here just now. */
  access: AccessPolicy = async (kind, { jid, node_id }, requester) => {
    if (kind === 'friend') return 'open';
    return this.guard.consider({
      principal: requester,
      action: kind === 'read' ? 'read' : 'set',
      resource: { kind: 'thing', jid, ...(node_id === '' ? {} : { node: node_id }) },
      facts: { protocol: kind === 'read' ? 'sensor-data' : 'control' },
      circumstances: { origin: 'client', isEncrypted: true, authentication: 'certificate' },
    });
  };

  /** Reads the policies of a configuration again. @returns what puts them into force @throws PolicyError; then all is as it was */
  prepare(config: ServerConfig): () => void {
    const [enforced, shadow] = [this.#folder('enforced', config).load(), this.#folder('shadow', config).load()];
    return () => {
      this.#use('enforced', enforced);
      this.#use('shadow', shadow);
    };
  }

  /** Puts policies into force, or on trial, and keeps them. @param bundle undefined: none */
  apply(slot: PolicySlot, bundle: PolicyBundle | undefined): void {
    this.#folder(slot, this.#options.config).replace(bundle?.files);
    this.#use(slot, bundle);
  }

  /** Warnings about names that policies have and nothing that is connected. */
  unknownNames(bundle: PolicyBundle): readonly PolicyProblem[] {
    return unknownNames(bundle, {
      groups: this.roles.list().map(({ role }) => role),
      sites: this.#facts.tagged(PLACE_TAGS),
      interfaces: this.#facts.tagged([INTERFACES_TAG]).flatMap(interfaceNames),
    });
  }

  /** The files of those in use. */
  files(slot: PolicySlot): PolicyFiles {
    const { guard } = this;
    return (slot === 'enforced' ? guard.policies : guard.shadowPolicies)?.files ?? new Map();
  }

  #use(slot: PolicySlot, bundle: PolicyBundle | undefined): void {
    for (const problem of bundle ? this.unknownNames(bundle) : [])
      this.#options.log.warn({ slot }, problemText(problem));
    const { guard } = this;
    const wasActive = guard.isActive;
    const before = slot === 'enforced' ? guard.policies : guard.shadowPolicies;
    if (bundle || before) this.audit?.appliedPolicies(slot, bundle?.files);
    if (slot === 'enforced') guard.use(bundle);
    else guard.useShadow(bundle);
    this.#options.log.info(
      { slot, policies: bundle?.set.policies.length ?? 0 },
      bundle ? 'policies are in use' : 'no policies are in use',
    );
    if (guard.isActive === wasActive) return;
    for (const account of new Set(this.#options.sessions.all().map(({ localpart }) => localpart))) {
      this.#options.hooks.filterChanged(account);
    }
  }

  async #keptCheckpoint(): Promise<ChainPlace | undefined> {
    const line = await this.#settings.get(AUDIT_CHECKPOINT);
    try {
      return line === undefined ? undefined : parseLine(line);
    } catch (error) {
      if (!(error instanceof AuditError)) throw error;
      this.#options.log.error({ reason: error.message }, 'the checkpoint of the audit log in the database is none');
      return undefined;
    }
  }

  /** In the database, and in the log: whoever cuts off the files has to get at those, too. */
  #keepCheckpoint(line: string): void {
    const { log } = this.#options;
    log.info({ checkpoint: line }, 'checkpoint of the audit log');
    this.#checkpointKept = this.#checkpointKept
      .then(() => this.#settings.set(AUDIT_CHECKPOINT, line))
      .catch((error: unknown) => log.warn({ err: error }, 'a checkpoint of the audit log could not be kept'));
  }

  #folder(slot: PolicySlot, { policies, dataDir }: ServerConfig): PolicyFolder {
    const path = policies ?? join(dataDir, 'policies');
    return new PolicyFolder(slot === 'enforced' ? path : `${path}.shadow`);
  }
}
