import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { befriend, push, rosterSet, Stage } from './conversation.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await Stage.open();
});
afterEach(() => stage?.close());

describe('subscriptions (RFC 6121 §3)', () => {
  it('are asked for, granted, and show presence from then on', async () => {
    const [romeo, juliet] = [await stage.present('romeo', 'o'), await stage.present('juliet', 'b')];
    romeo.sends(`<presence type='subscribe' to='juliet@localhost/ignored'/>`);
    await romeo.receives(push(`<item jid='juliet@localhost' subscription='none' ask='subscribe'/>`));
    await juliet.receives(`<presence type='subscribe' from='romeo@localhost' to='juliet@localhost'/>`);
    expect(await juliet.roster()).toEqual([]);
    juliet.sends(`<presence type='subscribed' to='romeo@localhost'/>`);
    await romeo.receives(`<presence type='subscribed' from='juliet@localhost'/>`);
    await romeo.receives(`<presence from='juliet@localhost/b'/>`);
    expect(await romeo.roster()).toEqual(['juliet@localhost to']);
    expect(await juliet.roster()).toEqual(['romeo@localhost from']);
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
    expect(await romeo.roster()).toEqual(['juliet@localhost none']);

    await befriend(romeo, juliet);
    juliet.sends(`<presence type='unsubscribed' to='romeo@localhost'/>`);
    await romeo.receives(`<presence type='unsubscribed' from='juliet@localhost'/>`);
    await romeo.receives(`<presence type='unavailable' from='juliet@localhost/b'/>`);
    expect(await romeo.roster()).toEqual(['juliet@localhost from']);
    juliet.sends(`<presence type='unsubscribe' to='romeo@localhost'/>`);
    await romeo.receives(`<presence type='unsubscribe' from='juliet@localhost'/>`);
    await juliet.receives(`<presence type='unavailable' from='romeo@localhost/o'/>`);
    expect(await romeo.roster()).toEqual(['juliet@localhost none']);
    expect(await juliet.roster()).toEqual(['romeo@localhost none']);
  });

  it('cannot be taken without being asked for, nor be had to oneself or to nobody', async () => {
    const [romeo, juliet] = [await stage.present('romeo'), await stage.present('juliet')];
    juliet.sends(`<presence type='subscribed' to='romeo@localhost'/>`);
    await juliet.doesNotReceive('<presence/>');
    expect(await romeo.roster()).toEqual([]);
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
