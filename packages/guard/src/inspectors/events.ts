import { EVENT_DIALECTS } from '@thingward/things';
import type { Element } from '@thingward/xml';
import type { FoundOperation } from '../operation.ts';
import { type InspectedStanza, type PacketInspector, unknownOperation } from '../packet-inspector.ts';
import { readOperations } from './sensor-data.ts';

const PROTOCOL = 'events';
const NONE: ReadonlySet<string> = new Set(['unsubscribe', 'unsubscribed']);

/** Subscriptions to events of Things: a `subscribe` to each node and field that is named. */
export const eventsInspector: PacketInspector = {
  protocol: PROTOCOL,
  actions: ['subscribe'],
  namespaces: EVENT_DIALECTS.map(({ namespace }) => namespace),
  answers: NONE,
  about: 'addressee',
  inspect(payload: Element, { to: jid }: InspectedStanza): readonly FoundOperation[] {
    if (NONE.has(payload.name)) return [];
    if (payload.name === 'subscribe') return readOperations(payload, jid, PROTOCOL, 'subscribe');
    return [unknownOperation(PROTOCOL, { kind: 'thing', jid }, payload, `there is no <${payload.name}/> in it`)];
  },
};
