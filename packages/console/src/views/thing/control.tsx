import { BooleanControl } from './controls/boolean-control.tsx';
import type { ControlProps } from './controls/control-frame.tsx';
import { NumberControl } from './controls/number-control.tsx';
import { OptionsControl } from './controls/options-control.tsx';
import { TextControl } from './controls/text-control.tsx';

/** What sets one parameter, by its type. */
export function Control(props: ControlProps) {
  const { type, options } = props.control.parameter;
  if (type === 'boolean') return <BooleanControl {...props} />;
  if (type === 'int' || type === 'long' || type === 'double') return <NumberControl {...props} />;
  return options ? <OptionsControl {...props} /> : <TextControl {...props} />;
}
