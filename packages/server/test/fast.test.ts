import { readFileSync, rmSync, statSync } from 'node:fs';
import { decodeToken, FAST, NS, SASL2, type Sasl2Success } from '@thingward/xmpp';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  entersTls,
  headerFrom,
  plain,
  scram,
  signsIn,
  succeeds,
  USER_AGENT,
  userAgent,
  withToken,
} from './authentication.ts';
import { type Actor, Stage } from './conversation.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open({
    auth: { tokens: { lifetimeDays: 10, maxPerAccount: 4 } },
    limits: { maxAuthFailures: 10 },
  });
});
afterAll(() => stage.close());
afterEach(() => vi.useRealTimers());

const DAY_MS = 24 * 3600 * 1000;
const request = (mechanism = 'HT-SHA-256-EXPR') => `<request-token xmlns='${FAST}' mechanism='${mechanism}'/>`;
const failure = (condition: string) => `<failure xmlns='${SASL2}'><${condition} xmlns='${NS.sasl}'/></failure>`;
const tokenIn = ({ inline }: Sasl2Success) => decodeToken(inline);
const agent = (digit: number) => USER_AGENT.replace(/^./, String(digit));

/** Time goes on for the server's clock, nothing else. */
const wait = (days: number) => vi.setSystemTime(Date.now() + days * DAY_MS);

/** Signs in with the password and asks for a token. */
async function getsToken(name = 'romeo', { mechanism = 'HT-SHA-256-EXPR', id = USER_AGENT } = {}): Promise<string> {
  const actor = await stage.connectTls();
  const [success] = await signsIn(actor, name, `${userAgent(id)}${request(mechanism)}`);
  actor.leaves();
  const token = tokenIn(success);
  if (!token) throw new Error('there was no token');
  return token.token;
}

/** Shows a token on a new connection. */
async function shows(token: string, options: Parameters<typeof withToken>[2] = {}): Promise<Actor> {
  const [actor] = await entersTls(stage, headerFrom(`${options.name ?? 'romeo'}@localhost`));
  actor.sends(await withToken(actor, token, options));
  return actor;
}

