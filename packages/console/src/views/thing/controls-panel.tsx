import { useComputed } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import { useWorkspace } from '../../app-context.ts';
import { Notice } from '../../components/notice.tsx';
import { Controls } from '../../model/controls.ts';
import type { ParameterControl } from '../../model/parameter-control.ts';
import type { ThingMonitor } from '../../model/thing-monitor.ts';
import { BooleanControl } from './controls/boolean-control.tsx';
import { NumberControl } from './controls/number-control.tsx';
import { OptionsControl } from './controls/options-control.tsx';
import { TextControl } from './controls/text-control.tsx';

/** What can be set. */
export function ControlsPanel({
  monitor,
  isAvailable,
}: {
  readonly monitor: ThingMonitor;
  readonly isAvailable: boolean;
}) {
  const { connection, isOnline, isVisible } = useWorkspace();
  const isActive = useComputed(() => isOnline.value && isVisible.value);
  const controls = useMemo(() => new Controls(connection, monitor, isActive), [connection, monitor, isActive]);
  useEffect(() => {
    controls.start();
    return () => controls.stop();
  }, [controls]);

  const status = controls.status.value;
  const groups = controls.groups.value;
  const canSet = isAvailable && isOnline.value;
  if (groups.length === 0 && status.kind !== 'failed') return null;
  return (
    <section class="panel controls" aria-labelledby="controls-title">
      <h2 id="controls-title">Controls</h2>
      {status.kind === 'failed' && <Notice kind="warning">What can be set is not known: {status.problem}</Notice>}
      {groups.map(({ node, controls: list }) => (
        <div key={node?.nodeId ?? ''} class="control-group">
          {node && <h3>{node.nodeId}</h3>}
          {list.map((control) => (
            <Control key={control.parameter.name} control={control} isDisabled={!canSet} />
          ))}
        </div>
      ))}
    </section>
  );
}

function Control(props: { readonly control: ParameterControl; readonly isDisabled: boolean }) {
  const { type, options } = props.control.parameter;
  if (type === 'boolean') return <BooleanControl {...props} />;
  if (type === 'int' || type === 'long' || type === 'double') return <NumberControl {...props} />;
  return options ? <OptionsControl {...props} /> : <TextControl {...props} />;
}
