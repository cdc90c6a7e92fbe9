import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ENTRY, event, form, type PubSubActor, PubSubStage, pubsub, refusal } from '../../test/pubsub-stage.ts';

const FRANCISCO = 'francisco@denmark.lit';

let stage: PubSubStage;
let hamlet: PubSubActor;
let francisco: PubSubActor;
beforeEach(async () => {
  stage = await PubSubStage.open();
  hamlet = stage.actor('hamlet@denmark.lit/blogbot');
  francisco = stage.actor(`${FRANCISCO}/barracks`);
});
afterEach(() => stage.close());

const node = (fields: Record<string, string | string[]> = {}) =>
  hamlet.sets(`<create node='princely_musings'/><configure>${form('node_config', fields)}</configure>`);
const configure = (fields: Record<string, string | string[]>) =>
  hamlet.setsAsOwner(`<configure node='princely_musings'>${form('node_config', fields)}</configure>`);
const affiliate = (jid: string, affiliation: string) =>
  hamlet.setsAsOwner(
    `<affiliations node='princely_musings'><affiliation jid='${jid}' affiliation='${affiliation}'/></affiliations>`,
  );
const subscribe = async (name = 'francisco') => {
  const jid = `${name}@denmark.lit`;
  await stage.actor(`${jid}/barracks`).sets(`<subscribe node='princely_musings' jid='${jid}'/>`);
};
const publish = (content: string, who = hamlet) => who.sets(`<publish node='princely_musings'>${content}</publish>`);
const retract = (content: string, who = hamlet, rest = '') =>
  who.sets(`<retract node='princely_musings'${rest}>${content}</retract>`);
const ids = async () =>
  [...(await hamlet.gets(`<items node='princely_musings'/>`)).matchAll(/<item id='([^']+)'/g)].map((m) => m[1]);

