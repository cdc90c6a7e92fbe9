import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { QrCode } from '../../components/qr-code.tsx';
import { fetchLabels, type Label } from '../../model/labels.ts';

/** The labels of a demo's Things, which stand for stickers on real ones. Nothing where there is no demo. */
export function PrintedLabels({ onClaim }: { readonly onClaim: (uri: string) => void }) {
  const labels = useSignal<readonly Label[]>([]);
  useEffect(() => {
    const left = new AbortController();
    void fetchLabels(fetch, left.signal).then((found) => {
      if (!left.signal.aborted) labels.value = found;
    });
    return () => left.abort();
  }, [labels]);
  if (labels.value.length === 0) return null;
  return (
    <section class="printed-labels" aria-labelledby="labels-title">
      <h2 id="labels-title">Labels of this demo’s Things</h2>
      <p class="muted">Stickers like these are on the devices: scan one with a phone, or claim it here.</p>
      <ul>
        {labels.value.map(({ name, uri }) => (
          <li key={uri} class="printed-label panel">
            <QrCode text={uri} label={`QR code of ${name}`} />
            <div>
              <h3>{name}</h3>
              <button type="button" class="button" onClick={() => onClaim(uri)}>
                Claim this<span class="visually-hidden"> {name}</span>
              </button>
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}
