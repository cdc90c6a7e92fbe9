import { setParameters } from '@thingward/things';
import { xml } from '@thingward/xml';
import { message } from '@thingward/xmpp';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { HOST, ProvisioningStage, SERVICE } from '../../test/provisioning-stage.ts';

let stage: ProvisioningStage;
beforeEach(async () => {
  stage = await ProvisioningStage.open();
});
afterEach(() => stage.close());

test('what nobody has decided is refused and asked, and the answer counts at once', async () => {
  expect(await stage.read()).toBe('forbidden');
  await expect
    .poll(() => stage.heard)
    .toEqual([expect.stringContaining('Question 1: may reader@localhost read meter of plant@localhost?')]);
  expect(await stage.say('questions')).toBe('1: may reader@localhost read meter of plant@localhost?');
  expect(await stage.say('allow 1')).toBe('Rule 1: reader@localhost may read meter of plant@localhost.');
  await expect.poll(() => stage.read()).toBe('Energy Power');
  expect(await stage.say('questions')).toBe('There are no questions.');
  expect(await stage.say('withdraw 1')).toContain('Withdrawn');
  await expect.poll(() => stage.read()).toBe('forbidden');
  expect(await stage.say('rules')).toBe('There are no rules.');
});

test('a question is told once, with what there is to choose from and answers to touch', async () => {
  expect(await stage.read()).toBe('forbidden');
  expect(await stage.read(stage.network.peer('reader@localhost/b'))).toBe('forbidden');
  await stage.say('questions');
  expect(stage.heard).toHaveLength(2);
  const told = stage.network.sent.find((text) => text.includes('Question 1')) ?? '';
  expect(told).toContain("<response xmlns='urn:xmpp:tmp:quick-response' value='allow 1 once' label='Allow once'/>");
  expect(told).toContain("<question xmlns='urn:thingward:provisioning:1' id='1'");
  expect(told).toContain(
    "<canRead xmlns='urn:nf:iot:prov:o:1.0' jid='plant@localhost' remoteJid='reader@localhost' key='1' all='true'><nd id='meter'/></canRead>",
  );
});

test('a rule for fewer goes before one for more, and some fields can be allowed', async () => {
  await stage.read();
  await stage.say('deny 1');
  await expect.poll(() => stage.read()).toBe('forbidden');
  const other = stage.network.peer('other@localhost/a');
  await stage.read(other);
  const [, id] = /Question (\d+)/.exec(stage.heard.at(-1) as string) ?? [];
  expect(await stage.say(`allow ${id} domain: Power`)).toContain(
    'localhost may read meter of plant@localhost (Power).',
  );
  await expect.poll(() => stage.read(other)).toBe('Power');
  expect(await stage.read()).toBe('forbidden');
  expect(await stage.read(stage.network.peer('reader@elsewhere/a'))).toBe('forbidden');
});

test('kinds of fields can be allowed, and a rule be changed', async () => {
  await stage.read();
  expect(await stage.say('allow 1 momentary')).toContain('(momentary)');
  await expect.poll(() => stage.read()).toBe('Power');
  expect(await stage.say('edit 1 allow status historical')).toContain('(status, historical)');
  await expect.poll(() => stage.read()).toBe('Energy');
  expect(await stage.say('edit 1 deny')).toContain('may not');
  await expect.poll(() => stage.read()).toBe('forbidden');
  expect(await stage.say('edit 7 deny')).toBe('You have no such rule.');
  expect(await stage.say('allow 1 sideways')).toContain('"sideways" means nothing here');
});

test('a rule that counts once does for one request, and then the owner is asked again', async () => {
  await stage.read();
  await stage.say('allow 1 once');
  await expect.poll(() => stage.read()).toBe('Energy Power');
  stage.now += 30_000;
  await expect.poll(() => stage.read()).toBe('forbidden');
  expect(stage.heard.at(-1)).toContain('Question 2: may reader@localhost read meter');
  expect(await stage.say('rules')).toBe('There are no rules.');
});

test('a rule that counts once waits for its request', async () => {
  await stage.read();
  await stage.say('allow 1 once');
  stage.now += 3_600_000;
  await expect.poll(() => stage.read()).toBe('Energy Power');
});

