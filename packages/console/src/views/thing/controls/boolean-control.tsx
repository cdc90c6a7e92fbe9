import { ControlFrame, type ControlProps, controlId, pendingText } from './control-frame.tsx';

/** A switch. It shows what was asked for at once, marked as pending until the device reports it. */
export function BooleanControl({ control, isDisabled }: ControlProps) {
  const state = control.state.value;
  const shown = (state.pending?.value ?? state.reported)?.value;
  const isOn = shown === true;
  const isPending = state.pending !== undefined;
  const words = shown === undefined ? 'Unknown' : isOn ? 'On' : 'Off';
  return (
    <ControlFrame
      control={control}
      aside={
        <span class="switch-aside">
          <span class="control-state" aria-hidden="true">
            {pendingText(state) || words}
          </span>
          <button
            type="button"
            role="switch"
            class={isPending ? 'switch is-pending' : 'switch'}
            id={controlId(control, 'input')}
            aria-checked={isOn}
            aria-busy={isPending}
            aria-labelledby={controlId(control, 'label')}
            aria-describedby={controlId(control, 'problem')}
            disabled={isDisabled}
            onClick={() => void control.set({ type: 'boolean', value: !isOn })}
          >
            <span class="switch-thumb" />
          </button>
        </span>
      }
    />
  );
}
