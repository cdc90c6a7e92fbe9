import { HISTORY } from '@thingward/things';
import { Jid } from '@thingward/xmpp';
import { namedNode } from '../named-nodes.ts';
import type { FoundOperation } from '../operation.ts';
import { type PacketInspector, unknownOperation } from '../packet-inspector.ts';

const PROTOCOL = 'history';
const ANSWERS = new Set(['history', 'stored', 'fields', 'store', 'readers']);
const HISTORICAL = ['historicalOther'];

/** What a history has stored of a Thing: a `read` of each field that is named. Storing is the Thing's own affair. */
export const historyInspector: PacketInspector = {
  protocol: PROTOCOL,
  actions: ['read'],
  namespaces: [HISTORY],
  answers: ANSWERS,
  about: 'others',
  inspect(payload, { from, to }) {
    if (ANSWERS.has(payload.name)) return [];
    const named = payload.attribute('thing') ?? payload.attribute('jid');
    const jid = named === undefined ? from : Jid.tryParse(named)?.bare.toString();
    if ((payload.name !== 'query' && payload.name !== 'read') || jid === undefined) {
      const problem = jid === undefined ? 'its jid is no address' : `there is no <${payload.name}/> in it`;
      return [unknownOperation(PROTOCOL, { kind: 'service', jid: to }, payload, problem)];
    }
    const { resource, ...rest } = namedNode(payload, jid);
    const names = payload.childrenNamed('field').map((field) => field.attribute('name'));
    return (names.length === 0 ? [undefined] : names).map(
      (name): FoundOperation => ({
        action: 'read',
        resource,
        facts: { protocol: PROTOCOL, name, fieldTypes: HISTORICAL, ...rest },
      }),
    );
  },
};
