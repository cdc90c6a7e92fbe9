import { NS } from '@thingward/xmpp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Actor, Stage } from './conversation.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await Stage.open();
});
afterEach(() => stage?.close());

const rosterSet = (id: string, item: string) =>
  `<iq type='set' id='${id}'><query xmlns='${NS.roster}'>${item}</query></iq>`;
const push = (item: string) => `<iq type='set'><query xmlns='${NS.roster}'>${item}</query></iq>`;

async function rosterOf(actor: Actor): Promise<string[]> {
  actor.sends(`<iq type='get' id='roster'><query xmlns='${NS.roster}'/></iq>`);
  const answer = await actor.receives(`<iq type='result' id='roster'/>`);
  const items = answer.child('query', NS.roster)?.childrenNamed('item') ?? [];
  return items
    .map((item) => `${item.attribute('jid')} ${item.attribute('subscription')}${item.attribute('ask') ? ' ask' : ''}`)
    .sort();
}

/** Makes them see each other. */
async function befriend(romeo: Actor, juliet: Actor): Promise<void> {
  romeo.sends(`<presence type='subscribe' to='juliet@localhost'/>`);
  await juliet.receives(`<presence type='subscribe' from='romeo@localhost'/>`);
  juliet.sends(`<presence type='subscribed' to='romeo@localhost'/><presence type='subscribe' to='romeo@localhost'/>`);
  await romeo.receives(`<presence type='subscribe' from='juliet@localhost'/>`);
  romeo.sends(`<presence type='subscribed' to='juliet@localhost'/>`);
  await juliet.receives(push(`<item jid='romeo@localhost' subscription='both'/>`));
  await romeo.receives(push(`<item jid='juliet@localhost' subscription='both'/>`));
}

describe('rosters (RFC 6121 §2)', () => {
  it('are kept, pushed to all sessions of the account, and survive a restart', async () => {
    const [one, two] = [await stage.signIn('romeo', '1'), await stage.signIn('romeo', '2')];
    expect(await rosterOf(one)).toEqual([]);
    one.sends(rosterSet('s', `<item jid='Juliet@localhost' name='J'><group>Capulets</group></item>`));
    await two.receives(
      push(`<item jid='juliet@localhost' name='J' subscription='none'><group>Capulets</group></item>`),
    );
    await one.receives(`<iq type='result' id='s'/>`);
    await stage.server.stop();
    await stage.start();
    expect(await rosterOf(await stage.signIn('romeo', '3'))).toEqual(['juliet@localhost none']);
  });

  it.each([
    [`<item/>`, 'bad-request'],
    [`<item jid='a b@c'/>`, 'bad-request'],
    [`<item jid='a@b'/><item jid='c@d'/>`, 'bad-request'],
    [`<item jid='a@b'><group/></item>`, 'not-acceptable'],
    [`<item jid='a@b'><group>x</group><group>x</group></item>`, 'bad-request'],
    [`<item jid='romeo@localhost'/>`, 'not-allowed'],
    [`<item jid='a@b' subscription='remove'/>`, 'item-not-found'],
  ])('refuse %s with %s', async (item, condition) => {
    const romeo = await stage.signIn('romeo');
    romeo.sends(rosterSet('s', item));
    await romeo.receives(`<iq type='error' id='s'><error><${condition} xmlns='${NS.stanzaErrors}'/></error></iq>`);
  });

  it('are nobody else’s business', async () => {
    const romeo = await stage.signIn('romeo');
    romeo.sends(`<iq type='get' id='1' to='juliet@localhost'><query xmlns='${NS.roster}'/></iq>`);
    await romeo.receives(`<iq type='error' id='1'><error><forbidden xmlns='${NS.stanzaErrors}'/></error></iq>`);
  });

  it('taking a contact out ends the subscriptions both ways', async () => {
    const [romeo, juliet] = [await stage.present('romeo'), await stage.present('juliet')];
    await befriend(romeo, juliet);
    romeo.sends(rosterSet('rm', `<item jid='juliet@localhost' subscription='remove'/>`));
    await juliet.receives(`<presence type='unsubscribed' from='romeo@localhost'/>`);
    await romeo.receives(`<iq type='result' id='rm'/>`);
    expect(await rosterOf(romeo)).toEqual([]);
    expect(await rosterOf(juliet)).toEqual(['romeo@localhost none']);
  });
});

