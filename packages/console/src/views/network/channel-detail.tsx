import type { ChannelResource, NcapResource, TimResource } from '@thingward/ieee1451/mcap';
import { Jid } from '@thingward/xmpp';
import { useEffect, useMemo } from 'preact/hooks';
import { useWorkspace } from '../../app-context.ts';
import { Notice } from '../../components/notice.tsx';
import { ChannelMonitor } from '../../model/network/channel-monitor.ts';
import type { Network } from '../../model/network/network.ts';
import { refusals } from '../../model/network/permissions.ts';
import { Control } from '../thing/control.tsx';
import { ReadoutNotice } from '../thing/readout-notice.tsx';
import { TrendsPanel } from '../thing/trends-panel.tsx';
import { useTrends } from '../thing/use-trends.ts';
import { ChannelFacts } from './channel-facts.tsx';
import { ChannelValue } from './channel-value.tsx';
import { DetailHeader, NcapAway, TimAway } from './detail-header.tsx';
import { TedsList } from './teds-list.tsx';
import { usePresence } from './use-presence.ts';

/** A TransducerChannel: its value, live, how to set it, what it is. */
export function ChannelDetail({
  network,
  ncap,
  tim,
  channel,
}: {
  readonly network: Network;
  readonly ncap: NcapResource;
  readonly tim: TimResource;
  readonly channel: ChannelResource;
}) {
  const { isOnline } = useWorkspace();
  const isPresent = usePresence(ncap, tim);
  const monitor = useChannel(network, { ncap, tim, channel, isPresent });
  const trends = useTrends(monitor);
  const described = monitor.description.described.value;
  const control = monitor.control.value;
  const isHere = ncap.isPresent && tim.isPresent;
  return (
    <section class="detail" aria-label={channel.name}>
      <DetailHeader
        kind={channel.kind}
        name={channel.name}
        what={`${ncap.name} › ${tim.name} › channel ${channel.number}, ${channel.kind.replace('-', ' ')}`}
        jid={ncap.jid}
      />
      <NcapAway {...ncap} />
      {ncap.isPresent && <TimAway {...tim} />}
      {isHere && <ReadoutNotice monitor={monitor} />}
      {described &&
        refusals(channel.kind, described).map((refusal) => (
          <Notice key={refusal} kind="info" testId="refusal">
            {refusal} Owners answer under <a href="#/access">Access</a>.
          </Notice>
        ))}
      <div class="channel-now">
        <ChannelValue monitor={monitor} />
        {control && (
          <section class="panel controls channel-control" aria-label="Control">
            <Control control={control} isDisabled={!isHere || !isOnline.value} />
          </section>
        )}
      </div>
      <TrendsPanel source={monitor} trends={trends} />
      {described && <ChannelFacts channel={channel} described={described} />}
      <TedsList description={monitor.description} />
    </section>
  );
}

function useChannel(
  network: Network,
  {
    ncap,
    tim,
    channel,
    isPresent,
  }: {
    readonly ncap: NcapResource;
    readonly tim: TimResource;
    readonly channel: ChannelResource;
    readonly isPresent: ReturnType<typeof usePresence>;
  },
): ChannelMonitor {
  const { isOnline, isVisible } = useWorkspace();
  const { name, number, node } = channel;
  const { nodeId, sourceId, cacheType } = node;
  const monitor = useMemo(
    () =>
      new ChannelMonitor({
        connection: network.connection,
        address: { ncap: ncap.id, tim: tim.id, channel: number },
        name,
        thing: ncap.jid === undefined ? undefined : Jid.tryParse(ncap.jid)?.bare,
        node,
        isOnline,
        isVisible,
        isPresent,
      }),
    [network, ncap.id, ncap.jid, tim.id, number, name, nodeId, sourceId, cacheType, isOnline, isVisible, isPresent],
  );
  useEffect(() => monitor.watch(), [monitor]);
  return monitor;
}
