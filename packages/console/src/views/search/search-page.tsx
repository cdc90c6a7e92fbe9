import { useMemo } from 'preact/hooks';
import { useWorkspace } from '../../app-context.ts';
import { Notice } from '../../components/notice.tsx';
import { RegistrySearch } from '../../model/registry-search.ts';
import { SearchForm } from './search-form.tsx';
import { SearchResults } from './search-results.tsx';

export function SearchPage() {
  const { connection } = useWorkspace();
  const search = useMemo(() => new RegistrySearch(connection), [connection]);
  const state = search.state.value;
  return (
    <>
      <header class="page-header">
        <h1>Search the registry</h1>
        <p class="muted">Finds Things whose owners made them public, by their tags.</p>
      </header>
      <SearchForm isBusy={state.kind === 'searching'} onSearch={(conditions) => void search.search(conditions)} />
      {'problem' in state && state.problem !== undefined && <Notice kind="error">{state.problem}</Notice>}
      {state.kind === 'found' && (
        <SearchResults things={state.things} more={state.more} onMore={() => void search.more()} />
      )}
    </>
  );
}
