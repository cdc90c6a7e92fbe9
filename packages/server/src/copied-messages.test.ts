import { Jid } from '@thingward/xmpp';
import { expect, it } from 'vitest';
import { CopiedMessages } from './copied-messages.ts';

const juliet = Jid.parse('juliet@example.org/balcony');

it('knows messages by account, far end and identifier', () => {
  const copied = new CopiedMessages();
  copied.add('romeo', juliet, '1');
  copied.add('romeo', juliet, undefined);
  copied.add('romeo', juliet, 'x'.repeat(257));
  expect(copied.has('romeo', juliet.bare, '1')).toBe(true);
  expect(copied.has('romeo', juliet, '2')).toBe(false);
  expect(copied.has('romeo', juliet, undefined)).toBe(false);
  expect(copied.has('romeo', juliet, 'x'.repeat(257))).toBe(false);
  expect(copied.has('mercutio', juliet, '1')).toBe(false);
  copied.forget('romeo');
  expect(copied.has('romeo', juliet, '1')).toBe(false);
});

it('forgets the oldest of an account, and accounts heard of longest ago', () => {
  const copied = new CopiedMessages();
  for (let i = 0; i <= 100; i++) copied.add('romeo', juliet, `${i}`);
  expect([copied.has('romeo', juliet, '0'), copied.has('romeo', juliet, '1')]).toEqual([false, true]);
  for (let account = 0; account < 500; account++) {
    for (let i = 0; i < 100; i++) copied.add(`account${account}`, juliet, `${i}`);
  }
  expect(copied.has('romeo', juliet, '100')).toBe(false);
  expect(copied.has('account0', juliet, '0')).toBe(true);
  copied.add('romeo', juliet, '1');
  expect([copied.has('account0', juliet, '0'), copied.has('account1', juliet, '0')]).toEqual([false, true]);
});
