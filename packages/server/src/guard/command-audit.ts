import { briefValue, type GuardAudit } from '@thingward/guard';
import type { DataForm, FormField } from '@thingward/xmpp';
import { ADMIN } from '../administration/admin-form.ts';
import type { CommandWatch } from '../commands/command-watch.ts';

/** What an operator must be able to do whatever the disk is like. */
const ALWAYS: ReadonlySet<string> = new Set([`${ADMIN}#restart`, `${ADMIN}#shutdown`]);
const SECRET = /pass|secret|token|key$|pin$/i;
const MAX_FIELDS = 100;
const MAX_VALUES = 100;

type Values = Record<string, ReturnType<typeof briefValue>>;

/** Has all commands that are run recorded: who, which, and what was filled in, without what is secret and without texts. */
export function commandAudit(audit: GuardAudit): CommandWatch {
  return {
    refusal: ({ node }) => (ALWAYS.has(node) ? undefined : audit.refusal),
    ran: ({ command, from, asked, form, effect, reason }) =>
      audit.acted({
        who: from.bare.toString(),
        act: command.node,
        effect,
        reason,
        values: form && keptValues(audit, asked, form),
      }),
  };
}

function keptValues(audit: GuardAudit, asked: DataForm | undefined, form: DataForm): Values {
  const types = new Map((asked?.fields ?? []).map((field) => [field.var, field.type]));
  const kept: Values = {};
  for (const { var: name, values = [] } of (form.fields ?? []).slice(0, MAX_FIELDS)) {
    if (name === undefined || name === 'FORM_TYPE' || SECRET.test(name)) continue;
    const type = types.get(name);
    if (type === 'text-private' || type === 'hidden') continue;
    kept[name] = keptValue(audit, type, values.slice(0, MAX_VALUES));
  }
  return kept;
}

function keptValue(audit: GuardAudit, type: FormField['type'], values: readonly string[]): Values[string] {
  if (type === 'jid-single' || type === 'jid-multi')
    return values.map((jid) => briefValue(audit.addressText(jid.trim())));
  // A text may be a message to people, and a field nobody asked for may be anything: that it was the same is all that is kept.
  if (type === undefined || type === 'text-multi') return briefValue(values.join('\n'), 0);
  const [first] = values;
  return values.length === 1 && first !== undefined ? briefValue(first) : values.map((value) => briefValue(value));
}
