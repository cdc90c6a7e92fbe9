import { type ReadonlySignal, useSignal } from '@preact/signals';
import type { ParameterControl } from '../../../model/parameter-control.ts';
import { formatParameter, parseParameter } from '../../../model/parameter-value.ts';

/** What somebody is about to set; it follows what the device reports until something is entered. */
export interface Draft {
  readonly text: string;
  readonly isEdited: boolean;
  /** What is wrong with what was entered. */
  readonly problem: string | undefined;
  edit(text: string): void;
  reset(): void;
  /** Asks the device to set it, if nothing is wrong with it. */
  submit(): void;
}

export function useDraft(control: ParameterControl): Draft {
  const entered = useSignal<string | undefined>(undefined);
  const isTried = useSignal(false);
  const { reported, pending } = control.state.value;
  const shown = pending?.value ?? reported;
  const text = entered.value ?? (shown ? formatParameter(shown) : '');
  const parsed = parseParameter(control.parameter, text);
  return {
    text,
    isEdited: entered.value !== undefined,
    problem: problemOf(parsed, isTried, entered),
    edit(next) {
      entered.value = next;
    },
    reset() {
      entered.value = undefined;
      isTried.value = false;
    },
    submit() {
      isTried.value = true;
      if ('problem' in parsed || pending) return;
      entered.value = undefined;
      isTried.value = false;
      void control.set(parsed.value);
    },
  };
}

/** Nothing is said about what is still being typed, but that a number is out of bounds. */
function problemOf(
  parsed: ReturnType<typeof parseParameter>,
  isTried: ReadonlySignal<boolean>,
  entered: ReadonlySignal<string | undefined>,
): string | undefined {
  if (!('problem' in parsed) || entered.value === undefined) return undefined;
  return isTried.value || entered.value.trim() !== '' ? parsed.problem : undefined;
}
