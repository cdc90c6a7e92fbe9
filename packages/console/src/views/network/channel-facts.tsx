import { isUnits, tedsValue } from '@thingward/ieee1451';
import type { ChannelResource, TransducerInterface } from '@thingward/ieee1451/mcap';
import { channelTeds } from '../../model/network/channel-parameter.ts';
import { explainUnits } from '../../model/network/units-explained.ts';
import { UnitName } from './units-explanation.tsx';

/** What the channel is, in short: its unit explained, its range, what may be done with it. */
export function ChannelFacts({
  channel,
  described,
}: {
  readonly channel: ChannelResource;
  readonly described: TransducerInterface;
}) {
  const { unit, min, max, uncertainty, operations } = described;
  const teds = channelTeds(described);
  const units = teds && tedsValue(teds, 'physicalUnits');
  const shownUnit = unit === '1' ? undefined : unit;
  return (
    <section class="panel detail-facts" aria-labelledby="facts-title">
      <h3 id="facts-title">What it is</h3>
      <dl class="pairs">
        <div>
          <dt>Unit</dt>
          <dd>{units !== undefined && isUnits(units) ? <UnitName units={explainUnits(units)} /> : (unit ?? 'none')}</dd>
        </div>
        {(min !== undefined || max !== undefined) && (
          <div>
            <dt>Range</dt>
            <dd>
              {min ?? '…'} to {max ?? '…'} {shownUnit}
            </dd>
          </div>
        )}
        {uncertainty !== undefined && (
          <div>
            <dt>Uncertainty</dt>
            <dd>
              ± {uncertainty} {shownUnit} <span class="muted">at worst</span>
            </dd>
          </div>
        )}
        <div>
          <dt>You may</dt>
          <dd>{operations.length === 0 ? 'nothing' : operations.join(', ')}</dd>
        </div>
        <div>
          <dt>Node</dt>
          <dd class="jid">{channel.node.nodeId}</dd>
        </div>
      </dl>
    </section>
  );
}
