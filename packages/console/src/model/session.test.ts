import { PeerError, SaslError, StreamError } from '@thingward/xmpp';
import { describe, expect, it } from 'vitest';
import { TestConnection } from './connection.fixture.ts';
import { Session } from './session.ts';

function setUp() {
  const connections: TestConnection[] = [];
  const memory = { jid: undefined as string | undefined };
  const session = new Session(
    () => {
      const connection = new TestConnection();
      connections.push(connection);
      return connection;
    },
    {
      load: () => memory.jid,
      save: (jid) => {
        memory.jid = jid;
      },
      clear: () => {
        memory.jid = undefined;
      },
    },
  );
  return { session, connections, memory, latest: () => connections.at(-1) as TestConnection };
}

const form = { jid: ' owner@localhost ', password: 'secret', remember: true };

describe('Session', () => {
  it('signs in, and remembers the JID and nothing else', async () => {
    const { session, latest, memory } = setUp();
    const done = session.signIn(form);
    expect(session.state.value.kind).toBe('signing-in');
    latest().become('online');
    await done;
    expect(session.state.value).toMatchObject({ kind: 'signed-in', connection: latest() });
    expect(memory).toEqual({ jid: 'owner@localhost' });
  });

  it('forgets the JID when that is wanted', async () => {
    const { session, latest, memory } = setUp();
    memory.jid = 'owner@localhost';
    const done = session.signIn({ ...form, remember: false });
    latest().become('online');
    await done;
    expect(memory.jid).toBeUndefined();
  });

  it.each([
    [{ ...form, jid: 'owner' }, /full address.*owner@localhost/],
    [{ ...form, jid: '' }, /Enter your address/],
    [{ ...form, jid: 'a@b c' }, /not an address/],
    [{ ...form, password: '' }, /password/],
  ])('refuses a form that can’t be right without asking the server: %o', async (wrong, problem) => {
    const { session, connections } = setUp();
    await session.signIn(wrong);
    expect(session.state.value).toMatchObject({ kind: 'signed-out', problem: expect.stringMatching(problem) });
    expect(connections).toHaveLength(0);
  });

  it.each([
    [new SaslError('not-authorized'), 'The address or the password is wrong.'],
    [new SaslError('account-disabled'), 'This account is disabled.'],
    [new StreamError('host-unknown'), /does not serve the domain/],
    [new PeerError('not-connected', 'x'), /server does not answer/],
  ])('says why signing in failed, and stops trying: %s', async (error, problem) => {
    const { session, latest } = setUp();
    const done = session.signIn(form);
    latest().become('offline', error);
    await done;
    expect(session.state.value).toEqual({
      kind: 'signed-out',
      problem: typeof problem === 'string' ? problem : expect.stringMatching(problem),
    });
    expect(latest().sent).toEqual(['start', 'stop']);
  });

  it('can be given up while it signs in', async () => {
    const { session, latest } = setUp();
    const done = session.signIn(form);
    session.signOut();
    await done;
    expect(session.state.value).toEqual({ kind: 'signed-out' });
    expect(latest().sent).toContain('stop');
  });

  it('says since when the connection is lost, and that it is back', async () => {
    const { session, latest } = setUp();
    const done = session.signIn(form);
    latest().become('online');
    await done;
    latest().become('offline', new PeerError('connection-lost', 'gone'));
    const lost = session.state.value;
    expect(lost).toMatchObject({ kind: 'signed-in', lostAt: expect.any(Date), problem: 'gone' });
    latest().become('connecting');
    expect(session.state.value).toEqual(lost);
    latest().become('online');
    expect(session.state.value).toEqual({ kind: 'signed-in', connection: latest() });
  });

  it('signs out when the password was changed meanwhile', async () => {
    const { session, latest } = setUp();
    const done = session.signIn(form);
    latest().become('online');
    await done;
    latest().become('failed', new SaslError('not-authorized'));
    expect(session.state.value).toMatchObject({ kind: 'signed-out', problem: expect.stringMatching(/signed out/) });
  });
});
