import { Notice } from '../../components/notice.tsx';
import type { Controls } from '../../model/controls.ts';
import type { ParameterControl } from '../../model/parameter-control.ts';
import { Control } from './control.tsx';

/** What can be set, but for what is in other panels. */
export function ControlsPanel({
  controls,
  elsewhere,
  isDisabled,
}: {
  readonly controls: Controls;
  readonly elsewhere: ReadonlySet<ParameterControl>;
  readonly isDisabled: boolean;
}) {
  const status = controls.status.value;
  const groups = controls.groups.value
    .map((group) => ({ ...group, controls: group.controls.filter((control) => !elsewhere.has(control)) }))
    .filter((group) => group.controls.length > 0);
  if (groups.length === 0 && status.kind !== 'failed') return null;
  return (
    <section class="panel controls" aria-labelledby="controls-title">
      <h2 id="controls-title">Controls</h2>
      {status.kind === 'failed' && <Notice kind="warning">What can be set is not known: {status.problem}</Notice>}
      {groups.map(({ node, controls: list }) => (
        <div key={node?.nodeId ?? ''} class="control-group">
          {node && <h3>{node.nodeId}</h3>}
          {list.map((control) => (
            <Control key={control.parameter.name} control={control} isDisabled={isDisabled} />
          ))}
        </div>
      ))}
    </section>
  );
}
