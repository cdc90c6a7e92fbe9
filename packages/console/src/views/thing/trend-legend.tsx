import { Timestamp } from '../../components/age.tsx';
import { decimalsOf, formatFieldValue } from '../../model/field-format.ts';
import type { FieldReading } from '../../model/field-key.ts';
import type { PlotGroup } from '../../model/plot-groups.ts';
import type { PlotCursor } from './time-plot.ts';

/** Which line is which field, and its value. */
export function TrendLegend({
  group,
  readings,
  cursor,
}: {
  readonly group: PlotGroup;
  readonly readings: ReadonlyMap<string, FieldReading>;
  readonly cursor: PlotCursor | undefined;
}) {
  return (
    <>
      <ul class="legend">
        {group.fields.map(({ key, name }, i) => {
          const reading = readings.get(key);
          const newest = reading ? formatFieldValue(reading.field.value) : '–';
          return (
            <li key={key}>
              <span class={`swatch swatch-${i + 1}`} aria-hidden="true" />
              <span class="legend-name">{name}</span>
              <span class="value">{cursor ? atCursor(cursor.values[i], newest) : newest}</span>
              <span class="unit">{group.unit}</span>
            </li>
          );
        })}
      </ul>
      <span class="legend-time">{cursor && <Timestamp time={cursor.time} />}</span>
    </>
  );
}

/** A number of the plot, with as many decimals as the field has. */
function atCursor(value: number | null | undefined, newest: string): string {
  return value === null || value === undefined ? '–' : value.toFixed(Math.min(20, decimalsOf(newest)));
}