describe('subscriptions (RFC 6121 §3)', () => {
  it('are asked for, granted, and show presence from then on', async () => {
    const [romeo, juliet] = [await stage.present('romeo', 'o'), await stage.present('juliet', 'b')];
    romeo.sends(`<presence type='subscribe' to='juliet@localhost/ignored'/>`);
    await romeo.receives(push(`<item jid='juliet@localhost' subscription='none' ask='subscribe'/>`));
    await juliet.receives(`<presence type='subscribe' from='romeo@localhost' to='juliet@localhost'/>`);
    expect(await rosterOf(juliet)).toEqual([]);
    juliet.sends(`<presence type='subscribed' to='romeo@localhost'/>`);
    await romeo.receives(`<presence type='subscribed' from='juliet@localhost'/>`);
    await romeo.receives(`<presence from='juliet@localhost/b'/>`);
    expect(await rosterOf(romeo)).toEqual(['juliet@localhost to']);
    expect(await rosterOf(juliet)).toEqual(['romeo@localhost from']);
    juliet.sends(`<presence><show>away</show></presence>`);
    await romeo.receives(`<presence from='juliet@localhost/b'><show>away</show></presence>`);
    juliet.leaves();
    await romeo.receives(`<presence type='unavailable' from='juliet@localhost/b'/>`);
  });

  it('a request to somebody who is away is delivered at the next log-in, each time until it is answered', async () => {
    const romeo = await stage.present('romeo');
    romeo.sends(`<presence type='subscribe' to='juliet@localhost'/>`);
    await romeo.receives(push(`<item jid='juliet@localhost' ask='subscribe'/>`));
    for (const resource of ['first', 'second']) {
      const juliet = await stage.signIn('juliet', resource);
      await juliet.doesNotReceive(`<presence type='subscribe'/>`);
      juliet.sends('<presence/>');
      await juliet.receives(`<presence type='subscribe' from='romeo@localhost'/>`);
      juliet.leaves();
    }
  });

  it('can be refused, cancelled and ended from both sides', async () => {
    const [romeo, juliet] = [await stage.present('romeo', 'o'), await stage.present('juliet', 'b')];
    romeo.sends(`<presence type='subscribe' to='juliet@localhost'/>`);
    await juliet.receives(`<presence type='subscribe' from='romeo@localhost'/>`);
    juliet.sends(`<presence type='unsubscribed' to='romeo@localhost'/>`);
    await romeo.receives(`<presence type='unsubscribed' from='juliet@localhost'/>`);
    expect(await rosterOf(romeo)).toEqual(['juliet@localhost none']);

    await befriend(romeo, juliet);
    juliet.sends(`<presence type='unsubscribed' to='romeo@localhost'/>`);
    await romeo.receives(`<presence type='unsubscribed' from='juliet@localhost'/>`);
    await romeo.receives(`<presence type='unavailable' from='juliet@localhost/b'/>`);
    expect(await rosterOf(romeo)).toEqual(['juliet@localhost from']);
    juliet.sends(`<presence type='unsubscribe' to='romeo@localhost'/>`);
    await romeo.receives(`<presence type='unsubscribe' from='juliet@localhost'/>`);
    await juliet.receives(`<presence type='unavailable' from='romeo@localhost/o'/>`);
    expect(await rosterOf(romeo)).toEqual(['juliet@localhost none']);
    expect(await rosterOf(juliet)).toEqual(['romeo@localhost none']);
  });

  it('cannot be taken without being asked for, nor be had to oneself or to nobody', async () => {
    const [romeo, juliet] = [await stage.present('romeo'), await stage.present('juliet')];
    juliet.sends(`<presence type='subscribed' to='romeo@localhost'/>`);
    await juliet.doesNotReceive('<presence/>');
    expect(await rosterOf(romeo)).toEqual([]);
    romeo.sends(`<presence type='subscribe' to='romeo@localhost'/>`);
    await romeo.receives(`<presence type='error'/>`);
    romeo.sends(`<presence type='subscribe' to='nobody@localhost'/>`);
    await romeo.receives(push(`<item jid='nobody@localhost' ask='subscribe'/>`));
    romeo.sends(`<presence type='dance' to='juliet@localhost'/>`);
    await romeo.receives(`<presence type='error'/>`);
  });

  it('a contact who may see us already is told so at once', async () => {
    const [romeo, juliet] = [await stage.present('romeo'), await stage.present('juliet')];
    await befriend(romeo, juliet);
    romeo.sends(rosterSet('x', `<item jid='juliet@localhost' name='still'/>`));
    romeo.sends(`<presence type='subscribe' to='juliet@localhost'/>`);
    await juliet.doesNotReceive(`<presence type='subscribe'/>`);
  });
});

describe('presence (RFC 6121 §4)', () => {
  it('is shown to the other sessions of the account, old and new', async () => {
    const one = await stage.present('romeo', 'one');
    const two = await stage.present('romeo', 'two');
    await one.receives(`<presence from='romeo@localhost/two'/>`);
    two.sends(`<presence type='unavailable'/>`);
    await one.receives(`<presence type='unavailable' from='romeo@localhost/two'/>`);
  });

  it('of contacts comes at log-in', async () => {
    const [romeo, juliet] = [await stage.present('romeo', 'o'), await stage.present('juliet', 'b')];
    await befriend(romeo, juliet);
    romeo.leaves();
    await juliet.receives(`<presence type='unavailable' from='romeo@localhost/o'/>`);
    const again = await stage.present('romeo', 'o2');
    await again.receives(`<presence from='juliet@localhost/b'/>`);
    await juliet.receives(`<presence from='romeo@localhost/o2'/>`);
  });

  it('may be shown to one who has no subscription, and ends for him too', async () => {
    const [romeo, juliet] = [await stage.present('romeo', 'o'), await stage.present('juliet', 'b')];
    romeo.sends(`<presence to='juliet@localhost/b'/>`);
    await juliet.receives(`<presence from='romeo@localhost/o' to='juliet@localhost/b'/>`);
    romeo.leaves();
    await juliet.receives(`<presence type='unavailable' from='romeo@localhost/o'/>`);
  });

  it('a probe is answered for those alone who may see it', async () => {
    const [romeo, juliet, mercutio] = [
      await stage.present('romeo'),
      await stage.present('juliet', 'b'),
      await stage.present('mercutio'),
    ];
    await befriend(romeo, juliet);
    mercutio.sends(`<presence type='probe' to='juliet@localhost'/>`);
    await mercutio.doesNotReceive(`<presence from='juliet@localhost/b'/>`);
    romeo.sends(`<presence type='probe' to='juliet@localhost'/>`);
    await romeo.receives(`<presence from='juliet@localhost/b'/>`);
  });
});
