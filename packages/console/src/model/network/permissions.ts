import type { ResourceKind, TransducerInterface } from '@thingward/ieee1451/mcap';

/** What we may not do with a channel, and why. */
export function refusals(kind: ResourceKind, { operations }: Pick<TransducerInterface, 'operations'>): string[] {
  const may = (operation: TransducerInterface['operations'][number]) => operations.includes(operation);
  return [
    ...(kind === 'actuator' || may('read')
      ? []
      : ['You may not read this channel: only its owner, and whom the owner lets, may.']),
    ...(kind !== 'actuator' || may('write')
      ? []
      : ['You may not set this actuator: only its owner, and whom the owner lets, may.']),
  ];
}
