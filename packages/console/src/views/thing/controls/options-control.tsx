import { ControlFrame, type ControlProps, controlId } from './control-frame.tsx';
import { useDraft } from './draft.ts';
import { DraftForm } from './draft-form.tsx';
import { Reported } from './reported.tsx';

/** A choice among the only values allowed. */
export function OptionsControl({ control, isDisabled }: ControlProps) {
  const draft = useDraft(control);
  const options = control.parameter.options ?? [];
  const isKnown = options.some(({ value }) => value === draft.text);
  return (
    <ControlFrame control={control} aside={<Reported control={control} />}>
      <DraftForm control={control} draft={draft} isDisabled={isDisabled}>
        <select
          id={controlId(control, 'input')}
          value={draft.text}
          disabled={isDisabled || control.state.value.pending !== undefined}
          aria-describedby={controlId(control, 'problem')}
          onChange={(event) => draft.edit(event.currentTarget.value)}
        >
          {!isKnown && <option value={draft.text}>{draft.text || '–'}</option>}
          {options.map(({ label, value }) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </select>
      </DraftForm>
    </ControlFrame>
  );
}
