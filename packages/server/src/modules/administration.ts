import { accessListCommands } from '../administration/access-list-commands.ts';
import { accountCommands } from '../administration/account-commands.ts';
import { ActivityWatch } from '../administration/activity-watch.ts';
import { announcementCommands } from '../administration/announcement-commands.ts';
import { Announcements, announcementMigrations } from '../administration/announcements.ts';
import { censusCommands } from '../administration/census-commands.ts';
import { ServiceCommands } from '../administration/service-commands.ts';
import { sessionListCommand } from '../administration/session-list-command.ts';
import { statisticsCommand } from '../administration/statistics-command.ts';
import type { ServerModule } from '../module.ts';
import type { Session } from '../session.ts';
import { Settings } from '../storage/settings.ts';

/** What administrators do while the server runs, as commands. @see XEP-0133 */
export const administration: ServerModule = {
  name: 'administration',
  migrations: announcementMigrations,
  start(context) {
    const { accounts, administrators, commands, database, hooks, log, router, sessions } = context;
    const activity = new ActivityWatch(accounts, sessions, log);
    const settings = new Settings(database);
    const announcements = new Announcements({ database, settings, accounts, activity, router, sessions, log });
    const service = new ServiceCommands(context, announcements);
    commands.add(
      ...accountCommands(context, activity),
      ...accessListCommands(context),
      ...censusCommands(context, activity),
      sessionListCommand(context, activity),
      statisticsCommand(context),
      ...announcementCommands(context, announcements),
      ...service.all,
    );
    const newcomers = new WeakMap<Session, Promise<boolean>>();
    hooks.onSessionBound((session) => {
      newcomers.set(session, announcements.isNewcomer(session));
      activity.signedIn(session);
    });
    hooks.onAvailable(async (session, isInitial) => {
      if (!isInitial || session.priority < 0) return;
      await announcements.arrived(session, (await newcomers.get(session)) ?? false);
      newcomers.delete(session);
    });
    hooks.onAccountRemoved((localpart) => administrators.forget(router.accountJid(localpart)));
    return async () => {
      service.stop();
      await activity.stop();
    };
  },
};
