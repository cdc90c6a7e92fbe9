import { type ReadonlySignal, signal } from '@preact/signals-core';
import type { AccessQuestionToOwner, AccessRule, RuleScope } from '@thingward/things';
import { PeerError, StanzaError, type Unsubscribe } from '@thingward/xmpp';
import { type Choice, contentOf } from './access-choice.ts';
import type { Connection } from './connection.ts';
import { explain } from './explain.ts';

/** How far we are with what the provisioning server has for us. */
export type AccessState =
  | { readonly kind: 'loading' }
  | { readonly kind: 'loaded'; readonly problem?: string }
  /** The server has no provisioning, or can't be asked. */
  | { readonly kind: 'absent'; readonly problem: string };

/** Who wants what of our Things, and what we have decided. */
export class Access {
  readonly #connection: Connection;
  readonly #state = signal<AccessState>({ kind: 'loading' });
  readonly #questions = signal<readonly AccessQuestionToOwner[]>([]);
  readonly #rules = signal<readonly AccessRule[]>([]);
  readonly #stops: readonly Unsubscribe[];
  #latest = 0;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#stops = [
      connection.onAccessQuestion(() => void this.refresh()),
      connection.onState((state) => {
        if (state === 'online') void this.refresh();
      }),
    ];
    if (connection.state === 'online') void this.refresh();
  }

  get state(): ReadonlySignal<AccessState> {
    return this.#state;
  }

  get questions(): ReadonlySignal<readonly AccessQuestionToOwner[]> {
    return this.#questions;
  }

  get rules(): ReadonlySignal<readonly AccessRule[]> {
    return this.#rules;
  }

  /** Gets all of it again; what goes wrong is told by the state. */
  async refresh(): Promise<void> {
    this.#latest++;
    const mine = this.#latest;
    try {
      const [questions, rules] = await Promise.all([
        this.#connection.accessQuestions(),
        this.#connection.accessRules(),
      ]);
      if (mine !== this.#latest) return;
      this.#questions.value = questions;
      this.#rules.value = rules;
      this.#state.value = { kind: 'loaded' };
    } catch (error) {
      if (mine !== this.#latest) return;
      const problem = explain(error);
      const isAbsent = this.#state.value.kind !== 'loaded' && error instanceof StanzaError;
      if (isAbsent) this.#state.value = { kind: 'absent', problem };
      // The banner says that the connection is lost; what was there stays.
      else if (!(error instanceof PeerError)) this.#state.value = { kind: 'loaded', problem };
    }
  }

  /** Makes a rule of a question. @returns what went wrong; undefined when nothing did */
  answer(question: number, scope: RuleScope, choice: Choice, now: Date): Promise<string | undefined> {
    return this.#try(() => this.#connection.answerAccess({ question, scope, ...contentOf(choice, now) }));
  }

  /** Gives a rule another content. @returns what went wrong */
  edit(rule: number, choice: Choice, now: Date): Promise<string | undefined> {
    return this.#try(() => this.#connection.editAccess({ rule, ...contentOf(choice, now) }));
  }

  /** Takes a rule back. @returns what went wrong */
  withdraw(rule: number): Promise<string | undefined> {
    return this.#try(() => this.#connection.withdrawAccess(rule));
  }

  /** Puts a question away without a rule. @returns what went wrong */
  dismiss(question: number): Promise<string | undefined> {
    return this.#try(() => this.#connection.dismissAccess(question));
  }

  close(): void {
    for (const stop of this.#stops) stop();
    this.#latest++;
  }

  async #try(act: () => Promise<unknown>): Promise<string | undefined> {
    try {
      await act();
      return undefined;
    } catch (error) {
      return explain(error);
    } finally {
      await this.refresh();
    }
  }
}
