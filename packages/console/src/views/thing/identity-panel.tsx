import { useSignal } from '@preact/signals';
import { useWorkspace } from '../../app-context.ts';
import { goTo } from '../../browser/hash-route.ts';
import { Notice } from '../../components/notice.tsx';
import type { Entry } from '../../model/directory.ts';
import { explain } from '../../model/explain.ts';
import { formatFieldValue, unitOf } from '../../model/field-format.ts';
import type { FieldReading } from '../../model/field-key.ts';

/** What the Thing is, and the way to part with it. */
export function IdentityPanel({
  readings,
  entry,
}: {
  readonly readings: readonly FieldReading[];
  readonly entry: Entry | undefined;
}) {
  if (readings.length === 0 && !entry) return null;
  return (
    <section class="panel identity" aria-labelledby="identity-title">
      <h2 id="identity-title">Identity</h2>
      <dl class="pairs">
        {readings.map(({ key, field }) => (
          <div key={key} data-testid={`field-${field.name}`}>
            <dt>{field.name}</dt>
            <dd>
              {formatFieldValue(field.value)} {unitOf(field.value)}
            </dd>
          </div>
        ))}
      </dl>
      {readings.length === 0 && <p class="muted">It says nothing about itself.</p>}
      {entry && <Forget entry={entry} />}
    </section>
  );
}

function Forget({ entry }: { readonly entry: Entry }) {
  const { connection } = useWorkspace();
  const isAsking = useSignal(false);
  const problem = useSignal<string | undefined>(undefined);
  const forget = async () => {
    try {
      await connection.forget(entry.jid);
      goTo({ page: 'things' });
    } catch (error) {
      problem.value = explain(error);
    }
  };
  return (
    <div class="forget">
      {isAsking.value ? (
        <>
          <p>Take {entry.name} off your list? It stays yours, but shows you nothing until you are friends again.</p>
          <p class="actions">
            <button type="button" class="button" onClick={() => void forget()}>
              Take off
            </button>
            <button
              type="button"
              class="button quiet"
              onClick={() => {
                isAsking.value = false;
              }}
            >
              Keep
            </button>
          </p>
        </>
      ) : (
        <button
          type="button"
          class="button quiet"
          onClick={() => {
            isAsking.value = true;
          }}
        >
          Take off my list…
        </button>
      )}
      {problem.value && <Notice kind="error">{problem}</Notice>}
    </div>
  );
}