describe('publishing (XEP-0060 §7.1)', () => {
  it('tells the id, and all subscribers, each with the payload (examples 91 - 95)', async () => {
    await node();
    for (const name of ['francisco', 'bernardo', 'horatio']) await subscribe(name);
    expect(await publish(`<item id='bnd81g37d61f49fgn581'>${ENTRY}</item>`)).toBe(
      pubsub(`<publish node='princely_musings'><item id='bnd81g37d61f49fgn581'/></publish>`),
    );
    for (const name of ['francisco', 'bernardo', 'horatio']) {
      const [message, ...others] = await stage.sentTo(`${name}@denmark.lit`);
      expect(others).toEqual([]);
      expect(message?.attribute('id')).toBeTruthy();
      expect(message?.elements.map(String)).toEqual([
        event(`<items node='princely_musings'><item id='bnd81g37d61f49fgn581'>${ENTRY}</item></items>`),
      ]);
    }
    const answer = await publish(`<item>${ENTRY}</item>`);
    expect(answer).toMatch(/<item id='[^']+'\/>/);
  });

  it('tells without the payload, or nothing at all, where the node wants that (example 96)', async () => {
    await node({ 'pubsub#deliver_payloads': '0', 'pubsub#notification_type': 'normal' });
    await subscribe();
    await publish(`<item id='1'>${ENTRY}</item>`);
    const [message] = await stage.sentTo(FRANCISCO);
    expect(message?.attribute('type')).toBeUndefined();
    expect(String(message?.elements[0])).toBe(event(`<items node='princely_musings'><item id='1'/></items>`));
    // Who asks gets it.
    expect(await francisco.gets(`<items node='princely_musings'><item id='1'/></items>`)).toContain(ENTRY);
    await configure({ 'pubsub#deliver_notifications': '0' });
    await publish(`<item id='2'/>`);
    expect(await stage.eventsTo(FRANCISCO)).toEqual([]);
  });

  it('tells who has published, whatever the item says of it (examples 97, 98)', async () => {
    await node({ 'pubsub#itemreply': 'publisher' });
    await affiliate('bard@shakespeare.lit', 'publisher');
    await subscribe();
    const bard = stage.actor('bard@shakespeare.lit/globe');
    await publish(`<item id='1' publisher='hamlet@denmark.lit'>${ENTRY}</item>`, bard);
    const item = `<items node='princely_musings'><item id='1' publisher='bard@shakespeare.lit'>${ENTRY}</item></items>`;
    expect(await stage.eventsTo(FRANCISCO)).toEqual([event(item)]);
    expect(await francisco.gets(`<items node='princely_musings'/>`)).toBe(pubsub(item));
    await configure({ 'pubsub#itemreply': 'owner' });
    expect(await francisco.gets(`<items node='princely_musings'/>`)).toContain("publisher='hamlet@denmark.lit'");
  });

  it('replaces an item of the same id', async () => {
    await node();
    await publish(`<item id='current'>${ENTRY}</item>`);
    await publish(`<item id='current'><other xmlns='urn:x'/></item>`);
    expect(await hamlet.gets(`<items node='princely_musings'/>`)).toBe(
      pubsub(`<items node='princely_musings'><item id='current'><other xmlns='urn:x'/></item></items>`),
    );
  });

  it('makes room in a full node as the node wants it (example 100)', async () => {
    await node({ 'pubsub#max_items': '2', 'pubsub#notify_retract': '1' });
    await subscribe();
    for (const id of ['1', '2', '3']) await publish(`<item id='${id}'>${ENTRY}</item>`);
    expect(await ids()).toEqual(['2', '3']);
    expect(await stage.eventsTo(FRANCISCO)).toContain(
      event(`<items node='princely_musings'><retract id='1'/></items>`),
    );
    await configure({ 'pubsub#publish_node_full': 'discard-oldest' });
    await publish(`<item id='4'>${ENTRY}</item>`);
    expect(await ids()).toEqual(['3', '4']);
    expect(await stage.eventsTo(FRANCISCO)).toHaveLength(1);
    await configure({ 'pubsub#publish_node_full': 'reject' });
    expect(await refusal(publish(`<item id='5'>${ENTRY}</item>`))).toBe('cancel conflict node-full');
    expect(await refusal(publish(`<item id='4'>${ENTRY}</item>`))).toContain('was answered');
    await configure({ 'pubsub#max_items': '1' });
    expect(await ids()).toEqual(['4']);
    await configure({ 'pubsub#max_items': 'max' });
    await publish(`<item id='6'>${ENTRY}</item>`);
    expect(await ids()).toEqual(['4', '6']);
  });

  it('forgets items that are too old', async () => {
    await node({ 'pubsub#item_expire': '60' });
    await publish(`<item id='1'>${ENTRY}</item>`);
    stage.now += 40_000;
    await publish(`<item id='2'>${ENTRY}</item>`);
    stage.now += 40_000;
    expect(await ids()).toEqual(['2']);
    await stage.start();
    await stage.eventsTo('nobody');
    const rows = await stage.database.selectFrom('pubsub_items').select('item').execute();
    expect(rows.map(({ item }) => item)).toEqual(['2']);
  });

  it('is refused as its errors say (examples 99, 102 - 107)', async () => {
    await node({ 'pubsub#max_payload_size': '100', 'pubsub#type': 'http://www.w3.org/2005/Atom' });
    const refused = (content: string, who = hamlet) => refusal(publish(content, who));
    expect(await refused(`<item id='1'>${ENTRY}</item>`, francisco)).toBe('auth forbidden');
    expect(await refused('')).toBe('modify bad-request item-required');
    expect(await refused(`<item id='1'/>`)).toBe('modify bad-request payload-required');
    expect(await refused(`<item id='1'>${ENTRY}${ENTRY}</item>`)).toBe('modify bad-request invalid-payload');
    expect(await refused(`<item id='1'>text</item>`)).toBe('modify bad-request invalid-payload');
    expect(await refused(`<item id='1'><x xmlns='urn:other'/></item>`)).toBe('modify bad-request invalid-payload');
    const big = `<entry xmlns='http://www.w3.org/2005/Atom'>${'x'.repeat(100)}</entry>`;
    expect(await refused(`<item id='1'>${big}</item>`)).toBe('modify not-acceptable payload-too-big');
    expect(await refused(`<item id='${'x'.repeat(600)}'>${ENTRY}</item>`)).toBe('modify not-acceptable');
    expect(await refusal(hamlet.sets(`<publish><item/></publish>`))).toBe('modify bad-request nodeid-required');
    const bard = stage.actor('bard@shakespeare.lit/globe');
    expect(await refusal(bard.sets(`<publish node='nothing'><item>${ENTRY}</item></publish>`))).toBe(
      'cancel item-not-found',
    );
  });

  it('depends on the kind of the node (XEP-0060 §4.3, example 108)', async () => {
    await node({ 'pubsub#persist_items': '0' });
    await subscribe();
    expect(await refusal(publish(''))).toBe('modify bad-request item-required');
    await publish(`<item id='1'>${ENTRY}</item>`);
    expect(await stage.eventsTo(FRANCISCO)).toEqual([
      event(`<items node='princely_musings'><item id='1'>${ENTRY}</item></items>`),
    ]);
    expect(await stage.database.selectFrom('pubsub_items').selectAll().execute()).toEqual([]);
    // Memory knows the last one.
    await subscribe('bernardo');
    expect(await stage.eventsTo('bernardo@denmark.lit')).toHaveLength(1);
    await configure({ 'pubsub#deliver_payloads': '0' });
    expect(await refusal(publish(`<item id='2'>${ENTRY}</item>`))).toBe('modify bad-request item-forbidden');
    await publish('');
    expect(await stage.eventsTo(FRANCISCO)).toEqual([event(`<items node='princely_musings'/>`)]);
  });

  it('follows the publish model', async () => {
    await node({ 'pubsub#publish_model': 'subscribers' });
    const refused = () => refusal(publish(`<item>${ENTRY}</item>`, francisco));
    expect(await refused()).toBe('auth forbidden');
    await subscribe();
    expect(await refused()).toContain('was answered');
    await configure({ 'pubsub#publish_model': 'publishers' });
    expect(await refused()).toBe('auth forbidden');
    await configure({ 'pubsub#publish_model': 'open' });
    expect(await refused()).toContain('was answered');
    await affiliate(FRANCISCO, 'outcast');
    expect(await refused()).toBe('auth forbidden');
    await affiliate(FRANCISCO, 'publish-only');
    await configure({ 'pubsub#publish_model': 'publishers' });
    expect(await refused()).toContain('was answered');
    expect(await refusal(francisco.gets(`<items node='princely_musings'/>`))).toBe('auth forbidden');
  });

  it('takes several items, or none of them (XEP-0060 §12.9)', async () => {
    await node();
    await subscribe();
    const items = (...list: string[]) => list.map((id) => `<item id='${id}'>${ENTRY}</item>`).join('');
    await publish(items('1', '2', '3'));
    expect(await stage.eventsTo(FRANCISCO)).toEqual([
      event(`<items node='princely_musings'>${items('1', '2', '3')}</items>`),
    ]);
    expect(await refusal(publish(`${items('4')}<item id='5'/>`))).toBe('modify bad-request payload-required');
    expect(await refusal(publish(items('4', '4')))).toBe('modify bad-request');
    await configure({ 'pubsub#max_items': '3' });
    expect(await refusal(publish(items('4', '5', '6', '7')))).toBe('cancel not-allowed max-items-exceeded');
    expect(await ids()).toEqual(['1', '2', '3']);
    expect(await refusal(retract(`<item id='1'/><item id='9'/>`))).toBe('cancel item-not-found');
    expect(await ids()).toEqual(['1', '2', '3']);
    await retract(`<item id='1'/><item id='3'/>`);
    expect(await ids()).toEqual(['2']);
  });

  it('keeps its order when much is published at once', async () => {
    await node({ 'pubsub#max_items': 'max' });
    await subscribe();
    const wanted = Array.from({ length: 300 }, (_, i) => `${i}`);
    await Promise.all(wanted.map((id) => publish(`<item id='${id}'>${ENTRY}</item>`)));
    const told = (await stage.eventsTo(FRANCISCO)).map((text) => /<item id='(\d+)'/.exec(text)?.[1]);
    expect(told).toEqual(wanted);
    expect(await ids()).toEqual(wanted);
  });

  it('refuses what the database has no room for, and goes on', async () => {
    await node();
    await stage.start({ limits: { waitingWrites: 10 } });
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, (_, i) => refusal(publish(`<item id='${i}'>${ENTRY}</item>`))),
    );
    expect(outcomes).toContain('wait resource-constraint');
    expect(await refusal(publish(`<item id='more'>${ENTRY}</item>`))).toContain('was answered');
  });
});

