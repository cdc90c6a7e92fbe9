import { useSignal } from '@preact/signals';
import { Icon } from '../../components/icon.tsx';
import { COMMON_TAGS, COMPARISONS, type Comparison, type Condition } from '../../model/registry-search.ts';

const EMPTY: Condition = { tag: '', comparison: 'strEq', value: '' };
const MAX_CONDITIONS = 10;

/** Lines of tag, comparison and value: all must hold. */
export function SearchForm({
  isBusy,
  onSearch,
}: {
  readonly isBusy: boolean;
  readonly onSearch: (conditions: readonly Condition[]) => void;
}) {
  const conditions = useSignal<readonly Condition[]>([{ tag: 'MAN', comparison: 'strMask', value: '*' }]);
  const change = (at: number, next: Condition) => {
    conditions.value = conditions.value.map((condition, i) => (i === at ? next : condition));
  };
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    onSearch(conditions.value);
  };
  return (
    <form class="panel search-form" onSubmit={submit} noValidate>
      <datalist id="common-tags">
        {COMMON_TAGS.map((tag) => (
          <option key={tag} value={tag} />
        ))}
      </datalist>
      {conditions.value.map((condition, i) => (
        <ConditionRow
          key={i}
          condition={condition}
          onChange={(next) => change(i, next)}
          onRemove={
            conditions.value.length === 1
              ? undefined
              : () => {
                  conditions.value = conditions.value.filter((_, at) => at !== i);
                }
          }
        />
      ))}
      <div class="actions">
        <button type="submit" class="button primary" disabled={isBusy}>
          {isBusy ? 'Searching…' : 'Search'}
        </button>
        <button
          type="button"
          class="button quiet"
          disabled={conditions.value.length >= MAX_CONDITIONS}
          onClick={() => {
            conditions.value = [...conditions.value, EMPTY];
          }}
        >
          <Icon name="add" />
          And another tag
        </button>
      </div>
    </form>
  );
}

function ConditionRow({
  condition,
  onChange,
  onRemove,
}: {
  readonly condition: Condition;
  readonly onChange: (next: Condition) => void;
  readonly onRemove: (() => void) | undefined;
}) {
  const comparisons = (kind: 'text' | 'number') =>
    COMPARISONS.filter((comparison) => comparison.kind === kind).map(({ operator, label }) => (
      <option key={operator} value={operator}>
        {label}
      </option>
    ));
  return (
    <fieldset class="condition">
      <legend class="visually-hidden">Condition</legend>
      <label class="field">
        <span class="field-label">Tag</span>
        <input
          type="text"
          name="tag"
          list="common-tags"
          autocomplete="off"
          spellcheck={false}
          value={condition.tag}
          onInput={(event) => onChange({ ...condition, tag: event.currentTarget.value })}
        />
      </label>
      <label class="field">
        <span class="field-label">Comparison</span>
        <select
          name="comparison"
          value={condition.comparison}
          onChange={(event) => onChange({ ...condition, comparison: event.currentTarget.value as Comparison })}
        >
          <optgroup label="Texts">{comparisons('text')}</optgroup>
          <optgroup label="Numbers">{comparisons('number')}</optgroup>
        </select>
      </label>
      <label class="field">
        <span class="field-label">Value</span>
        <input
          type="text"
          name="value"
          autocomplete="off"
          value={condition.value}
          onInput={(event) => onChange({ ...condition, value: event.currentTarget.value })}
        />
      </label>
      {onRemove && (
        <button type="button" class="button quiet" aria-label="Remove this condition" onClick={onRemove}>
          <Icon name="close" />
        </button>
      )}
    </fieldset>
  );
}
