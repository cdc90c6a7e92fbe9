import type { Element } from '@thingward/xml';
import type { ActionName, FoundOperation } from '../operation.ts';
import { type PacketInspector, unknownOperation } from '../packet-inspector.ts';

const PROTOCOL = 'pubsub';
const PUBSUB = 'http://jabber.org/protocol/pubsub';
const OWNER = `${PUBSUB}#owner`;
export const PUBSUB_EVENTS = `${PUBSUB}#event`;

/** What each child of `<pubsub/>` does. @see XEP-0060 §5 - §8 */
const ACTS: Readonly<Record<string, ActionName | undefined>> = {
  publish: 'publish',
  retract: 'publish',
  subscribe: 'subscribe',
  unsubscribe: 'subscribe',
  options: 'subscribe',
  items: 'read',
  subscriptions: 'browse',
  affiliations: 'browse',
  default: 'browse',
  create: 'edit',
  configure: 'edit',
};
/** Those that only go along with another. */
const COMPANIONS = new Set(['publish-options', 'set']);

/** Publish-subscribe and PEP: publishing, subscribing, retrieving and owning nodes. @see XEP-0060, XEP-0163 */
export const pubsubInspector: PacketInspector = {
  protocol: PROTOCOL,
  actions: ['publish', 'subscribe', 'read', 'browse', 'edit'],
  namespaces: [PUBSUB, OWNER],
  answers: new Set(),
  about: 'addressee',
  inspect(payload, { to: jid }) {
    const service = { kind: 'service', jid } as const;
    if (payload.name !== 'pubsub') {
      return [unknownOperation(PROTOCOL, service, payload, `there is no <${payload.name}/> in it`)];
    }
    return payload.elements
      .filter((act) => act.namespace === payload.namespace && !COMPANIONS.has(act.name))
      .map((act): FoundOperation => {
        const node = act.attribute('node') || undefined;
        const resource = { ...service, node };
        // Whatever an owner does other than looking changes the node.
        const action = payload.namespace === OWNER ? ownerAction(act) : ACTS[act.name];
        if (action === undefined) return unknownOperation(PROTOCOL, resource, act, `<${act.name}/> in <pubsub/>`);
        return { action, resource, facts: { protocol: PROTOCOL, name: act.name } };
      });
  },
};

function ownerAction({ name }: Element): ActionName {
  return name === 'default' ? 'browse' : 'edit';
}