describe('publishing with options (XEP-0060 §7.1.4, §7.1.5, example 109)', () => {
  const withOptions = (fields: Record<string, string | string[]>, who = hamlet) =>
    who.sets(
      `<publish node='princely_musings'><item id='1'>${ENTRY}</item></publish>` +
        `<publish-options>${form('publish-options', fields)}</publish-options>`,
    );

  it('makes the node as they say', async () => {
    await withOptions({ 'pubsub#access_model': 'whitelist', 'pubsub#max_items': 'max' });
    expect(await refusal(francisco.gets(`<items node='princely_musings'/>`))).toBe('cancel not-allowed closed-node');
    expect(await hamlet.getsAsOwner(`<configure node='princely_musings'/>`)).toContain('<value>max</value>');
  });

  it('makes it with the default configuration without them', async () => {
    await publish(`<item id='1'>${ENTRY}</item>`);
    expect(await francisco.gets(`<items node='princely_musings'/>`)).toContain(ENTRY);
  });

  it('takes them as preconditions', async () => {
    await node({ 'pubsub#access_model': 'whitelist' });
    await affiliate('bard@shakespeare.lit', 'publisher');
    const bard = stage.actor('bard@shakespeare.lit/globe');
    await withOptions({ 'pubsub#access_model': 'whitelist', 'pubsub#persist_items': 'true' }, bard);
    expect(await refusal(withOptions({ 'pubsub#access_model': 'open' }))).toBe('cancel conflict precondition-not-met');
    expect(await refusal(withOptions({ 'pubsub#unheard_of': '1' }))).toBe('cancel conflict precondition-not-met');
    expect(
      await refusal(
        hamlet.sets(
          `<publish node='princely_musings'><item>${ENTRY}</item></publish><publish-options>${form('node_config', {})}</publish-options>`,
        ),
      ),
    ).toBe('cancel conflict precondition-not-met');
    expect(await refusal(withOptions({ 'pubsub#access_model': 'open' }, francisco))).toBe('auth forbidden');
  });
});

