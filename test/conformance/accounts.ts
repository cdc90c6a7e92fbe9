import { randomBytes } from 'node:crypto';
import { Jid, NS } from '@thingward/xmpp';
import { type Account, Actor, Deviation, type Target } from './actor.ts';

/** Where scenes get their accounts. */
export interface AccountSource {
  /** Has an account never been used before? What it has archived can't be taken out. */
  readonly areNew: boolean;
  /** An account with no past. @param name it is called after, where it can be */
  take(name: string): Promise<Account>;
  /** It is needed no more. */
  giveBack(account: Account): Promise<void>;
}

/** Accounts that are made for each scene by whoever runs the server. */
export function madeAccounts(
  domain: string,
  add: (local: string, password: string) => Promise<unknown>,
): AccountSource {
  return {
    areNew: true,
    take: async (name) => {
      const account = newAccount(domain, name);
      await add(account.jid.local as string, account.password);
      return account;
    },
    giveBack: async () => undefined,
  };
}

/** Accounts that are registered for each scene and removed after it. @see XEP-0077 §3.1, §3.2 */
export function registeredAccounts(target: Target): AccountSource {
  return {
    areNew: true,
    take: async (name) => {
      const account = newAccount(target.domain, name);
      const actor = new Actor(target, account);
      await actor.secure();
      await actor.open();
      const fields = `<username>${account.jid.local}</username><password>${account.password}</password>`;
      const request = `<iq type='set' id='register' to='${target.domain}'><query xmlns='jabber:iq:register'>${fields}</query></iq>`;
      const answer = await actor.ask(request, 'register');
      actor.cut();
      if (answer.attribute('type') !== 'result') throw new Deviation(`could not register an account: ${answer}`);
      return account;
    },
    giveBack: async (account) => {
      const actor = new Actor(target, account);
      await actor.signIn('remover');
      actor.say(`<iq type='set' id='remove'><query xmlns='jabber:iq:register'><remove/></query></iq>`);
      // It is told of success, of an error, or cut off.
      await actor.hear(() => true, 'an answer').catch(() => undefined);
      actor.cut();
    },
  };
}

/**
 * Accounts that exist. One is used by one scene at a time, and left without contacts, blocked contacts and waiting messages.
 * @param lines `JID PASSWORD` each
 */
export function givenAccounts(target: Target, lines: readonly string[]): AccountSource {
  const free = lines.map((line): Account => {
    const [jid = '', password = ''] = line.trim().split(/\s+/);
    return { jid: Jid.parse(jid.includes('@') ? jid : `${jid}@${target.domain}`), password };
  });
  const waiting: ((account: Account) => void)[] = [];
  return {
    areNew: false,
    take: () => {
      const account = free.shift();
      return account ? Promise.resolve(account) : new Promise((resolve) => waiting.push(resolve));
    },
    giveBack: async (account) => {
      await clean(new Actor(target, account));
      const next = waiting.shift();
      if (next) next(account);
      else free.push(account);
    },
  };
}

async function clean(actor: Actor): Promise<void> {
  await actor.signIn('cleaner');
  await actor.ask(`<iq type='set' id='unblock'><unblock xmlns='urn:xmpp:blocking'/></iq>`, 'unblock');
  const roster = await actor.ask(`<iq type='get' id='roster'><query xmlns='${NS.roster}'/></iq>`, 'roster');
  for (const item of roster.child('query', NS.roster)?.childrenNamed('item') ?? []) {
    const remove = `<item jid='${item.attribute('jid')}' subscription='remove'/>`;
    await actor.ask(`<iq type='set' id='remove'><query xmlns='${NS.roster}'>${remove}</query></iq>`, 'remove');
  }
  actor.say('<presence/>');
  await actor.probe();
  for (const request of actor.unheard) {
    const isRequest = request.is('presence') && request.attribute('type') === 'subscribe';
    if (isRequest) actor.say(`<presence type='unsubscribed' to='${request.attribute('from')}'/>`);
  }
  await actor.probe();
  await actor.leave();
}

function newAccount(domain: string, name: string): Account {
  const local = `${name.toLowerCase()}-${randomBytes(5).toString('hex')}`;
  return { jid: Jid.parse(`${local}@${domain}`), password: randomBytes(12).toString('hex') };
}
