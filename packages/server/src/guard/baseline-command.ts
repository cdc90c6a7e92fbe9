import type { Baseline } from '@thingward/guard';
import { commandError, type DataForm, Jid } from '@thingward/xmpp';
import { ask, requiredValue } from '../administration/admin-form.ts';
import type { Administrators } from '../administration/administrators.ts';
import type { Command } from '../commands/command.ts';
import { GUARD_COMMANDS } from './command-namespace.ts';

/** Explains what is known of an account at a Thing: in words, and in numbers as JSON. */
export function baselineCommand(baseline: Baseline, administrators: Administrators): Command {
  return {
    node: `${GUARD_COMMANDS}#baseline`,
    name: 'Explain What Is Usual',
    mayRun: (from) => administrators.includes(from),
    execute: () =>
      ask(
        {
          title: 'Explaining What Is Usual',
          instructions: 'Who does something, and to which Thing.',
          fields: [
            { var: 'jid', type: 'jid-single', label: 'Account', required: true },
            { var: 'thing', type: 'jid-single', label: 'Thing', required: true },
          ],
        },
        (form) => {
          const explanation = baseline.explain(bareJid(form, 'jid'), bareJid(form, 'thing'), Date.now());
          return {
            kind: 'completed',
            form: {
              type: 'result',
              fields: [
                { var: 'words', type: 'text-multi', label: 'In words', values: explanation.words },
                { var: 'json', label: 'In numbers', values: [JSON.stringify(explanation)] },
              ],
            },
          };
        },
      ),
  };
}

function bareJid(form: DataForm, name: string): string {
  const text = requiredValue(form, name);
  const jid = Jid.tryParse(text);
  if (!jid) throw commandError('bad-payload', `"${name}" is an address such as plc@example.org, not "${text}"`);
  return jid.bare.toString();
}
