import type { ParameterControl } from '../../../model/parameter-control.ts';
import { formatParameter } from '../../../model/parameter-value.ts';
import { pendingText } from './control-frame.tsx';

/** What the device says it is set to, beside the name of a control. */
export function Reported({ control }: { readonly control: ParameterControl }) {
  const state = control.state.value;
  const { reported } = state;
  const { unit, options } = control.parameter;
  const text = reported ? formatParameter(reported) : '–';
  return (
    <span class="control-state">
      {pendingText(state) && <span class="control-pending">{pendingText(state)} </span>}
      <span class="visually-hidden">Reported: </span>
      <span class="value">{options?.find(({ value }) => value === text)?.label ?? text}</span>
      <span class="unit">{unit}</span>
    </span>
  );
}
