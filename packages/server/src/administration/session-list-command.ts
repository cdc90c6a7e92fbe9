import type { FormField, Jid } from '@thingward/xmpp';
import type { Command } from '../commands/command.ts';
import type { ServerContext } from '../module.ts';
import type { ActivityWatch } from './activity-watch.ts';
import { ask } from './admin-form.ts';
import { limitOf, MAX_ITEMS_FIELD, truncation } from './list-length.ts';

/** Where the list is: XEP-0133 has no command for it. */
export const SESSION_LIST_NODE = 'urn:thingward:admin#list-sessions';

/** Lists sessions with where they come from. */
export function sessionListCommand(context: ServerContext, activity: ActivityWatch): Command {
  const { administrators, sessions } = context;
  return {
    node: SESSION_LIST_NODE,
    name: 'List Sessions',
    mayRun: (from: Jid) => administrators.includes(from),
    execute: () =>
      ask(
        {
          title: 'Listing Sessions',
          instructions: 'Fill out this form to list the sessions of this service.',
          fields: [MAX_ITEMS_FIELD],
        },
        (form) => {
          const list = [...sessions.all()].sort((a, b) => (a.jid.toString() < b.jid.toString() ? -1 : 1));
          const limit = limitOf(form);
          const items = list.slice(0, limit).map((session): readonly FormField[] => [
            { var: 'jid', values: [session.jid.toString()] },
            { var: 'remote', values: [session.wire?.remote ?? ''] },
            { var: 'encrypted', values: [session.wire?.isEncrypted ? '1' : '0'] },
            { var: 'since', values: [session.boundAt.toISOString()] },
            { var: 'priority', values: session.available ? [String(session.priority)] : [] },
            { var: 'idle', values: [activity.isIdle(session) ? '1' : '0'] },
            { var: 'stanzas', values: [String(session.received)] },
            { var: 'unacknowledged', values: [String(session.management?.queueLength ?? 0)] },
          ]);
          const reported: readonly FormField[] = [
            { var: 'jid', type: 'jid-single', label: 'Session' },
            { var: 'remote', label: 'From' },
            { var: 'encrypted', type: 'boolean', label: 'Encrypted' },
            { var: 'since', label: 'Since' },
            { var: 'priority', label: 'Priority' },
            { var: 'idle', type: 'boolean', label: 'Idle' },
            { var: 'stanzas', label: 'Stanzas sent' },
            { var: 'unacknowledged', label: 'Unacknowledged stanzas' },
          ];
          const notes = truncation(list.length > limit);
          return { kind: 'completed', notes, form: { type: 'result', fields: [], reported, items } };
        },
      ),
  };
}
