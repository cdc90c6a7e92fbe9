import { parseElement } from '@thingward/xml';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  COMMAND_ACTIONS,
  COMMAND_STATUSES,
  COMMANDS,
  type CommandRequest,
  type CommandResponse,
  commandCondition,
  commandError,
  decodeCommandRequest,
  decodeCommandResponse,
  encodeCommandRequest,
  encodeCommandResponse,
  NOTE_TYPES,
} from './ad-hoc-commands.ts';
import { formValues } from './data-form.ts';
import { StanzaError } from './stanza-error.ts';

const request = (text: string) => decodeCommandRequest(parseElement(text));
const response = (text: string) => decodeCommandResponse(parseElement(text));
const refused = (work: () => unknown) => {
  try {
    work();
  } catch (error) {
    if (error instanceof StanzaError) return [error.condition, commandCondition(error)];
    throw error;
  }
  return undefined;
};

describe('XEP-0050 requests', () => {
  it('the first has a node, and executes when it says nothing', () => {
    expect(request(`<command xmlns='${COMMANDS}' node='list'/>`)).toEqual({
      node: 'list',
      sessionId: undefined,
      action: 'execute',
      form: undefined,
    });
  });

  it('those that follow have a session and a form', () => {
    const decoded = request(
      `<command xmlns='${COMMANDS}' sessionid='config:20020923T213616Z-700' node='config' action='next'>` +
        `<x xmlns='jabber:x:data' type='submit'><field var='service'><value>httpd</value></field></x></command>`,
    );
    expect(decoded).toMatchObject({ sessionId: 'config:20020923T213616Z-700', action: 'next' });
    expect(decoded.form && formValues(decoded.form, 'service')).toEqual(['httpd']);
  });

  it.each([
    [`<command xmlns='${COMMANDS}'/>`, ['bad-request', undefined]],
    [`<command xmlns='${COMMANDS}' node='a' action='explode'/>`, ['bad-request', 'malformed-action']],
    [`<command xmlns='${COMMANDS}' node='a' sessionid=''/>`, ['bad-request', 'bad-sessionid']],
    [
      `<command xmlns='${COMMANDS}' node='a'><x xmlns='jabber:x:data' type='?'/></command>`,
      ['bad-request', 'bad-payload'],
    ],
  ])('refuses %s', (text, conditions) => expect(refused(() => request(text))).toEqual(conditions));

  it('are read as they are written', () => {
    fc.assert(
      fc.property(
        fc.record({
          node: fc.string({ unit: 'grapheme-ascii', minLength: 1 }),
          sessionId: fc.option(fc.string({ unit: 'grapheme-ascii', minLength: 1 }), { nil: undefined }),
          action: fc.constantFrom(...COMMAND_ACTIONS),
        }),
        (value: CommandRequest) => {
          const text = encodeCommandRequest(value).toString();
          expect(decodeCommandRequest(parseElement(text))).toEqual({ ...value, form: undefined });
        },
      ),
    );
  });
});

describe('XEP-0050 answers', () => {
  it('a stage offers actions, one of them as what is done by default', () => {
    const stage = (actions: string) =>
      response(`<command xmlns='${COMMANDS}' sessionid='1' node='config' status='executing'>${actions}</command>`)
        .actions;
    expect(stage(`<actions execute='complete'><prev/><complete/></actions>`)).toEqual({
      allowed: ['prev', 'complete'],
      execute: 'complete',
    });
    expect(stage(`<actions><next/></actions>`)).toEqual({ allowed: ['next'], execute: 'next' });
    expect(stage('')).toBeUndefined();
  });

  it('a default that is not offered counts as none', () => {
    const text = `<command xmlns='${COMMANDS}' sessionid='1' node='c' status='executing'><actions><prev/><complete/></actions></command>`;
    expect(response(text).actions?.execute).toBe('complete');
  });

  it.each([
    `<command xmlns='${COMMANDS}' node='a' sessionid='1'/>`,
    `<command xmlns='${COMMANDS}' node='a' status='executing'/>`,
    `<query xmlns='${COMMANDS}' node='a' sessionid='1' status='completed'/>`,
    `<command xmlns='${COMMANDS}' node='a' sessionid='1' status='completed'><x xmlns='jabber:x:data'/></command>`,
  ])('refuses %s', (text) => expect(refused(() => response(text))).toEqual(['undefined-condition', undefined]));

  it('are read as they are written', () => {
    const text = fc.string({ unit: 'grapheme-ascii', minLength: 1 });
    const executing = fc.record({
      node: text,
      sessionId: text,
      status: fc.constant<'executing'>('executing'),
      actions: fc.constantFrom(
        { allowed: ['next' as const], execute: 'next' as const },
        { allowed: ['prev' as const, 'complete' as const], execute: 'complete' as const },
        undefined,
      ),
      notes: fc.array(fc.record({ type: fc.constantFrom(...NOTE_TYPES), text })),
    });
    const ended = fc.record({
      node: text,
      sessionId: text,
      status: fc.constantFrom(...COMMAND_STATUSES.slice(1)),
      actions: fc.constant(undefined),
      notes: fc.array(fc.record({ type: fc.constantFrom(...NOTE_TYPES), text })),
    });
    fc.assert(
      fc.property(fc.oneof(executing, ended), (value: CommandResponse) => {
        const read = decodeCommandResponse(parseElement(encodeCommandResponse(value).toString()));
        expect(read).toEqual({ ...value, form: undefined, payload: [] });
      }),
    );
  });
});

describe('XEP-0050 errors', () => {
  it('name what is wrong beside the condition of RFC 6120', () => {
    const error = commandError('session-expired', 'over');
    expect(error.toElement().toString()).toContain(`<session-expired xmlns='${COMMANDS}'`);
    expect([error.condition, error.type, commandCondition(error)]).toEqual([
      'not-allowed',
      'cancel',
      'session-expired',
    ]);
    expect(commandCondition(new StanzaError('forbidden'))).toBeUndefined();
  });
});
