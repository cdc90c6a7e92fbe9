import type { NcapResource, ThingResource, ThingService } from '@thingward/ieee1451/mcap';
import { SERVICE_TITLES, thingName } from '../../model/network/tree-rows.ts';
import { DetailHeader, NcapAway } from './detail-header.tsx';

/** What the types of service mean. @see P21451-1-4 */
const MEANINGS: Readonly<Record<ThingService, string>> = {
  'direct-io': 'It is read and set by the gateway itself, at its own inputs and outputs.',
  'legacy-adapter': 'It speaks a protocol of its own, which the gateway translates.',
  'server-to-server': 'It is behind a server of its own, which the gateway speaks to.',
};

/** A Thing of a gateway that is no channel of a TIM: what it is, and where to see it. */
export function ThingDetail({ ncap, thing }: { readonly ncap: NcapResource; readonly thing: ThingResource }) {
  const { service, protocol, node } = thing;
  const name = thingName(thing) ?? ncap.name;
  return (
    <section class="detail" aria-label={name}>
      <DetailHeader kind="thing" name={name} what={`${SERVICE_TITLES[service]} of ${ncap.name}`} jid={ncap.jid} />
      <NcapAway {...ncap} />
      <div class="panel detail-facts">
        <dl class="pairs">
          <div>
            <dt>Type of service</dt>
            <dd>
              {SERVICE_TITLES[service]}. <span class="muted">{MEANINGS[service]}</span>
            </dd>
          </div>
          {protocol !== undefined && (
            <div>
              <dt>Protocol</dt>
              <dd>{protocol}</dd>
            </div>
          )}
          <div>
            <dt>Address</dt>
            <dd class="jid">{ncap.jid ?? 'none'}</dd>
          </div>
          {node && (
            <div>
              <dt>Node</dt>
              <dd class="jid">{node.nodeId}</dd>
            </div>
          )}
        </dl>
        <p class="muted">Its values, plots and controls are on its own page.</p>
      </div>
    </section>
  );
}
