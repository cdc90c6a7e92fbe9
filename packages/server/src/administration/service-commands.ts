import { commandError, type DataForm, type FormField, type Jid, StanzaError } from '@thingward/xmpp';
import type { Command } from '../commands/command.ts';
import type { ServerContext } from '../module.ts';
import { adminCommand } from './admin-command.ts';
import { addressesOf, ask, done, optionalValue, textOf } from './admin-form.ts';
import type { Announcements } from './announcements.ts';
import type { ServiceControl } from './service-control.ts';

/** Time for the answer to leave. */
const LEAST_DELAY_MS = 500;

const DELAYS: readonly (readonly [string, string])[] = [
  ['At once', '0'],
  ['30 seconds', '30'],
  ['60 seconds', '60'],
  ['90 seconds', '90'],
  ['2 minutes', '120'],
  ['3 minutes', '180'],
  ['4 minutes', '240'],
  ['5 minutes', '300'],
];

/** Changes of the service itself. @see XEP-0133 §4.29 to §4.31 */
export class ServiceCommands {
  readonly #context: ServerContext;
  readonly #announcements: Announcements;
  #timer: NodeJS.Timeout | undefined;

  constructor(context: ServerContext, announcements: Announcements) {
    this.#context = context;
    this.#announcements = announcements;
  }

  get all(): readonly Command[] {
    const { serviceControl } = this.#context;
    const control = serviceControl
      ? [this.#ending(serviceControl, 'restart'), this.#ending(serviceControl, 'shutdown')]
      : [];
    return [this.#editAdministrators(), ...control];
  }

  /** What was to happen later does not happen any more. */
  stop(): void {
    clearTimeout(this.#timer);
  }

  #editAdministrators(): Command {
    const { accounts, administrators, domain } = this.#context;
    return adminCommand(this.#context, {
      name: 'edit-admin',
      title: 'Edit Admin List',
      execute: async () =>
        ask(
          {
            title: 'Editing the Admin List',
            instructions: 'Fill out this form to edit the list of entities who have administrative privileges.',
            fields: [
              { var: 'adminjids', type: 'jid-multi', label: 'The admin list', values: await administrators.list() },
            ],
          },
          async (form, from) => {
            const jids = addressesOf(form, 'adminjids');
            for (const jid of jids) {
              const isOurs = jid.domain === domain && jid.local !== undefined && jid.resource === undefined;
              // Those of the configuration may come before their account does.
              if (isOurs && (administrators.isConfigured(jid) || (await accounts.exists(jid.local ?? '')))) continue;
              throw new StanzaError('item-not-found', `${jid} is no account of ${domain}`);
            }
            if (!jids.some((jid) => jid.equals(from.bare))) {
              throw new StanzaError('not-acceptable', 'nobody takes these privileges away from oneself');
            }
            await administrators.replace(jids);
            return done();
          },
        ),
    });
  }

  #ending(control: ServiceControl, what: 'restart' | 'shutdown'): Command {
    const doing = what === 'restart' ? 'restarting' : 'shutting down';
    const fields: readonly FormField[] = [
      {
        var: 'delay',
        type: 'list-single',
        label: `Time delay before ${doing}`,
        options: DELAYS.map(([label, value]) => ({ label, value })),
      },
      { var: 'announcement', type: 'text-multi', label: 'Announcement' },
    ];
    return adminCommand(this.#context, {
      name: what,
      title: what === 'restart' ? 'Restart Service' : 'Shut Down Service',
      execute: () =>
        ask(
          {
            title: what === 'restart' ? 'Restarting the Service' : 'Shutting Down the Service',
            instructions: `Fill out this form to ${what === 'restart' ? 'restart' : 'shut down'} the service.`,
            fields,
          },
          (form, from) => {
            const seconds = delayOf(form);
            try {
              control.prepare?.(what);
            } catch (error) {
              throw new StanzaError('not-acceptable', (error as Error).message);
            }
            const announcement = textOf(form, 'announcement');
            if (announcement !== undefined) this.#announcements.announce('Announcement', announcement);
            this.#schedule(control, what, seconds, from);
            return done(seconds === 0 ? `${doing} now` : `${doing} in ${seconds} seconds`);
          },
        ),
    });
  }

  /** What is asked for last, counts. */
  #schedule(control: ServiceControl, what: 'restart' | 'shutdown', seconds: number, from: Jid): void {
    const { log } = this.#context;
    log.warn({ by: from.bare.toString(), seconds }, `an administrator wants a ${what}`);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => control.perform(what), Math.max(seconds * 1000, LEAST_DELAY_MS));
  }
}

/** @throws StanzaError `bad-payload` */
function delayOf(form: DataForm): number {
  const text = optionalValue(form, 'delay') ?? '0';
  if (!DELAYS.some(([, value]) => value === text)) {
    throw commandError('bad-payload', `delay is one of ${DELAYS.map(([, value]) => value).join(', ')} seconds`);
  }
  return Number(text);
}
