import { BIND2, DISCO_INFO, FAST, HTTP_UPLOAD, Jid, NS, SASL2, STREAM_MANAGEMENT, XmppClient } from '@thingward/xmpp';
import { tcpConnector } from '@thingward/xmpp/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Accounts, openServerDatabase } from '../src/index.ts';
import { authenticate, entersTls, signsIn, succeeds, userAgent } from './authentication.ts';
import { type Actor, rosterSet, Stage } from './conversation.ts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}@localhost$/;

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open({ auth: { anonymous: true, allowPlaintext: true } });
});
afterAll(() => stage.close());

/** Somebody without a name, with a session. @returns the actor and its full JID */
async function enters(inline = '', wishes = ''): Promise<[Actor, Jid]> {
  const [actor] = await entersTls(stage);
  actor.sends(authenticate('ANONYMOUS', undefined, `<bind xmlns='${BIND2}'>${wishes}</bind>${inline}`));
  const [{ identity }] = await succeeds(actor);
  return [actor, identity];
}

/** Accounts in the database, those without a name too. */
async function accountsKept(): Promise<number> {
  const database = await openServerDatabase({ storage: 'sqlite', dataDir: stage.directory });
  const rows = await database.query.selectFrom('account').select('localpart').execute();
  await database.close();
  return rows.length;
}

