import type { ControlParameter } from '@thingward/things';
import { boundsText } from '../../../model/parameter-value.ts';
import { ControlFrame, type ControlProps, controlId } from './control-frame.tsx';
import { useDraft } from './draft.ts';
import { DraftForm } from './draft-form.tsx';
import { Reported } from './reported.tsx';

/** A slider where there are bounds, and a box for the exact number. */
export function NumberControl({ control, isDisabled }: ControlProps) {
  const draft = useDraft(control);
  const { parameter } = control;
  const { min, max, unit } = parameter;
  const isPending = control.state.value.pending !== undefined;
  const isOff = isDisabled || isPending;
  const step = parameter.type === 'double' ? stepOf(min, max) : 1;
  const common = {
    disabled: isOff,
    'aria-labelledby': controlId(control, 'label'),
    'aria-describedby': controlId(control, 'problem'),
  };
  return (
    <ControlFrame control={control} aside={<Reported control={control} />}>
      <DraftForm control={control} draft={draft} isDisabled={isDisabled}>
        {min !== undefined && max !== undefined && (
          <input
            {...common}
            type="range"
            class="control-range"
            min={min}
            max={max}
            step={step}
            value={draft.text}
            aria-valuetext={unit === undefined ? draft.text : `${draft.text} ${unit}`}
            onInput={(event) => draft.edit(event.currentTarget.value)}
          />
        )}
        <span class="control-number">
          <input
            {...common}
            id={controlId(control, 'input')}
            type="text"
            inputMode="decimal"
            autocomplete="off"
            class={draft.isEdited ? 'number is-edited' : 'number'}
            value={draft.text}
            aria-invalid={draft.problem !== undefined}
            onInput={(event) => draft.edit(event.currentTarget.value)}
          />
          <span class="unit">{unit}</span>
        </span>
      </DraftForm>
      {hasBounds(parameter) && (
        <p class="control-bounds muted">
          {boundsText(min, max)} {unit}
        </p>
      )}
    </ControlFrame>
  );
}

function hasBounds({ min, max }: ControlParameter): boolean {
  return min !== undefined || max !== undefined;
}

/** About a hundred steps, each a power of ten. */
function stepOf(min: number | undefined, max: number | undefined): number {
  if (min === undefined || max === undefined || max <= min) return 1;
  return 10 ** Math.floor(Math.log10((max - min) / 50));
}
