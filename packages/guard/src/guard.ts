import type { Jid } from '@thingward/xmpp';
import type { Baseline, Observation } from './baseline/baseline.ts';
import {
  type DecisionKeeper,
  type DecisivePolicy,
  describeOperation,
  type GuardDecision,
  type GuardListener,
  isChange,
  type Outcome,
} from './guard-decision.ts';
import { InspectionError } from './inspection.ts';
import { attemptKey, Judge, type Judgement, valueKey } from './judge.ts';
import type { KnownPair } from './network/known-network.ts';
import type { LiveFacts } from './network/live-facts.ts';
import type { ActionName, Circumstances, Operation, ResourceReference } from './operation.ts';
import type { CompiledPolicy } from './policy/compile.ts';
import type { ContextAttribute } from './policy/context-attributes.ts';
import type { PolicyBundle } from './policy/policy-bundle.ts';
import { Approvals } from './state/approvals.ts';
import { OperationHistory } from './state/operation-history.ts';
import { Quarantine } from './state/quarantine.ts';

export interface GuardOptions {
  readonly facts: LiveFacts;
  /** Who enforces, for whoever listens: `router`, `gateway`. */
  readonly enforcer: string;
  readonly clock: () => Date;
  /** Makes names for requests of approval that nobody guesses. */
  readonly newId: () => string;
  /** What has to be kept before it is carried out. */
  readonly keeper?: DecisionKeeper | undefined;
  /** Learns what is usual. */
  readonly baseline?: Baseline | undefined;
}

/** More about what is decided. */
export interface DecisionDetails {
  readonly stanzaId?: string | undefined;
  /** Where it is not the guard's own. */
  readonly enforcer?: string | undefined;
  /** The stanza as XML, where somebody wants to see it. */
  readonly packet?: (() => string) | undefined;
}

/** Actions on a JID that mean the nodes behind it, too, where none is named. */
const REACHES_NODES: ReadonlySet<ActionName> = new Set(['read', 'subscribe', 'set', 'write', 'execute', 'opaque']);
/** Actions on a node that mean its parts, too. @see XEP-0323 §5.8 */
const REACHES_PARTS: ReadonlySet<ActionName> = new Set(['read', 'subscribe']);
const MAX_EXPANDED = 5000;
/** What is not known yet when somebody asks whether they may control something at all. */
const VALUE: ReadonlySet<ContextAttribute> = new Set([
  'name',
  'text',
  'number',
  'change',
  'changePerSecond',
  'fieldTypes',
]);

/**
 * The decision point: may these operations be done? It answers from policies, from what is known of the network, and from what
 * happened before; it keeps count, remembers who is in quarantine and what waits for approval, and tells who listens.
 */
export class Guard {
  readonly quarantine: Quarantine;
  readonly approvals: Approvals;
  readonly #options: GuardOptions;
  readonly #history = new OperationHistory();
  readonly #listeners = new Set<GuardListener>();
  #judge: Judge | undefined;
  #version = 0;
  #shadow: Judge | undefined;
  /** Those that there are, the one in force first. */
  #judges: readonly Judge[] = [];
  /** Of policies that are in use no more. */
  #lookUps = { remembered: 0, evaluated: 0 };

  constructor(options: GuardOptions) {
    this.#options = options;
    this.quarantine = new Quarantine(options.clock);
    this.approvals = new Approvals(
      (jid, group) => this.#judge?.network.isIn(jid, group) ?? false,
      options.clock,
      options.newId,
    );
  }

  /** Without policies nothing is decided. */
  get isActive(): boolean {
    return this.#judge !== undefined || this.#shadow !== undefined;
  }

  get policies(): PolicyBundle | undefined {
    return this.#judge?.bundle;
  }

  get shadowPolicies(): PolicyBundle | undefined {
    return this.#shadow?.bundle;
  }

  /** Are there policies that take something out of answers? */
  get redacts(): boolean {
    return this.#judge?.redacts ?? false;
  }

  /** Puts other policies into force, from one decision to the next. Undefined: none. */
  use(bundle: PolicyBundle | undefined): void {
    const before = this.#judge;
    this.#judge = bundle && new Judge(bundle, this.#options.facts, this.#history);
    this.#changed(before);
  }

  /** Tries policies out: they decide nothing, but who listens is told where they would have. Undefined: none. */
  useShadow(bundle: PolicyBundle | undefined): void {
    const before = this.#shadow;
    this.#shadow = bundle && new Judge(bundle, this.#options.facts, this.#history);
    this.#changed(before);
  }

