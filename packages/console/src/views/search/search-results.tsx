import { type FoundThing, nodeKey } from '@thingward/things';
import { useWorkspace } from '../../app-context.ts';
import { AvailabilityLabel } from '../../components/availability.tsx';
import { formatRoute } from '../../model/route.ts';

export function SearchResults({
  things,
  more,
  onMore,
}: {
  readonly things: readonly FoundThing[];
  readonly more: boolean;
  readonly onMore: () => void;
}) {
  return (
    <section class="section" aria-label="Results">
      <p class="muted" role="status">
        {things.length === 0 ? 'No public Thing has such tags.' : `${things.length}${more ? ' or more' : ''} found`}
      </p>
      <ul class="result-list">
        {things.map((thing) => (
          <li key={`${thing.jid} ${nodeKey(thing.node)}`} class="panel result">
            <Result thing={thing} />
          </li>
        ))}
      </ul>
      {more && (
        <button type="button" class="button" onClick={onMore}>
          Show more
        </button>
      )}
    </section>
  );
}

function Result({ thing: { jid, node, owner, tags } }: { readonly thing: FoundThing }) {
  const { directory, connection, isOnline } = useWorkspace();
  const bare = jid.bare.toString();
  const entry = directory.entryOf(bare);
  return (
    <>
      <header>
        <h2>
          {bare}
          {node && <span class="muted"> · {node.nodeId}</span>}
        </h2>
        {entry && entry.availability !== 'hidden' ? (
          <span class="actions">
            <AvailabilityLabel of={entry.availability} />
            <a class="button" href={formatRoute({ page: 'thing', jid: bare })}>
              Open<span class="visually-hidden"> {bare}</span>
            </a>
          </span>
        ) : (
          <button type="button" class="button" disabled={!isOnline.value} onClick={() => connection.befriend(jid)}>
            Request friendship<span class="visually-hidden"> of {bare}</span>
          </button>
        )}
      </header>
      <dl class="pairs tags">
        <div>
          <dt>Owner</dt>
          <dd>{owner.equals(jid.bare) ? 'none (owns itself)' : owner.toString()}</dd>
        </div>
        {tags.map(({ name, value }) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{String(value)}</dd>
          </div>
        ))}
      </dl>
    </>
  );
}
