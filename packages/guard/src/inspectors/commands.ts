import { type PacketInspector, unknownOperation } from '../packet-inspector.ts';

const COMMANDS = 'http://jabber.org/protocol/commands';
const PROTOCOL = 'commands';

/** Ad-hoc commands: `execute`. @see XEP-0050 */
export const commandsInspector: PacketInspector = {
  protocol: PROTOCOL,
  actions: ['execute'],
  namespaces: [COMMANDS],
  answers: new Set(),
  about: 'addressee',
  inspect(payload, { to: jid, kind, type, isNested }) {
    const resource = { kind: 'thing', jid } as const;
    // In the answer to a command.
    if (!isNested && kind === 'iq' && (type === 'result' || type === 'error')) return [];
    const name = payload.attribute('node');
    if (payload.name !== 'command' || name === undefined) {
      return [unknownOperation(PROTOCOL, resource, payload, 'it is no command with a node')];
    }
    const action = payload.attribute('action');
    // Who gives up a command changes nothing.
    if (action === 'cancel') return [];
    return [{ action: 'execute', resource, facts: { protocol: PROTOCOL, name, text: action } }];
  },
};