describe('deleting items (XEP-0060 §7.2)', () => {
  it('deletes, and tells where it is asked to (examples 110 - 112)', async () => {
    await node();
    for (const id of ['1', '2', '3']) await publish(`<item id='${id}'>${ENTRY}</item>`);
    await subscribe();
    await stage.eventsTo(FRANCISCO);
    expect(await retract(`<item id='1'/>`)).toBe('');
    expect(await stage.eventsTo(FRANCISCO)).toEqual([]);
    for (const [id, notify] of [
      ['2', 'true'],
      ['3', '1'],
    ]) {
      await retract(`<item id='${id}'/>`, hamlet, ` notify='${notify}'`);
      expect(await stage.eventsTo(FRANCISCO)).toEqual([
        event(`<items node='princely_musings'><retract id='${id}'/></items>`),
      ]);
    }
    expect(await ids()).toEqual([]);
    await configure({ 'pubsub#notify_retract': '1' });
    await publish(`<item id='4'>${ENTRY}</item>`);
    await retract(`<item id='4'/>`);
    expect(await stage.eventsTo(FRANCISCO)).toHaveLength(2);
  });

  it('is refused as its errors say (examples 114 - 118)', async () => {
    await node();
    await publish(`<item id='1'>${ENTRY}</item>`);
    expect(await refusal(retract(`<item id='1'/>`, francisco))).toBe('auth forbidden');
    expect(await refusal(retract(`<item id='none'/>`, francisco))).toBe('auth forbidden');
    expect(await refusal(retract(`<item id='none'/>`))).toBe('cancel item-not-found');
    expect(await refusal(hamlet.sets(`<retract node='nothing'><item id='1'/></retract>`))).toBe(
      'cancel item-not-found',
    );
    expect(await refusal(hamlet.sets(`<retract><item id='1'/></retract>`))).toBe('modify bad-request nodeid-required');
    expect(await refusal(retract(''))).toBe('modify bad-request item-required');
    expect(await refusal(retract('<item/>'))).toBe('modify bad-request item-required');
    await configure({ 'pubsub#persist_items': '0' });
    expect(await refusal(retract(`<item id='1'/>`))).toBe(
      'cancel feature-not-implemented unsupported persistent-items',
    );
  });

  it('leaves the items of others to the owner (XEP-0060 §4.1)', async () => {
    await node();
    for (const affiliation of ['publisher', 'publish-only']) {
      await affiliate(FRANCISCO, affiliation);
      await publish(`<item id='own'>${ENTRY}</item>`, francisco);
      await publish(`<item id='other'>${ENTRY}</item>`);
      expect(await refusal(retract(`<item id='own'/><item id='other'/>`, francisco))).toBe('auth forbidden');
      await retract(`<item id='own'/>`, francisco);
    }
    await publish(`<item id='own'>${ENTRY}</item>`, francisco);
    await retract(`<item id='own'/>`);
    expect(await ids()).toEqual(['other']);
  });
});
