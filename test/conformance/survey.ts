import { type Element, xml } from '@thingward/xml';
import { NS } from '@thingward/xmpp';
import type { AccountSource } from './accounts.ts';
import { Actor, type Target } from './actor.ts';

const DISCO_INFO = 'http://jabber.org/protocol/disco#info';
const DISCO_ITEMS = 'http://jabber.org/protocol/disco#items';
const UPLOAD = 'urn:xmpp:http:upload:0';

/** What a server says it can do. */
export interface Offer {
  /** Namespaces of stream features, and features of the server and of accounts; `pubsub` and `upload` where there are such services. */
  readonly features: ReadonlySet<string>;
  /** Addresses of services by these names. */
  readonly services: ReadonlyMap<string, string>;
}

/** Asks a server what it can do. */
export async function survey(target: Target, accounts: AccountSource): Promise<Offer> {
  const features = new Set<string>();
  const services = new Map<string, string>();
  const account = await accounts.take('surveyor');
  const actor = new Actor(target, account);
  const note = (stream: Element) => {
    for (const { namespace } of stream.elements) features.add(namespace);
  };
  await actor.connect();
  note(await actor.open());
  if (target.tls === 'none') features.delete(NS.tls);
  else features.add('TLS');
  await actor.authenticate();
  note(await actor.open());
  await actor.signIn('surveyor');
  const query = (to: string, xmlns: string) =>
    actor.ask(
      `${xml('iq', { xmlns: NS.client, type: 'get', id: `${xmlns} ${to}`, to }, xml('query', { xmlns }))}`,
      `${xmlns} ${to}`,
    );
  const info = async (to: string) => (await query(to, DISCO_INFO)).child('query', DISCO_INFO);
  for (const to of [target.domain, account.jid.toString()]) {
    const answer = await info(to);
    for (const feature of answer?.childrenNamed('feature') ?? []) features.add(feature.attribute('var') ?? '');
    for (const identity of answer?.childrenNamed('identity') ?? []) {
      if (identity.attribute('category') === 'pubsub') features.add(`identity ${identity.attribute('type')}`);
    }
  }
  const items = (await query(target.domain, DISCO_ITEMS)).child('query', DISCO_ITEMS)?.childrenNamed('item') ?? [];
  for (const item of items) {
    const jid = item.attribute('jid') ?? '';
    const answer = await info(jid);
    const isPubsub = answer
      ?.childrenNamed('identity')
      .some((identity) => identity.attribute('category') === 'pubsub' && identity.attribute('type') === 'service');
    if (isPubsub) services.set('pubsub', jid);
    if (answer?.childrenNamed('feature').some((feature) => feature.attribute('var') === UPLOAD))
      services.set('upload', jid);
  }
  const pubsub = services.get('pubsub');
  if (pubsub !== undefined && !(await makesNodes(actor, pubsub))) services.delete('pubsub');
  for (const name of services.keys()) features.add(name);
  if (accounts.areNew) features.add('new accounts');
  await actor.leave();
  await accounts.giveBack(account);
  return { features, services };
}

/** May everybody make nodes at the service? */
async function makesNodes(actor: Actor, service: string): Promise<boolean> {
  const request = (id: string, what: string, kind: string) =>
    actor.ask(
      `<iq type='set' id='${id}' to='${service}'><pubsub xmlns='http://jabber.org/protocol/pubsub${kind}'><${what} node='survey-${actor.account.jid.local}'/></pubsub></iq>`,
      id,
    );
  if ((await request('create', 'create', '')).attribute('type') !== 'result') return false;
  await request('delete', 'delete', '#owner');
  return true;
}
