import type { ChannelResource, NcapResource, ThingResource, TimResource } from '@thingward/ieee1451/mcap';
import { rowKey, SERVICE_STEP, THING_STEP, thingStep } from './tree-rows.ts';

/** What of the network a path stands for. */
export type Selection =
  | { readonly kind: 'ncap'; readonly ncap: NcapResource }
  | { readonly kind: 'tim'; readonly ncap: NcapResource; readonly tim: TimResource }
  | {
      readonly kind: 'channel';
      readonly ncap: NcapResource;
      readonly tim: TimResource;
      readonly channel: ChannelResource;
    }
  | { readonly kind: 'thing'; readonly ncap: NcapResource; readonly thing: ThingResource };

/** Undefined for what is not there, or no more. */
export function selectionOf(ncaps: readonly NcapResource[], path: readonly string[]): Selection | undefined {
  const [ncapId, second, third] = path;
  const ncap = ncaps.find(({ id }) => id === ncapId);
  if (!ncap || second === undefined) return ncap && { kind: 'ncap', ncap };
  if (second === THING_STEP) {
    const thing = ncap.things.find((candidate, i) => thingStep(candidate, i) === third);
    return thing && { kind: 'thing', ncap, thing };
  }
  const tim = ncap.tims.find(({ id }) => id === second);
  if (!tim || third === undefined) return tim && { kind: 'tim', ncap, tim };
  const channel = tim.channels.find(({ number }) => String(number) === third);
  return channel && { kind: 'channel', ncap, tim, channel };
}

/** Keys of the rows that have to be open for a selection to be seen. */
export function keysAbove(selection: Selection): readonly string[] {
  const { ncap } = selection;
  if (selection.kind === 'ncap') return [];
  if (selection.kind === 'tim') return [rowKey([ncap.id])];
  const above = selection.kind === 'channel' ? [selection.tim.id] : [SERVICE_STEP, selection.thing.service];
  return [rowKey([ncap.id]), rowKey([ncap.id, ...above])];
}
