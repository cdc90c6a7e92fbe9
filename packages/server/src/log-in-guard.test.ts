import { describe, expect, it } from 'vitest';
import { LogInGuard } from './log-in-guard.ts';

const LIMITS = { maxAuthFailuresPerAddress: 60, maxAuthFailuresPerAccount: 3 };

describe('LogInGuard', () => {
  it('keeps out who tries many passwords of one account, from wherever, for a while', () => {
    let now = 0;
    const guard = new LogInGuard(LIMITS, () => now);
    for (let i = 0; i < 3; i++) guard.failed(`192.0.2.${i}`, 'romeo');
    expect(() => guard.check('192.0.2.9', 'romeo')).toThrow('temporary-auth-failure');
    expect(() => guard.check('192.0.2.9', 'juliet')).not.toThrow();
    now = 20_000;
    expect(() => guard.check('192.0.2.9', 'romeo')).not.toThrow();
  });

  it('lets in who has signed in from the same place before', () => {
    const guard = new LogInGuard(LIMITS, () => 0);
    guard.succeeded('2001:db8::1', 'romeo');
    for (let i = 0; i < 3; i++) guard.failed('192.0.2.1', 'romeo');
    expect(() => guard.check('2001:db8::2', 'romeo')).not.toThrow();
    expect(() => guard.check('2001:db8:1::1', 'romeo')).toThrow('temporary-auth-failure');
  });

  it('keeps out a network that tries many accounts', () => {
    const guard = new LogInGuard(LIMITS, () => 0);
    for (let i = 0; i < 60; i++) guard.failed(`2001:db8::${i}`, `account${i}`);
    expect(() => guard.check('2001:db8::ffff', 'romeo')).toThrow('policy-violation');
    expect(() => guard.check('2001:db8:1::1', 'romeo')).not.toThrow();
  });
});