  #changed(before: Judge | undefined): void {
    this.#judges = [this.#judge, this.#shadow].filter((judge) => judge !== undefined);
    if (before) this.#lookUps = sum(this.#lookUps, before.bundle.set.lookUps);
    before?.bundle.set.dispose();
    this.#version++;
  }

  /** @returns what ends it */
  onDecision(listener: GuardListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** What is known of the network has changed. */
  forget(): void {
    for (const { network } of this.#judges) network.forget();
  }

  /** Are there policies about a bare JID? */
  isGuarded(jid: string): boolean {
    for (const { network } of this.#judges) if (network.isGuarded(jid)) return true;
    return false;
  }

  /** Are there policies that forbid an action, so that it may be denied at what is not guarded, too? */
  forbids(action: ActionName): boolean {
    return this.#judges.some(({ bundle }) => bundle.set.forbids(action));
  }

  /** How often what policies say was remembered, and how often it had to be worked out. */
  get lookUps(): { readonly remembered: number; readonly evaluated: number } {
    return this.#judges.reduce((all, { bundle }) => sum(all, bundle.set.lookUps), this.#lookUps);
  }

  /** Grows when other policies are put into force. */
  get version(): number {
    return this.#version;
  }

  /** Accounts in a group, to be told. */
  membersOf(group: string): readonly string[] {
    return this.#judge?.network.membersOf(group) ?? [];
  }

  /**
   * May all these operations of one requester be done? Waits only where something about them has to be looked up.
   * @param operations at least one
   * @throws InspectionError where they mean too many nodes
   */
  decide(operations: readonly Operation[], details: DecisionDetails = {}): GuardDecision | Promise<GuardDecision> {
    const all = this.#expanded(operations);
    const judges = this.#judges;
    const pairs = judges.map((judge) => all.map((operation) => pairOf(judge, operation)));
    if (pairs.some((ofJudge) => ofJudge.some((pair) => pair instanceof Promise))) {
      return Promise.all(pairs.map((ofJudge) => Promise.all(ofJudge))).then((settled) =>
        this.#kept(this.#decide(operations, all, judges, settled, details)),
      );
    }
    return this.#kept(this.#decide(operations, all, judges, pairs as readonly (readonly KnownPair[])[], details));
  }

  /**
   * Could somebody be permitted something, whatever the value? So a Thing is told whom to accept requests of; each request is decided
   * once more when its value is known. `granted`: by a policy of the operator; `open`: it is for owners to say.
   */
  async consider(operation: Operation): Promise<'forbidden' | 'granted' | 'open'> {
    const judge = this.#judge;
    if (!judge) return 'open';
    if (this.quarantine.of(operation.principal.bare.toString())) return 'forbidden';
    const pair = await pairOf(judge, operation);
    const request = judge.request(operation, pair, this.#now());
    const known = operation.facts.name === undefined ? VALUE : new Set([...VALUE].filter((name) => name !== 'name'));
    const { set } = judge.bundle;
    if (!set.couldPermit(request, known)) return 'forbidden';
    return set.couldPermit(request, known, ({ isShipped }) => !isShipped) ? 'granted' : 'open';
  }

  /** Which of these fields of a Thing must not be shown to somebody? */
  async hidden(
    principal: Jid,
    circumstances: Circumstances,
    fields: readonly { readonly resource: ResourceReference; readonly name: string }[],
  ): Promise<ReadonlySet<string>> {
    const judge = this.#judge;
    const hidden = new Set<string>();
    if (!judge?.redacts) return hidden;
    const now = this.#now();
    for (const { resource, name } of fields) {
      const operation: Operation = {
        principal,
        action: 'read',
        resource,
        circumstances,
        facts: { protocol: 'sensor-data', name },
      };
      if (judge.hides(operation, await pairOf(judge, operation), now)) hidden.add(fieldKey(resource, name));
    }
    return hidden;
  }

  #now(): number {
    return this.#options.clock().getTime();
  }

  /** Nodes that are meant without being named are judged, too. */
  #expanded(operations: readonly Operation[]): readonly Operation[] {
    const network = this.#judges[0]?.network;
    if (!network) return operations;
    let all: Operation[] | undefined;
    for (const [i, operation] of operations.entries()) {
      const { resource, action } = operation;
      const { kind, jid, node } = resource;
      const isMeant = node === undefined ? REACHES_NODES.has(action) : REACHES_PARTS.has(action);
      const others =
        kind === 'thing' && isMeant ? (node === undefined ? network.nodesOf(jid) : network.partsOf(jid, node)) : [];
      if (others.length > 0) all ??= operations.slice(0, i);
      all?.push(operation, ...others.map((other) => ({ ...operation, resource: { kind, jid, node: other } })));
      if (all && all.length > MAX_EXPANDED) throw new InspectionError('it means too many nodes: name those you want');
    }
    return all ?? operations;
  }

  #decide(
    asked: readonly Operation[],
    all: readonly Operation[],
    judges: readonly Judge[],
    pairs: readonly (readonly KnownPair[])[],
    details: DecisionDetails,
  ): GuardDecision {
    const now = this.#now();
    this.#count(all, judges, now);
    const { baseline } = this.#options;
    const observation = baseline?.watch(asked, details.stanzaId, now);
    const outcomes = judges.map((judge, i) => judgeAll(judge, all, pairs[i] ?? [], now, observation));
    const active = judges.indexOf(this.#judge as Judge);
    const made = this.#settle(asked, all, outcomes[active], now);
    const shadow = outcomes[judges.indexOf(this.#shadow as Judge)];
    const unusual = observation && baseline?.decided(observation, made.outcome, now);
    const decision: GuardDecision = {
      at: new Date(now),
      operations: asked,
      enforcer: details.enforcer ?? this.#options.enforcer,
      stanzaId: details.stanzaId,
      ...made,
      ...(unusual && unusual.length > 0 ? { unusual, packet: details.packet } : {}),
      ...(shadow && this.#shadow && outcomeOf(shadow) !== made.outcome
        ? { shadow: { outcome: outcomeOf(shadow), policies: shadow.judgement.policies.map(decisivePolicy) } }
        : {}),
    };
    for (const listener of this.#listeners) listener(decision);
    return decision;
  }

  /** Hands a decision to whoever keeps it. What could not be kept is not done. */
  #kept(decision: GuardDecision): GuardDecision | Promise<GuardDecision> {
    const waiting = this.#options.keeper?.decided(decision);
    if (!waiting) return decision;
    return waiting.then((problem) =>
      problem === undefined ? decision : { ...decision, ...unrecorded(decision.decisive, problem) },
    );
  }

  #settle(
    asked: readonly Operation[],
    all: readonly Operation[],
    found: Found | undefined,
    now: number,
  ): Pick<
    GuardDecision,
    'outcome' | 'decisive' | 'policies' | 'reason' | 'approvalId' | 'isNewApproval' | 'isUnrecorded'
  > {
    const first = asked[0] as Operation;
    const requester = first.principal.bare.toString();
    const held = this.quarantine.of(requester);
    if (held && all.some(({ resource }) => this.isGuarded(resource.jid))) {
      const reason = `${requester} is in quarantine until ${held.until.toISOString()}: ${held.reason}`;
      return { outcome: 'deny', decisive: first, policies: [], reason };
    }
    if (!found) return { outcome: 'permit', decisive: first, policies: [], reason: 'no policies are in force' };
    const { judgement, operation: decisive } = found;
    const policies = judgement.policies.map(decisivePolicy);
    const reason = reasonFor(decisive, judgement);
    if (judgement.kind === 'permit' || judgement.kind === 'approve') {
      const change = all.find(({ action }) => isChange(action) && action !== 'publish');
      const refused = change && this.#options.keeper?.refusal;
      if (change && refused !== undefined) return unrecorded(change, refused);
    }
    switch (judgement.kind) {
      case 'permit':
        this.#remember(all, now);
        return { outcome: 'permit', decisive, policies, reason };
      case 'approve': {
        const used = this.approvals.use(asked);
        if (used) {
          this.#remember(all, now);
          const by = [...new Set(used.consents.values())].join(', ');
          return {
            outcome: 'permit',
            decisive,
            policies,
            reason: `approved by ${by} (${used.id})`,
            approvalId: used.id,
          };
        }
        const { approvers, expiresMs } = approvalNeeded(judgement.policies);
        const waiting = this.approvals.request(asked, approvers, expiresMs);
        if (!waiting) return { outcome: 'limit', decisive, policies, reason: 'too many requests wait for approval' };
        return {
          outcome: 'await-approval',
          decisive,
          policies,
          reason,
          approvalId: waiting.request.id,
          isNewApproval: waiting.isNew,
        };
      }
      case 'quarantine': {
        const [policy] = judgement.policies;
        const forMs = policy?.obligation.kind === 'quarantine' ? policy.obligation.forMs : 0;
        this.quarantine.add({ jid: requester, until: new Date(now + forMs), reason, by: policy?.id ?? '' });
        return { outcome: 'quarantine', decisive, policies, reason };
      }
      default:
        return { outcome: judgement.kind, decisive, policies, reason };
    }
  }

  #count(operations: readonly Operation[], judges: readonly Judge[], now: number): void {
    if (!judges.some(({ bundle }) => bundle.set.uses.has('perMinute') || bundle.set.uses.has('perHour'))) return;
    for (const key of new Set(operations.map(attemptKey))) this.#history.tried(key, now);
  }

  #remember(operations: readonly Operation[], now: number): void {
    for (const operation of operations) {
      const { number } = operation.facts;
      if (number !== undefined && isChange(operation.action)) this.#history.permitted(valueKey(operation), number, now);
    }
  }
}

