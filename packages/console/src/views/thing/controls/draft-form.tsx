import type { ComponentChildren } from 'preact';
import type { ParameterControl } from '../../../model/parameter-control.ts';
import type { Draft } from './draft.ts';

/** An input with its button: nothing is sent to a device before it is pressed. */
export function DraftForm({
  control,
  draft,
  isDisabled,
  children,
}: {
  readonly control: ParameterControl;
  readonly draft: Draft;
  readonly isDisabled: boolean;
  readonly children: ComponentChildren;
}) {
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    draft.submit();
  };
  const isPending = control.state.value.pending !== undefined;
  return (
    <form
      class="control-form"
      noValidate
      aria-busy={isPending}
      onSubmit={submit}
      onKeyDown={(event) => {
        if (event.key === 'Escape') draft.reset();
      }}
    >
      {children}
      <button type="submit" class="button" disabled={isDisabled || isPending || !draft.isEdited}>
        Set<span class="visually-hidden"> {control.parameter.label}</span>
      </button>
      {draft.problem !== undefined && (
        <p class="draft-problem" role="status">
          {draft.problem}
        </p>
      )}
    </form>
  );
}
