import type { ComponentChildren } from 'preact';
import { Icon } from '../../../components/icon.tsx';
import type { ControlState, ParameterControl } from '../../../model/parameter-control.ts';

export interface ControlProps {
  readonly control: ParameterControl;
  /** The Thing can't be asked now. */
  readonly isDisabled: boolean;
}

/** Ids that tie a control to its words. */
export function controlId(control: ParameterControl, part: 'label' | 'problem' | 'input'): string {
  return `control-${control.parameter.name.replace(/[^\w-]/g, '_')}-${part}`;
}

/** What all controls have: a name, a word about what is under way, and what went wrong. */
export function ControlFrame({
  control,
  aside,
  children,
}: {
  readonly control: ParameterControl;
  /** Beside the name. */
  readonly aside?: ComponentChildren;
  readonly children?: ComponentChildren;
}) {
  const { parameter, state } = control;
  const { problem } = state.value;
  return (
    <div class="control" data-testid={`control-${parameter.name}`}>
      <div class="control-head">
        <label class="control-label" id={controlId(control, 'label')} for={controlId(control, 'input')}>
          {parameter.label}
        </label>
        {aside}
      </div>
      {parameter.description !== undefined && parameter.description !== parameter.label && (
        <p class="control-description muted">{parameter.description}</p>
      )}
      {children}
      <p class="control-problem" id={controlId(control, 'problem')} role="alert">
        {problem !== undefined && (
          <>
            <Icon name="error" />
            <span>{problem}</span>
          </>
        )}
      </p>
    </div>
  );
}

/** What is under way, in words. */
export function pendingText({ pending }: ControlState): string {
  if (!pending) return '';
  return pending.phase === 'sending' ? 'Setting…' : 'Confirming…';
}
