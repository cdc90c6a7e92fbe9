import { useMemo } from 'preact/hooks';
import { Notice } from '../../components/notice.tsx';
import type { Description } from '../../model/network/description.ts';
import { tedsView } from '../../model/network/teds-view.ts';
import { TedsPanel } from './teds-panel.tsx';

/** All TEDS of a channel or a TIM. */
export function TedsList({ description }: { readonly description: Description }) {
  const described = description.described.value;
  const problem = description.problem.value;
  const views = useMemo(() => described?.teds.map(tedsView) ?? [], [described]);
  return (
    <section class="section" aria-labelledby="teds-title">
      <h3 id="teds-title">Electronic data sheets</h3>
      {problem !== undefined && (
        <Notice kind="warning">
          {described ? 'What is shown may be out of date: ' : 'Its TEDS could not be read: '}
          {problem} They are asked for again by themselves.
        </Notice>
      )}
      {!described && problem === undefined && <p class="muted">Asking for its TEDS…</p>}
      {described && views.length === 0 && <p class="muted">It has no TEDS that could be read.</p>}
      {views.map((view, i) => (
        <TedsPanel key={`${view.key} ${i}`} view={view} />
      ))}
    </section>
  );
}
