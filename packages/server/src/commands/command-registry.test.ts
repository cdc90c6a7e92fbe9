import { type CommandAction, commandCondition, type DataForm, formValues, Jid, StanzaError } from '@thingward/xmpp';
import { describe, expect, it, vi } from 'vitest';
import type { Command } from './command.ts';
import { CommandRegistry } from './command-registry.ts';
import { CommandSessions, DEFAULT_COMMAND_SESSION_LIMITS } from './command-sessions.ts';

const bard = Jid.parse('bard@shakespeare.lit/globe');
const romeo = Jid.parse('romeo@montague.lit/orchard');

const question = (name: string): DataForm => ({ type: 'form', fields: [{ var: name, type: 'text-single' }] });
const answer = (name: string, value: string): DataForm => ({
  type: 'submit',
  fields: [{ var: name, values: [value] }],
});

/** The command of XEP-0050 §2.4.2: which service, and in which state it is to be. */
const config: Command = {
  node: 'config',
  name: 'Configure Service',
  mayRun: (from) => from.domain === 'shakespeare.lit',
  execute: () => ({
    kind: 'form',
    form: question('service'),
    hasNext: true,
    submit: (first) => ({
      kind: 'form',
      form: question('state'),
      submit: (second) => {
        if (formValues(second, 'state')?.[0] === 'ajar') throw new StanzaError('not-acceptable', 'open or closed');
        const text = `${formValues(first, 'service')} is ${formValues(second, 'state')}`;
        return { kind: 'completed', notes: [{ type: 'info', text }] };
      },
    }),
  }),
};

const registryOf = (limits = {}) => {
  const registry = new CommandRegistry(new CommandSessions({ ...DEFAULT_COMMAND_SESSION_LIMITS, ...limits }));
  registry.add(config);
  const step = (action: CommandAction, sessionId?: string, form?: DataForm, from = bard) =>
    registry.run({ node: 'config', sessionId, action, form }, from);
  return { registry, step };
};
const refusal = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error: unknown) => (error instanceof StanzaError ? (commandCondition(error) ?? error.condition) : String(error)),
  );

describe('a command of two stages', () => {
  it('goes on, back and on again, and is completed', async () => {
    const { step } = registryOf();
    const first = await step('execute');
    expect(first).toMatchObject({ status: 'executing', actions: { allowed: ['next'], execute: 'next' } });
    const { sessionId: id } = first;
    const second = await step('execute', id, answer('service', 'httpd'));
    expect(second).toMatchObject({ sessionId: id, actions: { allowed: ['prev', 'complete'], execute: 'complete' } });
    expect((await step('prev', id)).form).toEqual(question('service'));
    await step('next', id, answer('service', 'jabberd'));
    const end = await step('complete', id, answer('state', 'on'));
    expect(end).toMatchObject({ status: 'completed', notes: [{ text: 'jabberd is on' }] });
    expect(await refusal(step('complete', id, answer('state', 'on')))).toBe('session-expired');
  });

  it('is cancelled at any stage', async () => {
    const { step, registry } = registryOf();
    const { sessionId: id } = await step('execute');
    expect((await step('cancel', id)).status).toBe('canceled');
    expect(registry.sessions.size).toBe(0);
    expect(await refusal(step('next', id, answer('service', 'httpd')))).toBe('session-expired');
  });

  it('stays at its stage when what was filled in is refused', async () => {
    const { step } = registryOf();
    const { sessionId: id } = await step('execute');
    await step('next', id, answer('service', 'door'));
    expect(await refusal(step('complete', id, answer('state', 'ajar')))).toBe('not-acceptable');
    expect((await step('complete', id, answer('state', 'open'))).notes?.[0]?.text).toBe('door is open');
  });
});

describe('what is refused', () => {
  it('a command nobody has, and one that is not for this requester', async () => {
    const { registry, step } = registryOf();
    expect(await refusal(registry.run({ node: 'reset', action: 'execute' }, bard))).toBe('item-not-found');
    expect(await refusal(step('execute', undefined, undefined, romeo))).toBe('forbidden');
    expect(await registry.items(romeo, Jid.parse('shakespeare.lit'))).toEqual([]);
    expect(await registry.items(bard, Jid.parse('shakespeare.lit'))).toEqual([
      { jid: Jid.parse('shakespeare.lit'), node: 'config', name: 'Configure Service' },
    ]);
  });

  it('an action the stage does not offer, a form that is missing, a session that is somebody else’s', async () => {
    const { step } = registryOf();
    expect(await refusal(step('next'))).toBe('bad-action');
    const { sessionId: id } = await step('execute');
    expect(await refusal(step('prev', id))).toBe('bad-action');
    expect(await refusal(step('complete', id, answer('service', 'httpd')))).toBe('bad-action');
    expect(await refusal(step('next', id))).toBe('bad-payload');
    const other = Jid.parse('bard@shakespeare.lit/inn');
    expect(await refusal(step('next', id, answer('service', 'httpd'), other))).toBe('bad-sessionid');
    expect(await refusal(step('next', 'never-was', answer('service', 'httpd')))).toBe('bad-sessionid');
  });

  it('more sessions than there is room for', async () => {
    const { step, registry } = registryOf({ maxSessionsPerRequester: 2 });
    const { sessionId: id } = await step('execute');
    await step('execute');
    expect(await refusal(step('execute'))).toBe('resource-constraint');
    await step('cancel', id);
    await step('execute');
    registry.sessions.endAllOf(bard);
    expect(registry.sessions.size).toBe(0);
  });

  it('a session whose requester took too long', async () => {
    vi.useFakeTimers();
    try {
      const { step } = registryOf({ timeoutMs: 1000 });
      const { sessionId: id } = await step('execute');
      vi.advanceTimersByTime(800);
      await step('next', id, answer('service', 'httpd'));
      vi.advanceTimersByTime(800);
      expect((await step('prev', id)).status).toBe('executing');
      vi.advanceTimersByTime(1100);
      expect(await refusal(step('next', id, answer('service', 'httpd')))).toBe('session-expired');
    } finally {
      vi.useRealTimers();
    }
  });
});
