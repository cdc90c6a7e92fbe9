import {
  COMMANDS,
  DATA_FORM_NAMESPACE,
  type DiscoIdentity,
  decodeCommandRequest,
  encodeCommandResponse,
  StanzaError,
} from '@thingward/xmpp';
import type { ServerModule } from '../module.ts';

const LIST_IDENTITY: DiscoIdentity = { category: 'automation', type: 'command-list' };

/** Lists the commands of the server and runs them. They come from other modules. @see XEP-0050 */
export const adHocCommands: ServerModule = {
  name: 'ad-hoc-commands',
  features: [COMMANDS],
  start({ commands, disco, hooks, router }) {
    disco.addNode('server', {
      info: async (node, { from }) => {
        if (node === COMMANDS) return { identities: [LIST_IDENTITY], features: [COMMANDS] };
        const command = await commands.find(node, from);
        if (!command) return undefined;
        return {
          identities: [{ category: 'automation', type: 'command-node', name: command.name }],
          features: [COMMANDS, DATA_FORM_NAMESPACE],
        };
      },
      items: async (node, { from }) => {
        if (node === COMMANDS) return commands.items(from, router.domain);
        // A command has nothing below it.
        return (await commands.find(node, from)) ? [] : undefined;
      },
    });
    router.onServerIq('set', 'command', COMMANDS, async ({ from, element }) => {
      const command = element.child('command', COMMANDS);
      if (!command) throw new StanzaError('bad-request');
      return encodeCommandResponse(await commands.run(decodeCommandRequest(command), from));
    });
    hooks.onSessionEnded(({ jid }) => commands.sessions.endAllOf(jid));
    return () => commands.sessions.stop();
  },
};
