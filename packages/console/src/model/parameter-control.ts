import { type ReadonlySignal, signal } from '@preact/signals-core';
import type { ControlParameter, ParameterValue } from '@thingward/things';
import { PeerError, StanzaError } from '@thingward/xmpp';
import { explain } from './explain.ts';
import { formatParameter, isSameValue } from './parameter-value.ts';

export interface ControlState {
  /** What the Thing says it is. */
  readonly reported?: ParameterValue;
  /** What was asked for, until the Thing reports it (`confirming`: the Thing has accepted it). */
  readonly pending?: { readonly value: ParameterValue; readonly phase: 'sending' | 'confirming' };
  /** Why the last request came to nothing. */
  readonly problem?: string;
}

/** Read-outs that may still show the old value after the Thing has accepted the new one. */
const READOUTS_TO_CONFIRM = 4;
const CONFIRM_TIMEOUT_MS = 15_000;

/** One control parameter as somebody operates it: what is shown follows what the Thing reports, never what was wished. */
export class ParameterControl {
  readonly parameter: ControlParameter;
  readonly #send: (value: ParameterValue) => Promise<void>;
  readonly #state = signal<ControlState>({});
  #acceptedAt = 0;
  #misses = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param send asks the Thing; rejects when it refuses */
  constructor(parameter: ControlParameter, send: (value: ParameterValue) => Promise<void>) {
    this.parameter = parameter;
    this.#send = send;
  }

  get state(): ReadonlySignal<ControlState> {
    return this.#state;
  }

  /** Asks the Thing to set it, once. Does nothing while another request is under way. */
  async set(value: ParameterValue): Promise<void> {
    const { reported, pending } = this.#state.value;
    if (pending) return;
    this.#show(reported, { value, phase: 'sending' });
    try {
      await this.#send(value);
    } catch (error) {
      this.#show(this.#state.value.reported, undefined, explainRefusal(error));
      return;
    }
    this.#acceptedAt = Date.now();
    this.#misses = 0;
    this.#show(this.#state.value.reported, { value, phase: 'confirming' });
    this.#timer = setTimeout(() => this.#giveUp(), CONFIRM_TIMEOUT_MS);
  }

  /** The Thing reports a value. @param askedAt when it was asked for it, in ms since 1970 */
  observe(value: ParameterValue, askedAt: number): void {
    const { pending, problem } = this.#state.value;
    if (pending?.phase !== 'confirming' || askedAt < this.#acceptedAt) {
      this.#show(value, pending, problem);
      return;
    }
    if (isSameValue(pending.value, value)) {
      this.#end(value);
      return;
    }
    this.#misses++;
    if (this.#misses < READOUTS_TO_CONFIRM) this.#show(value, pending);
    else this.#end(value, `The device accepted ${show(pending.value)} but still reports ${show(value)}.`);
  }

  /** Nobody looks any more. */
  close(): void {
    clearTimeout(this.#timer);
  }

  #giveUp(): void {
    const { reported, pending } = this.#state.value;
    if (pending) this.#end(reported, `The device accepted ${show(pending.value)}, but no read-out has confirmed it.`);
  }

  #end(reported: ParameterValue | undefined, problem?: string): void {
    clearTimeout(this.#timer);
    this.#show(reported, undefined, problem);
  }

  #show(reported: ParameterValue | undefined, pending: ControlState['pending'], problem?: string): void {
    const before = this.#state.value;
    const isSame = (a: ParameterValue | undefined, b: ParameterValue | undefined) =>
      a === b || (a !== undefined && b !== undefined && a.type === b.type && a.value === b.value);
    if (isSame(before.reported, reported) && before.pending === pending && before.problem === problem) return;
    this.#state.value = {
      ...(reported === undefined ? {} : { reported }),
      ...(pending === undefined ? {} : { pending }),
      ...(problem === undefined ? {} : { problem }),
    };
  }
}

function show(value: ParameterValue): string {
  if (value.type === 'boolean') return value.value ? '“on”' : '“off”';
  return formatParameter(value);
}

/** A request that got no answer may have worked: it must not look as if it had not. */
function explainRefusal(error: unknown): string {
  const isUnknown =
    error instanceof PeerError || (error instanceof StanzaError && error.condition === 'remote-server-timeout');
  const isUnsent = error instanceof PeerError && error.code === 'not-connected';
  if (isUnknown && !isUnsent) return 'No answer: it is not known whether it was set. Check what the device reports.';
  return explain(error);
}
