import type { Observation } from './baseline/baseline.ts';
import { MinuteClock } from './minute-clock.ts';
import { KnownNetwork, type KnownPair } from './network/known-network.ts';
import type { LiveFacts } from './network/live-facts.ts';
import { AUTHENTICATION_STRENGTHS, type Operation, resourceId } from './operation.ts';
import type { CompiledPolicy } from './policy/compile.ts';
import type { ContextAttribute, ContextSource } from './policy/context-attributes.ts';
import type { PolicyBundle } from './policy/policy-bundle.ts';
import type { PolicyRequest } from './policy/policy-request.ts';
import type { OperationHistory } from './state/operation-history.ts';

/** What is judged of one operation. */
export interface Judgement {
  readonly kind: 'permit' | 'deny' | 'limit' | 'quarantine' | 'approve';
  readonly policies: readonly CompiledPolicy[];
  readonly errors: readonly string[];
}

/** Protocols whose answers can be redacted on their way. */
const REDACTABLE: ReadonlySet<string> = new Set(['sensor-data', 'events']);
const NAME: ReadonlySet<ContextAttribute> = new Set(['name']);

/** Judges single operations by one bundle of policies. It changes nothing. */
export class Judge {
  readonly bundle: PolicyBundle;
  readonly network: KnownNetwork;
  readonly #history: OperationHistory;
  readonly #clock: MinuteClock;
  readonly #redacts: boolean;

  constructor(bundle: PolicyBundle, facts: LiveFacts, history: OperationHistory) {
    this.bundle = bundle;
    this.network = new KnownNetwork(bundle.entities, facts);
    this.#history = history;
    this.#clock = new MinuteClock(bundle.entities.timeZone);
    this.#redacts = bundle.set.hasObligation('redact');
  }

  /** Are there policies that take something out of answers? */
  get redacts(): boolean {
    return this.#redacts;
  }

  judge(operation: Operation, pair: KnownPair, now: number, observation?: Observation): Judgement {
    const { set } = this.bundle;
    const request = this.request(operation, pair, now, observation);
    const verdict = set.decide(request);
    const { policies, errors } = verdict;
    if (verdict.isPermitted) {
      // An answer that can't be redacted on its way must not be asked for as a whole.
      if (!this.#redacts || !this.#mayHide(operation, request)) return { kind: 'permit', policies, errors };
      return { kind: 'deny', policies: set.policies.filter(({ obligation }) => obligation.kind === 'redact'), errors };
    }
    const is = (kind: CompiledPolicy['obligation']['kind']) =>
      policies.filter(({ obligation }) => obligation.kind === kind);
    if (errors.length > 0 || policies.length === 0 || is('deny').length > 0) return { kind: 'deny', policies, errors };
    for (const kind of ['quarantine', 'limit'] as const) {
      if (is(kind).length > 0) return { kind, policies: is(kind), errors };
    }
    const { name, protocol } = operation.facts;
    const hiding = is('redact');
    if (hiding.length > 0 && (name !== undefined || !REDACTABLE.has(protocol)))
      return { kind: 'deny', policies: hiding, errors };
    // What is left would be done with somebody's consent, or in part: if it is permitted beside that.
    const rest = set.decide(request, new Set(policies.map(({ id }) => id)));
    if (!rest.isPermitted) return { kind: 'deny', policies: rest.policies, errors: rest.errors };
    const consent = is('approve');
    return consent.length > 0
      ? { kind: 'approve', policies: consent, errors }
      : { kind: 'permit', policies: rest.policies, errors };
  }

  /** Is something of this to be taken out of an answer? Where it can't be decided it is. */
  hides(operation: Operation, pair: KnownPair, now: number): boolean {
    const { policies, errors } = this.bundle.set.decide(this.request(operation, pair, now));
    if (errors.length > 0) return true;
    return policies.some(({ obligation }) => obligation.kind === 'redact');
  }

  request(operation: Operation, pair: KnownPair, now: number, observation?: Observation): PolicyRequest {
    return {
      principal: pair.principal,
      action: operation.action,
      resource: pair.resource,
      context: this.#context(operation, pair, now, observation),
    };
  }

  #mayHide({ facts: { name, protocol } }: Operation, request: PolicyRequest): boolean {
    return name === undefined && protocol === 'history' && this.bundle.set.couldHide(request, NAME);
  }

  #context(operation: Operation, pair: KnownPair, now: number, observation?: Observation): ContextSource {
    const { facts, circumstances, action } = operation;
    return (name) => {
      switch (name) {
        case 'isNested':
          return facts.isNested ?? false;
        case 'origin':
          return circumstances.origin;
        case 'isEncrypted':
          return circumstances.isEncrypted;
        case 'authentication':
          return AUTHENTICATION_STRENGTHS.indexOf(circumstances.authentication);
        case 'ip':
          return circumstances.address;
        case 'isFriend':
          return pair.isFriend;
        case 'ownerAllows':
          return pair.ownerAllows(action, facts.name);
        case 'time':
        case 'date':
        case 'hour':
        case 'minuteOfDay':
        case 'weekday':
          return this.#clock.read(now)[name];
        case 'previous':
        case 'change':
        case 'changePerSecond':
        case 'secondsSinceLast':
          return this.#history.before(valueKey(operation), facts.number, now)?.[name];
        case 'perMinute':
          return this.#history.count(attemptKey(operation), 'minute', now);
        case 'perHour':
          return this.#history.count(attemptKey(operation), 'hour', now);
        case 'isFirstSeen':
          return observation?.signals(facts).firstSeen ?? false;
        case 'isScan':
          return observation?.signals(facts).scan ?? false;
        case 'isBurst':
          return observation?.signals(facts).burst ?? false;
        case 'isReplay':
          return observation?.signals(facts).replay ?? false;
        default:
          return facts[name];
      }
    };
  }
}

/** Attempts are counted by who, what and where. */
export function attemptKey({ principal, action, resource }: Operation): string {
  return `${principal.bare}\n${action}\n${resource.kind}\n${resourceId(resource)}`;
}

/** Values are remembered by what was given one, whoever did. */
export function valueKey({ resource, facts }: Operation): string {
  return JSON.stringify([
    resource.jid,
    resource.node,
    facts.name,
    facts.unit,
    facts.table,
    facts.address,
    facts.channel,
    facts.attribute,
    facts.indexRange,
    facts.methodId,
    facts.argument,
  ]);
}
