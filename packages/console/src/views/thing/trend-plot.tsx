import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { useApp } from '../../app-context.ts';
import { alignTrends } from '../../model/plot-data.ts';
import type { PlotGroup } from '../../model/plot-groups.ts';
import type { TrendSource, Trends } from '../../model/trends.ts';
import { type PlotCursor, TimePlot } from './time-plot.ts';
import { TrendLegend } from './trend-legend.tsx';

/** A plot of one or several fields, with a legend that shows the values at the cursor, or else the newest. */
export function TrendPlot({
  group,
  trends,
  source,
}: {
  readonly group: PlotGroup;
  readonly trends: Trends;
  readonly source: TrendSource;
}) {
  const { now, colorScheme } = useApp();
  const frame = useRef<HTMLDivElement>(null);
  const plot = useRef<TimePlot | undefined>(undefined);
  const cursor = useSignal<PlotCursor | undefined>(undefined);
  const scheme = colorScheme.value;

  useEffect(() => {
    if (!frame.current) return undefined;
    const made = new TimePlot(frame.current, group.fields.length, (at) => {
      cursor.value = at;
    });
    plot.current = made;
    return () => {
      made.destroy();
      plot.current = undefined;
    };
  }, [group, cursor, scheme]);

  const time = now.value.getTime();
  const range = trends.range.value;
  const points = group.fields.map(({ key }) => trends.pointsOf(key, time));
  const { fields } = source;
  const readings = fields.value;
  useEffect(() => {
    plot.current?.show(alignTrends(points), { from: (time - range.spanMs) / 1000, to: time / 1000 });
  });

  const names = group.fields.map(({ name }) => name).join(', ');
  return (
    <figure class="plot panel" aria-label={`${range.title}: ${names}`}>
      <figcaption>
        <TrendLegend group={group} readings={readings} cursor={cursor.value} />
      </figcaption>
      <div class="plot-frame" ref={frame} aria-hidden="true" />
      {points.every((list) => list.length === 0) && <p class="plot-empty muted">Nothing stored in this time</p>}
    </figure>
  );
}
