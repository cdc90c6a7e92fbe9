import { ControlFrame, type ControlProps, controlId } from './control-frame.tsx';
import { useDraft } from './draft.ts';
import { DraftForm } from './draft-form.tsx';
import { Reported } from './reported.tsx';

/** A text, or a date, time, duration or colour in its lexical form. */
export function TextControl({ control, isDisabled }: ControlProps) {
  const draft = useDraft(control);
  return (
    <ControlFrame control={control} aside={<Reported control={control} />}>
      <DraftForm control={control} draft={draft} isDisabled={isDisabled}>
        <input
          id={controlId(control, 'input')}
          type="text"
          autocomplete="off"
          class={draft.isEdited ? 'text is-edited' : 'text'}
          value={draft.text}
          disabled={isDisabled || control.state.value.pending !== undefined}
          aria-invalid={draft.problem !== undefined}
          aria-describedby={controlId(control, 'problem')}
          onInput={(event) => draft.edit(event.currentTarget.value)}
        />
      </DraftForm>
    </ControlFrame>
  );
}
