import { createServer } from 'node:net';
import { NS } from '@thingward/xmpp';
import { afterEach, expect, it } from 'vitest';
import { Stage } from './conversation.ts';
import { TestPolicies } from './policies.ts';

const HOME = 'capulet.example';
const FOREIGN = 'montague.example';
const CONTROL = 'urn:xmpp:iot:control';
const SET = `<set xmlns='${CONTROL}'><int name='Speed' value='1200'/></set>`;
const doors = { c2s: '127.0.0.1:0', c2sTls: '127.0.0.1:0' };
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A port that is kept free for a server that comes later. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A home with a guard and a Thing, and a foreign server whose accounts are as good as their word. */
async function neighbours(policies: string) {
  const folder = new TestPolicies({
    'entities.yaml': `things: { 'juliet@${HOME}': { owner: 'romeo@${FOREIGN}' } }\ngroups: { montagues: ['${FOREIGN}'] }`,
    'own.cedar': policies,
  });
  closers.push(() => folder.remove());
  const port = await freePort();
  const open = async (domain: string, hosts: Record<string, string>, s2s: string, more: object = {}) => {
    const stage = await Stage.open({ domain, listen: { ...doors, s2s }, s2s: { tls: 'optional', hosts }, ...more });
    closers.push(() => stage.close());
    return stage;
  };
  const home = await open(HOME, { [FOREIGN]: `127.0.0.1:${port}` }, '127.0.0.1:0', { policies: folder.path });
  const homePort = home.server.federation?.address('s2s')?.port;
  const foreign = await open(FOREIGN, { [HOME]: `127.0.0.1:${homePort}` }, `127.0.0.1:${port}`);
  const juliet = await home.present('juliet');
  const thing = `juliet@${HOME}/r`;
  return { juliet, thing, romeo: await foreign.signIn('romeo'), mercutio: await foreign.signIn('mercutio') };
}

it('the owner controls from another server, and nobody else there, whatever is written inside', async () => {
  const { juliet, thing, romeo, mercutio } = await neighbours('');
  romeo.sends(`<iq type='set' id='1' to='${thing}'>${SET}</iq>`);
  await juliet.receives(`<iq type='set' id='1' from='romeo@${FOREIGN}/r'>${SET}</iq>`);
  const hidden = [
    SET,
    `<forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client' from='romeo@${FOREIGN}/r'>${SET}</message></forwarded>`,
    `<s:set xmlns:s='${CONTROL}'><s:int name='Speed' value='1'/></s:set>`,
  ];
  for (const [i, payload] of hidden.entries()) {
    mercutio.sends(`<iq type='set' id='w${i}' to='${thing}'>${payload}</iq>`);
    await mercutio.receives(
      `<iq type='error' id='w${i}'><error type='cancel'><forbidden xmlns='${NS.stanzaErrors}'/></error></iq>`,
    );
    mercutio.sends(`<message to='${thing}' id='m${i}'><body>hello</body>${payload}</message>`);
    await mercutio.receives(`<message type='error' id='m${i}'/>`);
  }
  mercutio.sends(`<message to='${thing}' type='chat' id='end'><body>hello</body></message>`);
  expect((await juliet.next()).attribute('id')).toBe('end');
});

it('policies know where a request comes from', async () => {
  const { juliet, thing, romeo, mercutio } = await neighbours(
    'permit(principal in Group::"montagues", action == Action::"set", resource);\n' +
      'forbid(principal == Account::"romeo@montague.example", action == Action::"set", resource) when { context.origin == "server" && context.authentication < 4 };',
  );
  romeo.sends(`<iq type='set' id='1' to='${thing}'>${SET}</iq>`);
  await romeo.receives(`<iq type='error' id='1'/>`);
  mercutio.sends(`<iq type='set' id='2' to='${thing}'>${SET}</iq>`);
  await juliet.receives(`<iq type='set' id='2'/>`);
});
