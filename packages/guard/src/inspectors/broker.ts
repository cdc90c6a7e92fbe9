import { BROKER } from '@thingward/things';
import { Jid } from '@thingward/xmpp';
import { namedNode } from '../named-nodes.ts';
import type { FoundOperation } from '../operation.ts';
import { type PacketInspector, unknownOperation } from '../packet-inspector.ts';

const PROTOCOL = 'broker';
/** What brokers answer and tell, and what a Thing says of itself. */
const ANSWERS = new Set(['document', 'documents', 'following', 'changed', 'removed', 'readers']);
const QUESTIONS = new Set(['get', 'list', 'follow', 'unfollow']);
/** They decide how a device is read and written. */
const ACTS = new Set(['put', 'remove']);

/** The service broker: putting and removing documents about a Thing is `administer`, looking at them `browse`. */
export const brokerInspector: PacketInspector = {
  protocol: PROTOCOL,
  actions: ['browse', 'administer'],
  namespaces: [BROKER],
  answers: ANSWERS,
  about: 'others',
  inspect(payload, { to }) {
    const { name } = payload;
    if (ANSWERS.has(name)) return [];
    const service = { kind: 'service', jid: to } as const;
    if (!ACTS.has(name) && !QUESTIONS.has(name)) {
      return [unknownOperation(PROTOCOL, service, payload, `there is no <${name}/> in it`)];
    }
    const jid = Jid.tryParse(payload.attribute('thing'))?.bare.toString();
    if (jid === undefined) return [unknownOperation(PROTOCOL, service, payload, 'its thing is no address')];
    const { resource, ...rest } = namedNode(payload, jid);
    const [kind, document] = [payload.attribute('kind'), payload.attribute('name')];
    const text = kind === undefined || document === undefined ? kind : `${kind}/${document}`;
    const operation: FoundOperation = {
      action: ACTS.has(name) ? 'administer' : 'browse',
      resource,
      facts: { protocol: PROTOCOL, name, ...(text === undefined ? {} : { text }), ...rest },
    };
    return [operation];
  },
};
