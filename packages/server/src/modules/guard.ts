import { commandAudit } from '../guard/command-audit.ts';
import { guardCommands } from '../guard/guard-commands.ts';
import type { ServerModule } from '../module.ts';
import { roleCommands } from '../roles/role-commands.ts';

/** What administrators and those who approve do with policies. @see docs/guard.md */
export const guard: ServerModule = {
  name: 'guard',
  start(context) {
    const { policies, administrators, commands } = context;
    if (policies.audit) commands.watch(commandAudit(policies.audit));
    commands.add(...guardCommands(policies, administrators), ...roleCommands(context));
  },
};
