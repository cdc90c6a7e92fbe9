import { Notice } from '../../components/notice.tsx';
import { TREND_RANGES } from '../../model/trend-range.ts';
import type { TrendSource, Trends } from '../../model/trends.ts';
import { TrendPlot } from './trend-plot.tsx';

/** The plots of a Thing. */
export function TrendsPanel({ source, trends }: { readonly source: TrendSource; readonly trends: Trends }) {
  const groups = trends.groups.value;
  const status = trends.status.value;
  const range = trends.range.value;
  if (groups.length === 0) return null;
  return (
    <section class="section trends" aria-labelledby="trends-title">
      <header class="section-header">
        <h2 id="trends-title">Trends</h2>
        <span class="muted trends-status" role="status">
          {status.kind === 'loading' ? 'Loading history…' : ''}
        </span>
        <fieldset class="segments">
          <legend class="visually-hidden">Range</legend>
          {TREND_RANGES.map((option) => (
            <label key={option.id} class="segment" title={option.title}>
              <input
                type="radio"
                name="trend-range"
                value={option.id}
                checked={option.id === range.id}
                onChange={() => trends.show(option)}
              />
              <span>{option.label}</span>
            </label>
          ))}
        </fieldset>
      </header>
      {status.kind === 'failed' && (
        <Notice kind="warning">No history: {status.problem} The plots show what is read from now on.</Notice>
      )}
      <div class="plot-grid">
        {groups.map((group) => (
          <TrendPlot key={`${group.key} ${group.fields.length}`} group={group} trends={trends} source={source} />
        ))}
      </div>
    </section>
  );
}
