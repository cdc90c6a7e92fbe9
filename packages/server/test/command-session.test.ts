import {
  COMMANDS,
  CommandSession,
  discoInfo,
  formValues,
  Jid,
  listCommands,
  runCommand,
  StanzaError,
  XmppClient,
} from '@thingward/xmpp';
import { tcpConnector } from '@thingward/xmpp/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADMIN } from '../src/index.ts';
import { Stage } from './conversation.ts';

const server = Jid.parse('localhost');
let stage: Stage;
let bard: XmppClient;
let romeo: XmppClient;
const signIn = async (name: string) => {
  const { port = 0 } = stage.server.address(0) ?? {};
  const trust = { fingerprint: stage.server.tls.fingerprint };
  const client = new XmppClient({
    jid: Jid.parse(`${name}@localhost`),
    password: name,
    connect: tcpConnector({ domain: 'localhost', host: '127.0.0.1', port, tls: 'starttls', trust }),
  });
  client.start();
  await client.ready(AbortSignal.timeout(5000));
  return client;
};
beforeAll(async () => {
  stage = await Stage.open({ auth: { allowPlaintext: true, admins: ['bard@localhost'] } });
  await stage.server.accounts.add('bard', 'bard');
  [bard, romeo] = await Promise.all([signIn('bard'), signIn('romeo')]);
});
afterAll(async () => {
  await bard?.stop();
  await romeo?.stop();
  await stage.close();
});

const command = (name: string) => ({ jid: server, node: `${ADMIN}#${name}` });

describe('the requester of a command', () => {
  it('finds those that it may run', async () => {
    expect((await discoInfo(bard, server)).features).toContain(COMMANDS);
    expect((await listCommands(bard, server)).map(({ name }) => name)).toContain('Add User');
    expect(await listCommands(romeo, server)).toEqual([]);
  });

  it('runs one from beginning to end with the values its forms ask for', async () => {
    const values = { accountjid: 'tybalt@localhost', password: 'R0m30', unasked: 'x' };
    expect((await runCommand(bard, command('add-user'), values)).status).toBe('completed');
    const { form } = await runCommand(bard, command('get-registered-users-num'));
    expect(form && formValues(form, 'registeredusersnum')).toEqual(['5']);
  });

  it('is told what is missing, and leaves nothing open', async () => {
    const wanting = runCommand(bard, command('add-user'), { accountjid: 'paris@localhost' });
    await expect(wanting).rejects.toMatchObject({
      condition: 'not-acceptable',
      text: expect.stringContaining(`a value for "password"`),
    });
    for (let i = 0; i < 12; i++) await expect(runCommand(bard, command('add-user'))).rejects.toThrow('accountjid');
  });

  it('hears the refusals of the responder', async () => {
    await expect(runCommand(romeo, command('add-user'))).rejects.toMatchObject({ condition: 'forbidden' });
    await expect(runCommand(bard, command('fly'))).rejects.toMatchObject({ condition: 'item-not-found' });
  });

  it('goes through the stages by itself where it wants to, and may cancel', async () => {
    const session = await CommandSession.execute(bard, command('announce'));
    expect(session.state.actions).toEqual({ allowed: ['complete'], execute: 'complete' });
    await expect(session.next({ announcement: 'x' })).rejects.toBeInstanceOf(StanzaError);
    await expect(session.previous()).rejects.toThrow('offers complete');
    expect((await session.cancel()).status).toBe('canceled');
    await expect(session.submit({})).rejects.toThrow('has ended');
    const other = await CommandSession.execute(bard, command('announce'));
    expect((await other.complete({ announcement: ['To be,', 'or not to be'] })).notes?.[0]?.text).toContain('told');
  });
});
