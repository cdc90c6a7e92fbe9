import { afterEach, expect, it } from 'vitest';
import { Stage } from './conversation.ts';
import { TestPolicies } from './policies.ts';

const data = (to: string, id: string) =>
  `<iq type='set' id='${id}' to='${to}'><set xmlns='urn:xmpp:iot:control'><int name='Speed' value='1'/></set></iq>`;
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function opens(files: Readonly<Record<string, string>>) {
  const policies = new TestPolicies(files);
  closers.push(() => policies.remove());
  const stage = await Stage.open({ workers: 2, policies: policies.path });
  closers.push(() => stage.close());
  const actors = [await stage.signIn('mercutio'), await stage.signIn('juliet')] as const;
  // Until it is decided what goes past the router: block lists have to be read first.
  for (const actor of actors) {
    actor.sends(`<iq type='get' id='b'><blocklist xmlns='urn:xmpp:blocking'/></iq>`);
    await actor.receives(`<iq type='result' id='b'/>`);
  }
  return { stage, policies, mercutio: actors[0], juliet: actors[1] };
}

it('with policies no data goes past the router, also when they are applied later', async () => {
  const { stage, policies, mercutio, juliet } = await opens({});
  mercutio.sends(data('juliet@localhost/r', '1'));
  await juliet.receives(`<iq id='1'/>`);
  policies.write({ 'entities.yaml': 'things: { juliet@localhost: {} }' });
  await stage.server.reload(stage.config({ workers: 2, policies: policies.path }));
  mercutio.sends(`<iq type='get' id='p' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>`);
  await mercutio.receives(`<iq type='result' id='p'/>`);
  mercutio.sends(data('juliet@localhost/r', '2'));
  await mercutio.receives(`<iq type='error' id='2'/>`);
  mercutio.sends(`<message to='juliet@localhost/r' id='end'><body>hello</body></message>`);
  expect((await juliet.next()).attribute('id')).toBe('end');
});
