import { useSignal } from '@preact/signals';
import type { ComponentType } from 'preact';
import { useEffect } from 'preact/hooks';
import { Notice } from '../../components/notice.tsx';
import type { NetworkPageProps } from './network-page-props.ts';

/** The page of the network, whose code is loaded when it is first looked at. */
export function LazyNetworkPage({ path }: NetworkPageProps) {
  const page = useSignal<ComponentType<NetworkPageProps> | undefined>(undefined);
  const hasFailed = useSignal(false);
  const attempts = useSignal(0);
  useEffect(() => {
    let isGone = false;
    hasFailed.value = false;
    import('./network-page.tsx').then(
      ({ NetworkPage }) => {
        // A function given to a signal is its value, and is not called.
        if (!isGone) page.value = NetworkPage;
      },
      () => {
        if (!isGone) hasFailed.value = true;
      },
    );
    return () => {
      isGone = true;
    };
  }, [attempts.value, page, hasFailed]);
  const Page = page.value;
  if (Page) return <Page path={path} />;
  if (!hasFailed.value) return <p class="muted">Loading…</p>;
  return (
    <Notice kind="error">
      <p>This page could not be loaded. Is the server running, and has it been updated? Then reload the console.</p>
      <p class="actions">
        <button type="button" class="button" onClick={() => attempts.value++}>
          Try again
        </button>
      </p>
    </Notice>
  );
}
