import { useSignal } from '@preact/signals';
import { type FoundThing, nodeKey } from '@thingward/things';
import { displayedJid } from '@thingward/xmpp';
import { useWorkspace } from '../../app-context.ts';
import { AvailabilityLabel } from '../../components/availability.tsx';
import { Notice } from '../../components/notice.tsx';
import { explain } from '../../model/explain.ts';
import { befriendThing, nameOf } from '../../model/friendship.ts';
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

function Result({ thing }: { readonly thing: FoundThing }) {
  const { jid, node, owner, tags } = thing;
  const { directory, connection, isOnline } = useWorkspace();
  const bare = jid.bare.toString();
  const entry = directory.entryOf(bare);
  const problem = useSignal<string | undefined>(undefined);
  const befriend = async () => {
    problem.value = undefined;
    try {
      await befriendThing(connection, jid.bare, tags);
    } catch (error) {
      problem.value = explain(error);
    }
  };
  return (
    <>
      <header>
        <div>
          <h2>{nameOf(tags) ?? bare}</h2>
          <span class="jid">
            {displayedJid(jid.bare)}
            {node && ` · ${node.nodeId}`}
          </span>
        </div>
        {entry && entry.availability !== 'hidden' ? (
          <span class="actions">
            <AvailabilityLabel of={entry.availability} />
            <a class="button" href={formatRoute({ page: 'thing', jid: bare })}>
              Open<span class="visually-hidden"> {bare}</span>
            </a>
          </span>
        ) : (
          <button type="button" class="button" disabled={!isOnline.value} onClick={() => void befriend()}>
            Request friendship<span class="visually-hidden"> of {bare}</span>
          </button>
        )}
      </header>
      {problem.value !== undefined && <Notice kind="error">{problem}</Notice>}
      <dl class="pairs tags">
        <div>
          <dt>Owner</dt>
          <dd>{owner.equals(jid.bare) ? 'none (owns itself)' : displayedJid(owner)}</dd>
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
