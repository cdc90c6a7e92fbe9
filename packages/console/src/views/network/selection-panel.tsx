import { useLayoutEffect, useRef } from 'preact/hooks';
import { Icon } from '../../components/icon.tsx';
import { Notice } from '../../components/notice.tsx';
import type { Network } from '../../model/network/network.ts';
import type { Selection } from '../../model/network/selection.ts';
import { rowKey } from '../../model/network/tree-rows.ts';
import { ChannelDetail } from './channel-detail.tsx';
import { NcapDetail } from './ncap-detail.tsx';
import { ThingDetail } from './thing-detail.tsx';
import { TimDetail } from './tim-detail.tsx';

/** What is selected in the tree. */
export function SelectionPanel({
  network,
  selection,
  path,
}: {
  readonly network: Network;
  readonly selection: Selection | undefined;
  readonly path: readonly string[];
}) {
  const back = useRef<HTMLAnchorElement>(null);
  const key = rowKey(path);
  // On phones it takes the place of the tree, and of the row that had the focus.
  useLayoutEffect(() => {
    if (!back.current || back.current.offsetParent === null) return;
    back.current.focus({ preventScroll: true });
    scrollTo(0, 0);
  }, [key]);
  if (path.length === 0) {
    return <p class="network-hint muted">Select an NCAP, a TIM, a channel or a Thing to see what it is and does.</p>;
  }
  return (
    <>
      <a class="back network-back" href="#/network" ref={back}>
        <Icon name="back" />
        Network
      </a>
      {selection ? (
        <Detail key={key} network={network} selection={selection} />
      ) : (
        <Notice kind="warning">
          What this address names is not there, or not shown to you. It may have left for good: choose something else in
          the tree.
        </Notice>
      )}
    </>
  );
}

function Detail({ network, selection }: { readonly network: Network; readonly selection: Selection }) {
  switch (selection.kind) {
    case 'ncap':
      return <NcapDetail ncap={selection.ncap} />;
    case 'tim':
      return <TimDetail network={network} {...selection} />;
    case 'channel':
      return <ChannelDetail network={network} {...selection} />;
    case 'thing':
      return <ThingDetail {...selection} />;
  }
}
