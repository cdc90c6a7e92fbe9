import { expect, it } from 'vitest';
import { ENTRY, event, form, PubSubStage, refusal } from '../../test/pubsub-stage.ts';

it('goes on after a restart where it was', async () => {
  const stage = await PubSubStage.open();
  const hamlet = stage.actor('hamlet@denmark.lit/elsinore');
  const francisco = stage.actor('francisco@denmark.lit/barracks');
  await hamlet.sets(
    `<create node='n'/><configure>${form('node_config', { 'pubsub#title': 'T', 'pubsub#presence_based_delivery': '1' })}</configure>`,
  );
  await hamlet.setsAsOwner(
    `<affiliations node='n'><affiliation jid='horatio@denmark.lit' affiliation='publisher'/></affiliations>`,
  );
  await francisco.sets(
    `<subscribe node='n' jid='francisco@denmark.lit'/><options>${form('subscribe_options', { 'pubsub#expire': 'presence' })}</options>`,
  );
  await hamlet.sets(`<publish node='n'><item id='1'>${ENTRY}</item></publish>`);
  const asked = async () => [
    await hamlet.getsAsOwner(`<configure node='n'/>`),
    await hamlet.getsAsOwner(`<affiliations node='n'/>`),
    await hamlet.getsAsOwner(`<subscriptions node='n'/>`),
    await francisco.gets(`<options node='n' jid='francisco@denmark.lit'/>`),
    await francisco.gets(`<items node='n'/>`),
  ];
  const before = await asked();
  await stage.sentTo('francisco@denmark.lit', 'presence');
  await stage.start();
  expect(await asked()).toEqual(before);
  // Presence is not kept: it is asked for again.
  const asks = await stage.sentTo('francisco@denmark.lit', 'presence');
  expect(asks.map((sent) => sent.attribute('type'))).toEqual(['subscribe', 'probe']);
  francisco.shows();
  await hamlet.sets(`<publish node='n'><item id='2'>${ENTRY}</item></publish>`);
  expect(await stage.eventsTo('francisco@denmark.lit')).toContain(
    event(`<items node='n'><item id='2'>${ENTRY}</item></items>`),
  );
  const order = await hamlet.gets(`<items node='n'/>`);
  expect(order.indexOf("id='1'")).toBeLessThan(order.indexOf("id='2'"));
  await stage.close();
});

it('works with hardly anything in memory', async () => {
  const stage = await PubSubStage.open({ limits: { cachedEntries: 1 } });
  const hamlet = stage.actor('hamlet@denmark.lit/elsinore');
  const people = ['francisco', 'bernardo', 'horatio'].map((name) => `${name}@denmark.lit`);
  for (const node of ['a', 'b']) {
    await hamlet.sets(`<create node='${node}'/>`);
    for (const jid of people) await stage.actor(`${jid}/r`).sets(`<subscribe node='${node}' jid='${jid}'/>`);
  }
  for (const node of ['a', 'b', 'a']) await hamlet.sets(`<publish node='${node}'><item>${ENTRY}</item></publish>`);
  for (const jid of people) expect(await stage.eventsTo(jid)).toHaveLength(3);
  await stage.close();
});

it('accepts who belongs to the domain above it, unless told otherwise', async () => {
  const stage = await PubSubStage.open({ mayCreate: undefined as never });
  const create = (jid: string) => refusal(stage.actor(jid).sets('<create/>'));
  expect(await create('bard@shakespeare.lit/globe')).toContain('was answered');
  expect(await create('hamlet@denmark.lit/elsinore')).toBe('auth forbidden');
  await stage.close();
});

it('answers that nothing was stored when the database refuses', async () => {
  const stage = await PubSubStage.open();
  const hamlet = stage.actor('hamlet@denmark.lit/elsinore');
  await hamlet.sets(`<create node='n'/>`);
  await stage.database.schema.alterTable('pubsub_items').renameTo('gone').execute();
  const publish = () => refusal(hamlet.sets(`<publish node='n'><item>${ENTRY}</item></publish>`));
  expect(await publish()).toBe('wait internal-server-error');
  await stage.database.schema.alterTable('gone').renameTo('pubsub_items').execute();
  expect(await publish()).toContain('was answered');
  await stage.close();
});
