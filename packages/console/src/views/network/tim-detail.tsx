import { useComputed } from '@preact/signals';
import type { NcapResource, TimResource } from '@thingward/ieee1451/mcap';
import { useEffect, useMemo } from 'preact/hooks';
import { useWorkspace } from '../../app-context.ts';
import { Description } from '../../model/network/description.ts';
import type { Network } from '../../model/network/network.ts';
import { formatRoute } from '../../model/route.ts';
import { DetailHeader, NcapAway, PresenceText, TimAway } from './detail-header.tsx';
import { TedsList } from './teds-list.tsx';
import { usePresence } from './use-presence.ts';

/** A TIM: who it is, its channels and its TEDS. */
export function TimDetail({
  network,
  ncap,
  tim,
}: {
  readonly network: Network;
  readonly ncap: NcapResource;
  readonly tim: TimResource;
}) {
  const { isOnline, isVisible } = useWorkspace();
  const isPresent = usePresence(ncap, tim);
  const isActive = useComputed(() => isOnline.value && isVisible.value && isPresent.value);
  const description = useMemo(
    () => new Description(network.connection, { ncap: ncap.id, tim: tim.id }, isActive),
    [network, ncap.id, tim.id, isActive],
  );
  useEffect(() => {
    description.start();
    return () => description.stop();
  }, [description]);
  return (
    <section class="detail" aria-label={tim.name}>
      <DetailHeader kind="tim" name={tim.name} what={`TIM of ${ncap.name}`} jid={ncap.jid} />
      <NcapAway {...ncap} />
      {ncap.isPresent && <TimAway {...tim} />}
      <div class="panel detail-facts">
        <dl class="pairs">
          <div>
            <dt>State</dt>
            <dd>
              <PresenceText {...tim} />
            </dd>
          </div>
          <div>
            <dt>UUID</dt>
            <dd class="jid">{tim.id}</dd>
          </div>
          <div>
            <dt>Node</dt>
            <dd class="jid">{tim.node.nodeId}</dd>
          </div>
          <div>
            <dt>Channels</dt>
            <dd>
              <ul class="channel-links">
                {tim.channels.map(({ number, name, kind }) => (
                  <li key={number}>
                    <a href={formatRoute({ page: 'network', path: [ncap.id, tim.id, String(number)] })}>{name}</a>{' '}
                    <span class="muted">
                      {number} · {kind.replace('-', ' ')}
                    </span>
                  </li>
                ))}
              </ul>
            </dd>
          </div>
        </dl>
      </div>
      <TedsList description={description} />
    </section>
  );
}