function unrecorded(
  decisive: Operation,
  reason: string,
): Pick<GuardDecision, 'outcome' | 'decisive' | 'policies' | 'reason' | 'isUnrecorded'> {
  return { outcome: 'limit', decisive, policies: [], reason, isUnrecorded: true };
}

/** What names a field in a set of them. */
export function fieldKey({ jid, node }: ResourceReference, name: string): string {
  return JSON.stringify([jid, node ?? null, name]);
}

type LookUps = PolicyBundle['set']['lookUps'];

function sum(a: LookUps, b: LookUps): LookUps {
  return { remembered: a.remembered + b.remembered, evaluated: a.evaluated + b.evaluated };
}

interface Found {
  readonly operation: Operation;
  readonly judgement: Judgement;
}

const SEVERITY = ['quarantine', 'deny', 'limit', 'approve', 'permit'] as const;

/** The judgement that counts for all: the most severe, of those the first. Consent is asked for all that needs it. */
function judgeAll(
  judge: Judge,
  operations: readonly Operation[],
  pairs: readonly KnownPair[],
  now: number,
  observation: Observation | undefined,
): Found | undefined {
  const found = operations.map(
    (operation, i): Found => ({
      operation,
      judgement: judge.judge(operation, pairs[i] as KnownPair, now, observation),
    }),
  );
  for (const kind of SEVERITY) {
    const those = found.filter(({ judgement }) => judgement.kind === kind);
    const [first] = those;
    if (!first) continue;
    if (kind !== 'approve') return first;
    const policies = [...new Set(those.flatMap(({ judgement }) => judgement.policies))];
    return { ...first, judgement: { ...first.judgement, policies } };
  }
  return undefined;
}