test('a rule for a day ends after it, and the Thing is told', async () => {
  await stage.read();
  expect(await stage.say('allow 1 day')).toContain('(until 2026-06-02T00:00:00.000Z)');
  await expect.poll(() => stage.read()).toBe('Energy Power');
  stage.now += 86_400_000;
  await expect.poll(() => stage.read()).toBe('forbidden');
  expect(await stage.say('rules')).toBe('There are no rules.');
  await expect.poll(() => stage.database.selectFrom('provisioning_rules').selectAll().execute()).toEqual([]);
});

test('a question that is put away comes back when it is asked again', async () => {
  await stage.read();
  expect(await stage.say('dismiss 1')).toContain('Put away: 1: may reader@localhost');
  expect(await stage.say('questions')).toBe('There are no questions.');
  expect(await stage.read()).toBe('forbidden');
});

test('control is decided apart from reading', async () => {
  await stage.read();
  await stage.say('allow 1');
  await expect.poll(() => stage.read()).toBe('Energy Power');
  const set = () => setParameters(stage.reader, HOST, new Map([['Output', { type: 'int' as const, value: 1 }]]));
  await expect(set()).rejects.toThrow('forbidden');
  expect(stage.heard.at(-1)).toContain('may reader@localhost control meter of plant@localhost?');
  expect(stage.heard.at(-1)).toContain('There is: Output.');
});

test('only the owner decides, and no longer than it is the owner', async () => {
  await stage.read();
  expect(await stage.read(stage.owner)).toBe('Energy Power');
  const thief = stage.network.peer('thief@localhost/a');
  const told: string[] = [];
  thief.onMessage({ name: 'body', namespace: 'jabber:client' }, (_, body) => {
    told.push(body.text);
  });
  for (const text of ['allow 1', 'withdraw 1', 'dismiss 1', 'questions', 'rules']) {
    thief.send(message('chat', { to: SERVICE }, xml('body', {}, text)));
  }
  await expect.poll(() => told.length).toBe(5);
  expect([...told].sort()).toEqual([
    'There are no questions.',
    'There are no rules.',
    'You have no such question.',
    'You have no such question.',
    'You have no such rule.',
  ]);
  await stage.say('allow 1');
  await expect.poll(() => stage.read()).toBe('Energy Power');
  await stage.database.updateTable('registry_things').set({ owner: 'buyer@localhost' }).execute();
  stage.thing.reconnected();
  await expect.poll(() => stage.read()).toBe('forbidden');
});

test('a Thing that was away is told when it is here again', async () => {
  await stage.read();
  stage.thing.disconnect();
  await stage.say('allow 1');
  await new Promise((resolve) => setTimeout(resolve, 60));
  stage.network.connect(stage.thing);
  await expect.poll(() => stage.read()).toBe('Energy Power');
  // It is written down a moment after the Thing has acknowledged it.
  await expect
    .poll(() => stage.database.selectFrom('provisioning_things').select('needs_clear').executeTakeFirst())
    .toEqual({ needs_clear: 0 });
});

test('what a Thing was not told is told after a restart', async () => {
  await stage.read();
  await stage.say('allow 1');
  await expect.poll(() => stage.read()).toBe('Energy Power');
  stage.thing.disconnect();
  await stage.say('withdraw 1');
  const { needs_clear } = await stage.database
    .selectFrom('provisioning_things')
    .select('needs_clear')
    .executeTakeFirstOrThrow();
  expect(needs_clear).toBe(1);
  await stage.restart();
  stage.network.connect(stage.thing);
  await expect.poll(() => stage.read()).toBe('forbidden');
  await expect
    .poll(() => stage.database.selectFrom('provisioning_things').select('needs_clear').executeTakeFirst())
    .toEqual({ needs_clear: 0 });
});

test('a change that comes while another is being told is told, too', async () => {
  await stage.read();
  await stage.say('allow 1');
  await expect.poll(() => stage.read()).toBe('Energy Power');
  const told = () => stage.network.sent.filter((text) => text.includes('<clearCache ')).length;
  const before = told();
  await Promise.all([stage.say('edit 1 allow momentary'), stage.say('edit 1 deny')]);
  await expect.poll(told).toBeGreaterThan(before);
  await expect.poll(() => stage.read()).toMatch(/forbidden|Power/);
  await expect
    .poll(() => stage.database.selectFrom('provisioning_things').select('needs_clear').executeTakeFirst())
    .toEqual({ needs_clear: 0 });
});
