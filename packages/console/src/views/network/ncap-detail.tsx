import type { NcapResource } from '@thingward/ieee1451/mcap';
import { SERVICE_TITLES } from '../../model/network/tree-rows.ts';
import { DetailHeader, NcapAway, PresenceText } from './detail-header.tsx';

/** An NCAP: who it is, and what it has by type of service. */
export function NcapDetail({ ncap }: { readonly ncap: NcapResource }) {
  const { id, name, jid, protocol, tims, things } = ncap;
  const here = tims.filter(({ isPresent }) => isPresent).length;
  const channels = tims.reduce((sum, tim) => sum + tim.channels.length, 0);
  const services = Object.entries(SERVICE_TITLES).map(([service, title]) => ({
    title,
    count: things.filter((thing) => thing.service === service).length,
  }));
  return (
    <section class="detail" aria-label={name}>
      <DetailHeader kind="ncap" name={name} what="NCAP: it speaks for its TIMs and Things" jid={jid} />
      <NcapAway {...ncap} />
      <div class="panel detail-facts">
        <dl class="pairs">
          <div>
            <dt>State</dt>
            <dd>
              <PresenceText {...ncap} />
            </dd>
          </div>
          <div>
            <dt>UUID</dt>
            <dd class="jid">{id}</dd>
          </div>
          <div>
            <dt>Speaks by</dt>
            <dd class="break">{jid === undefined ? (protocol ?? 'not told') : `XMPP, as ${jid}`}</dd>
          </div>
          {jid !== undefined && protocol !== undefined && (
            <div>
              <dt>Protocol</dt>
              <dd>{protocol}</dd>
            </div>
          )}
          <div>
            <dt>Gateway (TIMs)</dt>
            <dd>{tims.length === 0 ? 'none' : `${here} of ${tims.length} present, ${channels} channels`}</dd>
          </div>
          {services.map(({ title, count }) => (
            <div key={title}>
              <dt>{title}</dt>
              <dd>{count === 0 ? 'none' : count === 1 ? '1 Thing' : `${count} Things`}</dd>
            </div>
          ))}
        </dl>
      </div>
    </section>
  );
}