describe('XEP-0175 ANONYMOUS', () => {
  it('is not offered unless the configuration says so', async () => {
    const closed = await Stage.open();
    const [actor, features] = await entersTls(closed);
    expect(features.toString()).not.toContain('ANONYMOUS');
    actor.sends(`<auth xmlns='${NS.sasl}' mechanism='ANONYMOUS'/>`);
    await actor.receives(`<failure xmlns='${NS.sasl}'><invalid-mechanism/></failure>`);
    await closed.close();
  });

  it('the flow of §4: a temporary account with a UUID for a name', async () => {
    const [actor, features] = await entersTls(stage);
    expect(features.child('mechanisms', NS.sasl)?.elements.at(-1)?.text).toBe('ANONYMOUS');
    actor.sends(`<auth xmlns='${NS.sasl}' mechanism='ANONYMOUS'/>`);
    await actor.receives(`<success xmlns='${NS.sasl}'/>`);
    actor.restarts();
    await actor.opens();
    actor.sends(`<iq type='set' id='bind_1'><bind xmlns='${NS.bind}'/></iq>`);
    const bound = await actor.receives(`<iq type='result' id='bind_1'/>`);
    const jid = Jid.parse(bound.child('bind', NS.bind)?.child('jid')?.text ?? '');
    expect(jid.bare.toString()).toMatch(UUID);
    actor.sends(`<iq type='get' id='kj37vd95' to='${jid.bare}'><query xmlns='${DISCO_INFO}'/></iq>`);
    const info = await actor.receives(`<iq type='result' id='kj37vd95'/>`);
    const identity = info.child('query', DISCO_INFO)?.child('identity');
    expect(identity?.attributes).toMatchObject({ category: 'account', type: 'anonymous' });
    actor.leaves();
    const romeo = await stage.signIn('romeo', 'registered');
    romeo.sends(`<iq type='get' id='own' to='romeo@localhost'><query xmlns='${DISCO_INFO}'/></iq>`);
    await romeo.receives(`<iq id='own'><query xmlns='${DISCO_INFO}'><identity type='registered'/></query></iq>`);
    romeo.leaves();
  });

  it('everyone is somebody else, and can talk with who is here', async () => {
    const [[one, first], [two, second]] = [await enters(), await enters()];
    expect(first.bare.equals(second.bare)).toBe(false);
    const romeo = await stage.present('romeo', 'helpdesk');
    one.sends(`<message to='romeo@localhost/helpdesk' id='m'><body>help!</body></message>`);
    await romeo.receives(`<message from='${first}' id='m'/>`);
    romeo.sends(`<message to='${first}' id='a'><body>how?</body></message>`);
    await one.receives(`<message from='romeo@localhost/helpdesk' id='a'/>`);
    for (const actor of [one, two, romeo]) actor.leaves();
  });

  it('but not with other domains, and not as a contact (§3)', async () => {
    const [actor, jid] = await enters();
    const romeo = await stage.present('romeo', 'contact');
    actor.sends(`<message to='juliet@example.org' id='far'><body>x</body></message>`);
    await actor.receives(
      `<message type='error' id='far'><error><forbidden xmlns='${NS.stanzaErrors}'/></error></message>`,
    );
    actor.sends(rosterSet('set', `<item jid='romeo@localhost'/>`));
    await actor.receives(`<iq type='error' id='set'><error><not-allowed xmlns='${NS.stanzaErrors}'/></error></iq>`);
    actor.sends(`<presence type='subscribe' to='romeo@localhost'/><presence/>`);
    await romeo.doesNotReceive(`<presence type='subscribe'/>`);
    romeo.sends(`<presence type='subscribe' to='${jid.bare}'/>`);
    await romeo.doesNotReceive(`<presence type='subscribed'/>`);
    await actor.doesNotReceive(`<presence type='subscribe'/>`);
    actor.sends(
      `<iq type='get' id='up' to='upload.localhost'><request xmlns='${HTTP_UPLOAD}' filename='a' size='1'/></iq>`,
    );
    await actor.receives(`<iq type='error' id='up'><error><forbidden xmlns='${NS.stanzaErrors}'/></error></iq>`);
    for (const one of [actor, romeo]) one.leaves();
  });

  it('what is stored for it is there until it goes, and then nothing is', async () => {
    await expect.poll(accountsKept).toBe(3);
    const [actor, jid] = await enters();
    expect(await accountsKept()).toBe(4);
    actor.sends(
      `<presence/><iq type='set' id='v'><query xmlns='jabber:iq:private'><s xmlns='urn:s'>mine</s></query></iq>`,
    );
    await actor.receives(`<iq type='result' id='v'/>`);
    actor.sends(`<iq type='set' id='n'><vCard xmlns='vcard-temp'><FN>Nobody</FN></vCard></iq>`);
    await actor.receives(`<iq type='result' id='n'/>`);
    actor.sends(`<iq type='get' id='g'><query xmlns='jabber:iq:private'><s xmlns='urn:s'/></query></iq>`);
    await actor.receives(`<iq id='g'><query xmlns='jabber:iq:private'><s xmlns='urn:s'>mine</s></query></iq>`);
    actor.leaves();
    await expect.poll(accountsKept).toBe(3);
    const romeo = await stage.signIn('romeo', 'late');
    romeo.sends(`<message to='${jid.bare}' id='late'><body>still there?</body></message>`);
    await romeo.receives(
      `<message type='error' id='late'><error><service-unavailable xmlns='${NS.stanzaErrors}'/></error></message>`,
    );
    romeo.leaves();
  });

  it('messages are not stored for it while it is not available either', async () => {
    const [actor, jid] = await enters();
    const romeo = await stage.signIn('romeo', 'sender');
    romeo.sends(`<message to='${jid.bare}' id='off' type='chat'><body>x</body></message>`);
    await romeo.receives(`<message type='error' id='off'/>`);
    for (const one of [actor, romeo]) one.leaves();
  });

  it('its session ends with its connection: nobody could come back to it', async () => {
    const [actor, jid] = await enters('', `<enable xmlns='${STREAM_MANAGEMENT}' resume='true'/>`);
    const romeo = await stage.signIn('romeo', 'watching');
    actor.leaves();
    await expect.poll(accountsKept).toBe(3);
    romeo.sends(`<iq type='get' id='p' to='${jid}'><ping xmlns='urn:xmpp:ping'/></iq>`);
    await romeo.receives(`<iq type='error' id='p'/>`);
    romeo.leaves();
  });

  it('gets no token, and an account that was made for nothing goes too', async () => {
    const [actor] = await entersTls(stage);
    const wish = `${userAgent()}<request-token xmlns='${FAST}' mechanism='HT-SHA-256-NONE'/>`;
    actor.sends(authenticate('ANONYMOUS', undefined, wish));
    const [{ inline, identity }] = await succeeds(actor);
    expect(inline).toEqual([]);
    expect(identity.toString()).toMatch(UUID);
    expect(await accountsKept()).toBe(4);
    actor.leaves();
    await expect.poll(accountsKept).toBe(3);
  });

  it('its name is of no use to others: it has no password, and is on no list', async () => {
    const [actor, jid] = await enters();
    const other = await stage.connectTls();
    await expect(signsIn(other, jid.local as string)).rejects.toThrow('not-authorized');
    expect((await stage.server.accounts.list()).map((account) => account.jid)).not.toContain(jid.bare.toString());
    expect(await stage.server.accounts.exists(jid.local as string)).toBe(false);
    for (const one of [actor, other]) one.leaves();
  });

  it('what a killed server left behind goes at the next start', async () => {
    const own = await Stage.open({ auth: { anonymous: true } });
    await own.server.stop();
    const database = await openServerDatabase({ storage: 'sqlite', dataDir: own.directory });
    const left = { localpart: 'left-behind', created_at: 0, is_temporary: 1 };
    await database.query.insertInto('account').values(left).execute();
    await database.close();
    await own.start();
    const again = await openServerDatabase({ storage: 'sqlite', dataDir: own.directory });
    expect((await again.query.selectFrom('account').selectAll().execute()).length).toBe(3);
    expect(await new Accounts(again.query, 'localhost').list()).toHaveLength(3);
    await again.close();
    await own.close();
  });

  it('our client signs in so when it is given a domain alone', async () => {
    const client = new XmppClient({
      jid: Jid.parse('localhost'),
      connect: tcpConnector({
        domain: 'localhost',
        host: '127.0.0.1',
        port: stage.server.address(0)?.port ?? 0,
        tls: 'starttls',
        trust: { fingerprint: stage.server.tls.fingerprint },
      }),
    });
    client.start();
    await client.ready();
    expect(client.jid.bare.toString()).toMatch(UUID);
    await client.stop();
    await expect.poll(accountsKept).toBe(3);
  });

  it('without an account nobody is let in by accident', async () => {
    const [actor] = await entersTls(stage);
    actor.sends(
      `<authenticate xmlns='${SASL2}' mechanism='ANONYMOUS'><initial-response>!</initial-response></authenticate>`,
    );
    await actor.receives(`<failure xmlns='${SASL2}'><incorrect-encoding xmlns='${NS.sasl}'/></failure>`);
    actor.leaves();
    await expect.poll(accountsKept).toBe(3);
  });
});
