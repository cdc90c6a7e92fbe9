import type { Field } from '@thingward/things';
import type { Correction } from '../../ncap/channel-description.ts';
import type { DescribedChannel, TedsText, TedsTrouble } from '../../ncap/tim-description.ts';
import { CONNECTED, field, text } from '../fields.ts';

const CORRECTIONS: Readonly<Record<Correction, string>> = {
  none: 'none known',
  tim: 'corrected by the TIM',
  missing: 'not calibrated: the NCAP would have to correct the values',
};

/** Names of fields that say what a channel is: a channel that is called so has another for its values. */
export const RESERVED_NAMES: ReadonlySet<string> = new Set([
  CONNECTED,
  'Name',
  'Channel',
  'Channel Type',
  'Uncertainty',
  'Low Limit',
  'High Limit',
  'Sampling Period',
  'Calibration',
  'TEDS Problem',
  'Status Condition',
]);

const identity = (name: string, value: Field['value'], now: Date) => field(name, value, now, { types: ['identity'] });

/** What the TEDS of a channel say of it. */
export function channelIdentity(channel: DescribedChannel, now: Date): readonly Field[] {
  const { unit = '', uncertainty, lowLimit, highLimit, samplingPeriod } = channel;
  const number = (name: string, value: number | undefined, of: string) =>
    value === undefined ? [] : [identity(name, { type: 'numeric', value: String(value), unit: of }, now)];
  return [
    identity('Name', text(channel.name), now),
    identity('Channel', { type: 'int', value: channel.number }, now),
    identity('Channel Type', text(channel.kind), now),
    ...number('Uncertainty', uncertainty, unit),
    ...number('Low Limit', lowLimit, unit),
    ...number('High Limit', highLimit, unit),
    ...number('Sampling Period', samplingPeriod > 0 ? samplingPeriod : undefined, 's'),
    identity('Calibration', text(CORRECTIONS[channel.correction]), now),
    ...textFields(channel.texts, now),
  ];
}

export function textFields(texts: readonly TedsText[], now: Date): readonly Field[] {
  return texts.map(({ teds, text: value }) => identity(titleOf(teds), text(value), now));
}

/** One field for each thing that is wrong with TEDS. */
export function troubleFields(troubles: readonly TedsTrouble[], now: Date): readonly Field[] {
  return troubles.map((trouble, i) => ({
    ...field(i === 0 ? 'TEDS Problem' : `TEDS Problem ${i + 1}`, text(trouble), now, { types: ['status'] }),
    qos: ['automaticReadout', 'error'],
  }));
}

/** `Meta Identification` of `meta-identification`. */
function titleOf(teds: string): string {
  return teds.replace(
    /(^|-)([a-z])/g,
    (_, before: string, letter: string) => (before ? ' ' : '') + letter.toUpperCase(),
  );
}
