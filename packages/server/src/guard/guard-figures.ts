import { type ActionName, type Guard, type GuardDecision, isComplete, type Outcome } from '@thingward/guard';

/** Whether what policies said was remembered, or had to be worked out. */
type LookUp = 'remembered' | 'evaluated';

/** What the guard does, for the metrics. */
export class GuardFigures {
  readonly #guard: Guard;
  readonly #decisions = new Map<Outcome, Map<ActionName, number>>();
  #shadowDifferences = 0;

  constructor(guard: Guard) {
    this.#guard = guard;
    guard.onDecision((decision) => this.#count(decision));
  }

  /** Decisions by outcome and by the action that decided. */
  get decisions(): readonly { readonly outcome: Outcome; readonly action: ActionName; readonly count: number }[] {
    return [...this.#decisions].flatMap(([outcome, actions]) =>
      [...actions].map(([action, count]) => ({ outcome, action, count })),
    );
  }

  /** Decisions that the policies on trial would have made otherwise. */
  get shadowDifferences(): number {
    return this.#shadowDifferences;
  }

  get lookUps(): Readonly<Record<LookUp, number>> {
    return this.#guard.lookUps;
  }

  /** Requests that wait for consent. */
  get approvalsWaiting(): number {
    return this.#guard.approvals.list().filter((request) => !isComplete(request)).length;
  }

  get quarantined(): number {
    return this.#guard.quarantine.list().length;
  }

  /** Policies in force and on trial, with those that come with the server. */
  get policies(): { readonly enforced: number; readonly shadow: number } {
    const { policies, shadowPolicies } = this.#guard;
    return { enforced: policies?.set.policies.length ?? 0, shadow: shadowPolicies?.set.policies.length ?? 0 };
  }

  #count({ outcome, decisive, shadow }: GuardDecision): void {
    const actions = this.#decisions.get(outcome) ?? new Map<ActionName, number>();
    this.#decisions.set(outcome, actions);
    actions.set(decisive.action, (actions.get(decisive.action) ?? 0) + 1);
    if (shadow) this.#shadowDifferences++;
  }
}