function pairOf({ network }: Judge, { principal, resource }: Operation): KnownPair | Promise<KnownPair> {
  return network.pair(principal.bare.toString(), resource);
}

function outcomeOf({ judgement: { kind } }: Found): Outcome {
  return kind === 'approve' ? 'await-approval' : kind;
}

function decisivePolicy({ id, at, effect, description }: CompiledPolicy): DecisivePolicy {
  return { id, at, effect, description };
}

function approvalNeeded(policies: readonly CompiledPolicy[]): {
  readonly approvers: readonly string[];
  readonly expiresMs: number;
} {
  const needs = policies.flatMap(({ obligation }) => (obligation.kind === 'approve' ? [obligation] : []));
  return {
    approvers: [...new Set(needs.map(({ approvers }) => approvers))].sort(),
    expiresMs: Math.min(...needs.map(({ expiresMs }) => expiresMs)),
  };
}

function reasonFor(operation: Operation, { kind, policies, errors }: Judgement): string {
  const who = operation.principal.bare.toString();
  if (errors.length > 0)
    return `it could not be decided whether ${who} may ${describeOperation(operation)}: ${errors[0]}`;
  if (policies.length === 0) return `nothing permits ${who} to ${describeOperation(operation)}`;
  const why = policies.map(({ id, description }) => description ?? id).join('; ');
  switch (kind) {
    case 'permit':
      return why;
    case 'approve': {
      const { approvers } = approvalNeeded(policies);
      return `${who} may ${describeOperation(operation)} with the consent of ${approvers.join(' and of ')}: ${why}`;
    }
    case 'limit':
      return `too often: ${why}`;
    default:
      return `${who} may not ${describeOperation(operation)}: ${why}`;
  }
}