describe('XEP-0484 FAST', () => {
  it('is offered with mechanisms that fit the connection (§3.1)', async () => {
    const [, features] = await entersTls(stage);
    const fast = features.child('authentication', SASL2)?.child('inline')?.child('fast', FAST);
    expect(fast?.childrenNamed('mechanism').map(({ text }) => text)).toEqual([
      'HT-SHA-256-EXPR',
      'HT-SHA-256-ENDP',
      'HT-SHA-256-NONE',
    ]);
    expect(fast?.attribute('tls-0rtt')).toBeUndefined();
  });

  it('a token is given to who has authenticated and asked (§3.2, §3.3)', async () => {
    const [romeo] = await entersTls(stage);
    const success = await scram(romeo, 'romeo', 'romeo', `${userAgent()}${request()}`);
    const token = tokenIn(success);
    expect(token?.token).toMatch(/^[\w-]{43}$/);
    expect(token?.expiresAt.getTime()).toBeGreaterThan(Date.now() + 9 * DAY_MS);
    const other = await stage.connectTls();
    expect(tokenIn((await signsIn(other, 'romeo', userAgent()))[0])).toBeUndefined();
    const unknown = await stage.connectTls();
    expect(
      tokenIn((await signsIn(unknown, 'romeo', `${userAgent()}${request('HT-SHA3-512-NONE')}`))[0]),
    ).toBeUndefined();
  });

  it('is for a user agent with an id alone (§4.1)', async () => {
    const [romeo] = await entersTls(stage);
    romeo.sends(plain('romeo', request()));
    await romeo.receives(failure('malformed-request'));
    romeo.sends(await withToken(romeo, 'token', { inline: '<user-agent/>' }));
    await romeo.receives(failure('malformed-request'));
  });

  it.each(['HT-SHA-256-EXPR', 'HT-SHA-256-ENDP', 'HT-SHA-256-NONE'])(
    '%s lets in, with a session (§3.4)',
    async (mechanism) => {
      const token = await getsToken('romeo', { mechanism });
      const bind = `<bind xmlns='urn:xmpp:bind:0'><tag>AwesomeXMPP</tag></bind>`;
      const romeo = await shows(token, { mechanism, fast: `count='1'`, inline: userAgent() + bind });
      const [success] = await succeeds(romeo);
      expect(success.identity.resource).toMatch(/^AwesomeXMPP\//);
      expect(success.additionalData?.length).toBe(32);
      expect(tokenIn(success)).toBeUndefined();
      romeo.sends(`<iq type='get' id='p' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>`);
      await romeo.receives(`<iq id='p' type='result'/>`);
      romeo.leaves();
    },
  );

  it('is bound to its mechanism, its user agent, its account and its connection', async () => {
    const token = await getsToken();
    for (const wrong of [
      { mechanism: 'HT-SHA-256-NONE' },
      { mechanism: 'HT-SHA-256-ENDP' },
      { inline: userAgent(agent(9)) },
      { name: 'juliet' },
      { name: 'nobody' },
    ]) {
      const actor = await shows(token, wrong);
      await actor.receives(failure('not-authorized'));
      actor.leaves();
    }
    const [here] = await entersTls(stage);
    const [elsewhere] = await entersTls(stage);
    elsewhere.sends(await withToken(here, token));
    await elsewhere.receives(failure('not-authorized'));
    await succeeds(await shows(token));
  });

  it('a use that is counted comes once, and from then on all are (§3.4)', async () => {
    const token = await getsToken();
    await succeeds(await shows(token));
    await succeeds(await shows(token, { fast: `count='3'` }));
    for (const fast of [`count='3'`, `count='2'`, '']) {
      await (await shows(token, { fast })).receives(failure('not-authorized'));
    }
    for (const fast of [`count='-1'`, `count='x'`, `count='99999999999'`]) {
      await (await shows(token, { fast })).receives(failure('malformed-request'));
    }
    await succeeds(await shows(token, { fast: `count='4'` }));
  });

  it('the same use at the same time comes once too', async () => {
    const token = await getsToken();
    const outcomes = await Promise.all(
      [1, 2, 3].map(async () => (await (await shows(token, { fast: `count='1'` })).next()).name),
    );
    expect(outcomes.sort()).toEqual(['failure', 'failure', 'success']);
  });

  it('is replaced in time; the older is good until the newer was used (§3.5)', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
    const first = await getsToken();
    await succeeds(await shows(first));
    wait(6);
    const [success] = await succeeds(await shows(first));
    const lost = tokenIn(success)?.token;
    // It never arrived: the older is still taken, and another comes.
    const [again] = await succeeds(await shows(first));
    const second = tokenIn(again)?.token as string;
    expect(new Set([first, lost, second]).size).toBe(3);
    await (await shows(lost as string)).receives(failure('not-authorized'));
    await succeeds(await shows(second));
    await (await shows(first)).receives(failure('not-authorized'));
  });

  it('one that is too old says so, and the password is taken instead (§4.2)', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
    const token = await getsToken();
    wait(11);
    const romeo = await shows(token);
    await romeo.receives(failure('credentials-expired'));
    // The client goes on with its password.
    expect((await scram(romeo, 'romeo', 'romeo')).identity.toString()).toBe('romeo@localhost');
  });

  it('can be given up (§3.6)', async () => {
    const token = await getsToken();
    const [success] = await succeeds(await shows(token, { fast: `invalidate='true' count='1'` }));
    expect(tokenIn(success)).toBeUndefined();
    await (await shows(token, { fast: `count='2'` })).receives(failure('not-authorized'));
    const another = await getsToken();
    const [last] = await succeeds(await shows(another, { fast: `invalidate='1'`, inline: userAgent() + request() }));
    await (await shows(another)).receives(failure('not-authorized'));
    await succeeds(await shows(tokenIn(last)?.token as string));
  });

  it('an account has so many and no more: the oldest goes', async () => {
    const tokens: string[] = [];
    for (let i = 1; i <= 5; i++) tokens.push(await getsToken('mercutio', { id: agent(i) }));
    const tries = (i: number) => shows(tokens[i - 1] as string, { name: 'mercutio', inline: userAgent(agent(i)) });
    await (await tries(1)).receives(failure('not-authorized'));
    for (const i of [2, 3, 4, 5]) await succeeds(await tries(i));
  });

  it('a new password takes the tokens away, and so does the end of an account', async () => {
    await stage.server.accounts.add('paris', 'paris');
    const first = await getsToken('paris');
    await stage.server.accounts.setPassword('paris', 'paris');
    await (await shows(first, { name: 'paris' })).receives(failure('not-authorized'));
    const second = await getsToken('paris');
    await stage.server.accounts.remove('paris');
    await stage.server.accounts.add('paris', 'paris');
    await (await shows(second, { name: 'paris' })).receives(failure('not-authorized'));
  });

  it('survives a restart of the server, but not the loss of the key beside the database', async () => {
    const own = await Stage.open();
    const actor = await own.connectTls();
    const [success] = await signsIn(actor, 'romeo', `${userAgent()}${request('HT-SHA-256-NONE')}`);
    const token = tokenIn(success)?.token as string;
    const key = `${own.directory}/token.key`;
    expect(statSync(key).mode & 0o777).toBe(0o600);
    await own.server.stop();
    expect(readFileSync(`${own.directory}/thingward.db`).includes(token)).toBe(false);
    await own.start();
    const [again] = await entersTls(own);
    again.sends(await withToken(again, token, { mechanism: 'HT-SHA-256-NONE' }));
    await succeeds(again);
    await own.server.stop();
    rmSync(key);
    await own.start();
    const [last] = await entersTls(own);
    last.sends(await withToken(last, token, { mechanism: 'HT-SHA-256-NONE' }));
    await last.receives(failure('not-authorized'));
    await own.close();
  });

  it('can be switched off', async () => {
    const own = await Stage.open({ auth: { tokens: { enabled: false } } });
    const [romeo, features] = await entersTls(own);
    expect(features.toString()).not.toContain(FAST);
    romeo.sends(await withToken(romeo, 'token'));
    await romeo.receives(failure('invalid-mechanism'));
    expect(tokenIn(await scram(romeo, 'romeo', 'romeo', userAgent() + request()))).toBeUndefined();
    await own.close();
  });

  it('all in one flight: stream header, token and session', async () => {
    const token = await getsToken();
    const romeo = await stage.connectTls();
    const bind = `<bind xmlns='urn:xmpp:bind:0'/>`;
    romeo.sends(headerFrom('romeo@localhost') + (await withToken(romeo, token, { inline: userAgent() + bind })));
    await romeo.header();
    expect((await romeo.next()).is('features', NS.stream)).toBe(true);
    const [success] = await succeeds(romeo);
    expect(success.identity.isFull).toBe(true);
  });
});
