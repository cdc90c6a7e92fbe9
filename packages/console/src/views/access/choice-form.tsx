import { type Signal, useSignal } from '@preact/signals';
import type { AccessKind, FieldType, KnownItem, RuleScope } from '@thingward/things';
import { type Choice, type Duration, KINDS } from '../../model/access-choice.ts';

const DURATIONS: readonly { readonly duration: Duration; readonly label: string }[] = [
  { duration: 'kept', label: 'As it is' },
  { duration: 'always', label: 'Always' },
  { duration: 'day', label: 'A day' },
  { duration: 'once', label: 'Once' },
];

/** Everything one can decide. */
export function ChoiceForm({
  kind,
  items,
  initial,
  scopes,
  scope,
  takesNames = false,
  isDisabled,
  onChoose,
  onCancel,
}: {
  readonly kind: AccessKind;
  readonly items: readonly KnownItem[];
  readonly initial: Choice;
  readonly scopes?: readonly { readonly scope: RuleScope; readonly label: string }[];
  readonly scope?: Signal<RuleScope>;
  /** Can names be typed, too? */
  readonly takesNames?: boolean;
  readonly isDisabled: boolean;
  readonly onChoose: (choice: Choice) => void;
  readonly onCancel: () => void;
}) {
  const isAllowed = useSignal(initial.isAllowed);
  const duration = useSignal(initial.duration);
  // None chosen is all of them.
  const names = useSignal<readonly string[]>(initial.names ?? []);
  const types = useSignal<readonly FieldType[]>(initial.types ?? []);
  const typed = useSignal('');
  const orAll = <T,>(list: readonly T[]) => (list.length === 0 ? undefined : list);
  const choose = (event: Event) => {
    event.preventDefault();
    onChoose({
      isAllowed: isAllowed.value,
      duration: duration.value,
      names: orAll([...new Set([...names.value, ...namesIn(typed.value)])]),
      types: orAll(types.value),
      kept: initial.kept,
    });
  };
  const durations = DURATIONS.filter((offer) => offer.duration !== 'kept' || initial.kept !== undefined);
  return (
    <form class="choice-form" onSubmit={choose}>
      <Segments
        legend="Decision"
        options={[
          { value: true, label: 'Allow' },
          { value: false, label: 'Deny' },
        ]}
        chosen={isAllowed}
      />
      <Segments
        legend="For how long"
        options={durations.map((offer) => ({ value: offer.duration, label: offer.label }))}
        chosen={duration}
      />
      {scopes && scope && (
        <label class="field">
          <span class="field-label">For whom</span>
          <select
            value={scope.value}
            onChange={(event) => {
              scope.value = event.currentTarget.value as RuleScope;
            }}
          >
            {scopes.map((offer) => (
              <option key={offer.scope} value={offer.scope}>
                {offer.label}
              </option>
            ))}
          </select>
        </label>
      )}
      {isAllowed.value && items.length > 0 && (
        <Checks
          legend={
            kind === 'control' ? 'Only these parameters (none chosen: all)' : 'Only these fields (none chosen: all)'
          }
          options={items.map(({ name, isWanted }) => ({ label: name, values: [name], isWanted }))}
          chosen={names}
        />
      )}
      {isAllowed.value && takesNames && kind !== 'friend' && (
        <label class="field">
          <span class="field-label">
            {kind === 'control' ? 'Further parameters' : 'Further fields'}, with commas between
          </span>
          <input
            type="text"
            value={typed.value}
            onInput={(event) => {
              typed.value = event.currentTarget.value;
            }}
          />
        </label>
      )}
      {isAllowed.value && kind === 'read' && (
        <Checks
          legend="Only these kinds of fields (none chosen: all)"
          options={KINDS.map(({ label, types: values }) => ({ label, values, isWanted: false }))}
          chosen={types}
        />
      )}
      <span class="actions">
        <button type="submit" class="button primary" disabled={isDisabled}>
          Save
        </button>
        <button type="button" class="button quiet" onClick={onCancel}>
          Cancel
        </button>
      </span>
    </form>
  );
}

function namesIn(text: string): readonly string[] {
  return text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

function Segments<T extends string | boolean>({
  legend,
  options,
  chosen,
}: {
  readonly legend: string;
  readonly options: readonly { readonly value: T; readonly label: string }[];
  readonly chosen: Signal<T>;
}) {
  return (
    <fieldset class="choice-group">
      <legend class="field-label">{legend}</legend>
      <span class="segments">
        {options.map(({ value, label }) => (
          <label key={label} class="segment">
            <input
              type="radio"
              checked={chosen.value === value}
              onChange={() => {
                chosen.value = value;
              }}
            />
            <span>{label}</span>
          </label>
        ))}
      </span>
    </fieldset>
  );
}

function Checks<T extends string>({
  legend,
  options,
  chosen,
}: {
  readonly legend: string;
  readonly options: readonly { readonly label: string; readonly values: readonly T[]; readonly isWanted: boolean }[];
  readonly chosen: Signal<readonly T[]>;
}) {
  return (
    <fieldset class="choice-group">
      <legend class="field-label">{legend}</legend>
      <div class="choice-checks">
        {options.map(({ label, values, isWanted }) => (
          <label key={label} class="check">
            <input
              type="checkbox"
              checked={values.every((value) => chosen.value.includes(value))}
              onChange={(event) => {
                const others = chosen.value.filter((value) => !values.includes(value));
                chosen.value = event.currentTarget.checked ? [...others, ...values] : others;
              }}
            />
            <span>
              {label}
              {isWanted && <span class="muted"> (asked for)</span>}
            </span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
