import { type Element, Frame, type StreamEvent, xml } from '@thingward/xml';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Jid } from '../jid.ts';
import { NS } from '../namespaces.ts';
import { encodeBase64 } from '../sasl/base64.ts';
import { deriveScramKeys } from '../sasl/scram.ts';
import { SASL2 } from '../sasl2.ts';
import { StanzaError } from '../stanza-error.ts';
import type { StreamError } from '../stream-error.ts';
import { encodeManagementFailure, encodeResumed } from '../stream-management.ts';
import { StreamReceiver } from './receiver.ts';
import type { ReceiverPolicy } from './receiver-policy.ts';
import type { TokenAuthority } from './token-authority.ts';

const keys = await deriveScramKeys('pencil', new Uint8Array(16), 4096, 'SHA-256');
const AGENT = 'd4565fa7-4d72-4749-b3d3-740edbf87770';
const utf8 = (text: string) => new TextEncoder().encode(text);
const base64 = (text: string) => encodeBase64(utf8(text));

/** One stream, with what was sent on it and what became of it. */
class Trial {
  readonly sent: Element[] = [];
  readonly bugs: unknown[] = [];
  closed: { error: StreamError | undefined } | undefined;
  /** In order: who was authenticated, what was asked of the policy, what has begun. */
  readonly log: string[] = [];
  readonly receiver: StreamReceiver;

  constructor({ isEncrypted = true, requireTls = true, anonymous = false } = {}) {
    let encrypted = isEncrypted;
    const session = (jid: Jid, what: string) => {
      this.log.push(what);
      return { jid, begin: () => this.log.push('begin') };
    };
    const tokens: TokenAuthority = {
      held: async () => [{ id: 1, token: 'token', expiresAt: new Date(Date.now() + 1e6), isDue: true }],
      use: async () => true,
      issue: async () => ({ token: 'another', expiresAt: new Date(0) }),
      revoke: async () => undefined,
    };
    const policy: ReceiverPolicy = {
      domains: new Set(['localhost']),
      credentials: { scramKeys: async () => keys, exists: async () => true, localpart: (name) => name || undefined },
      requireTls,
      maxAuthFailures: 3,
      newStreamId: () => 'id',
      reportError: (error) => this.bugs.push(error),
      bind: async (account, resource) => {
        this.log.push('bind');
        if (resource === 'refused') throw new StanzaError('conflict');
        return account.withResource(resource ?? 'made-up');
      },
      bound: () => this.log.push('begin'),
      resume: async (account, request) =>
        request.attribute('previd') === 'known'
          ? { answer: encodeResumed('known', 0), session: session(account.withResource('former'), 'resume') }
          : { answer: encodeManagementFailure('item-not-found') },
      bind2: {
        features: ['urn:xmpp:carbons:2'],
        bind: async (account, { tag }) => {
          if (tag === 'refused') throw new StanzaError('resource-constraint');
          return { session: session(account.withResource(tag ?? 'made-up'), 'bind2'), answers: [] };
        },
      },
      tokens,
      anonymous: anonymous ? async () => 'nobody' : undefined,
      authenticated: ({ account, error }) => this.log.push(error ? 'failure' : `authenticated ${account}`),
    };
    this.receiver = new StreamReceiver(
      {
        get isEncrypted() {
          return encrypted;
        },
        canStartTls: true,
        channelBindings: undefined,
        openStream: () => undefined,
        send: (element) => this.sent.push(element),
        startTls: async () => {
          encrypted = true;
        },
        restart: () => undefined,
        closeStream: (error) => {
          this.closed = { error };
        },
      },
      policy,
    );
  }

  async takes(...events: readonly (StreamEvent | string)[]): Promise<void> {
    for (const event of events) {
      if (this.receiver.isBound) return;
      await this.receiver.handle(
        typeof event === 'string' ? { kind: 'frame', frame: Frame.parse(utf8(event)) } : event,
      );
    }
  }

  /** The names of what was sent. */
  get answers(): string[] {
    return this.sent.map(({ name }) => name);
  }
}

const open = (attributes: object = {}): StreamEvent => ({
  kind: 'open',
  header: xml('stream', { xmlns: NS.stream, to: 'localhost', version: '1.0', ...attributes }),
  bindings: { '': NS.client },
});

const authenticate = (mechanism: string, response: string | undefined, inline = '') =>
  `<authenticate xmlns='${SASL2}' mechanism='${mechanism}'>${
    response === undefined ? '' : `<initial-response>${response}</initial-response>`
  }${inline}</authenticate>`;
const right = base64('\0romeo\0pencil');
const wrong = base64('\0romeo\0wrong');
const bind2 = (tag = '') => `<bind xmlns='urn:xmpp:bind:0'>${tag && `<tag>${tag}</tag>`}</bind>`;
const resume = (id: string) => `<resume xmlns='urn:xmpp:sm:3' previd='${id}' h='0'/>`;
const agent = `<user-agent id='${AGENT}'/>`;
const fast = `<fast xmlns='urn:xmpp:fast:0' count='1'/>`;
const legacyBind = (resource = '') =>
  `<iq xmlns='jabber:client' type='set' id='b'><bind xmlns='${NS.bind}'><resource>${resource}</resource></bind></iq>`;

/** Whatever could come on a stream, in order or not. */
const EVENTS: readonly (StreamEvent | string)[] = [
  open(),
  open({ from: 'romeo@localhost' }),
  open({ from: 'juliet@localhost' }),
  open({ to: 'elsewhere' }),
  { kind: 'close' },
  `<starttls xmlns='${NS.tls}'/>`,
  `<auth xmlns='${NS.sasl}' mechanism='PLAIN'>${right}</auth>`,
  `<auth xmlns='${NS.sasl}' mechanism='PLAIN'>${wrong}</auth>`,
  `<auth xmlns='${NS.sasl}' mechanism='PLAIN'/>`,
  `<auth xmlns='${NS.sasl}' mechanism='SCRAM-SHA-256'>${base64('n,,n=romeo,r=abc')}</auth>`,
  `<auth xmlns='${NS.sasl}' mechanism='ANONYMOUS'/>`,
  `<auth xmlns='${NS.sasl}' mechanism='EXTERNAL'>=</auth>`,
  `<response xmlns='${NS.sasl}'>${right}</response>`,
  `<response xmlns='${NS.sasl}'>${base64('c=biws,r=abc,p=AAAA')}</response>`,
  `<abort xmlns='${NS.sasl}'/>`,
  `<success xmlns='${NS.sasl}'/>`,
  authenticate('PLAIN', right),
  authenticate('PLAIN', wrong, bind2()),
  authenticate('PLAIN', undefined, bind2()),
  authenticate('PLAIN', right, agent + bind2('tag')),
  authenticate('PLAIN', right, bind2('refused')),
  authenticate('PLAIN', right, resume('known') + bind2()),
  authenticate('PLAIN', wrong, resume('known') + bind2()),
  authenticate('PLAIN', right, resume('gone')),
  authenticate('PLAIN', right, `${agent}<request-token xmlns='urn:xmpp:fast:0' mechanism='HT-SHA-256-NONE'/>`),
  authenticate('SCRAM-SHA-256', base64('n,,n=romeo,r=abc'), bind2()),
  authenticate('HT-SHA-256-NONE', base64('romeo\0wrong'), agent + fast + bind2()),
  authenticate('HT-SHA-256-NONE', base64('romeo\0wrong'), fast + bind2()),
  authenticate('HT-SHA-256-EXPR', base64('romeo\0wrong'), agent + fast),
  authenticate('ANONYMOUS', undefined, bind2()),
  authenticate('EXTERNAL', '', bind2()),
  authenticate('', undefined),
  `<response xmlns='${SASL2}'>${right}</response>`,
  `<response xmlns='${SASL2}'>!</response>`,
  `<abort xmlns='${SASL2}'/>`,
  `<next xmlns='${SASL2}' task='T'/>`,
  `<success xmlns='${SASL2}'><authorization-identifier>romeo@localhost</authorization-identifier></success>`,
  legacyBind('balcony'),
  legacyBind('refused'),
  resume('known'),
  resume('gone'),
  `<enable xmlns='urn:xmpp:sm:3'/>`,
  `<message xmlns='jabber:client' to='juliet@localhost'><body>x</body></message>`,
  `<iq xmlns='jabber:client' type='get' id='1'><ping xmlns='urn:xmpp:ping'/></iq>`,
  `<error xmlns='${NS.stream}'/>`,
  '<anything/>',
];

const isGood = (event: StreamEvent | string) => typeof event === 'string' && event.includes(right);

/** What must be true of every stream, whatever came on it. */
function check(trial: Trial): void {
  expect(trial.bugs).toEqual([]);
  const { log } = trial;
  const first = log.findIndex((entry) => entry.startsWith('authenticated'));
  // One authentication at most, and nothing that belongs to a session before it, but what is made along with it.
  expect(log.filter((entry) => entry.startsWith('authenticated')).length).toBeLessThanOrEqual(1);
  const begins = log.indexOf('begin');
  if (begins !== -1) {
    expect(first).not.toBe(-1);
    expect(begins).toBeGreaterThan(first);
    expect(log.filter((entry) => entry === 'begin')).toHaveLength(1);
    expect(trial.sent.some(({ name }) => name === 'success')).toBe(true);
  }
  for (const [index, entry] of log.entries()) if (entry === 'bind') expect(index).toBeGreaterThan(first);
  expect(trial.receiver.isBound).toBe(begins !== -1);
  if (first === -1) expect(trial.sent.some(({ name }) => name === 'success' || name === 'resumed')).toBe(false);
}

describe('the receiving side of a stream', () => {
  it('whatever comes in whatever order, there is no session without authentication, and no bug', async () => {
    const reached = { bound: 0, authenticated: 0, closed: 0 };
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom(...EVENTS), { maxLength: 12 }),
        fc.record({ isEncrypted: fc.boolean(), requireTls: fc.boolean(), anonymous: fc.boolean() }),
        fc.boolean(),
        async (events, setting, startsWell) => {
          const trial = new Trial(setting);
          await trial.takes(...(startsWell ? [open()] : []), ...events);
          check(trial);
          const isAuthenticated = trial.log.some((entry) => entry.startsWith('authenticated'));
          if (isAuthenticated && !setting.anonymous) expect(events.some(isGood)).toBe(true);
          if (trial.receiver.isBound) reached.bound++;
          if (isAuthenticated) reached.authenticated++;
          if (trial.closed) reached.closed++;
        },
      ),
      { numRuns: 3000 },
    );
    // It would mean nothing if no stream ever got so far.
    expect(Math.min(reached.bound, reached.authenticated, reached.closed)).toBeGreaterThan(20);
  });

  it('without the right password nobody gets in, however it is tried', async () => {
    const bad = EVENTS.filter((event) => !isGood(event));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom(...bad), { maxLength: 12 }), async (events) => {
        const trial = new Trial();
        await trial.takes(open(), ...events);
        check(trial);
        expect(trial.log.filter((entry) => entry !== 'failure')).toEqual([]);
      }),
      { numRuns: 1000 },
    );
  });

  it('elements with random content end with a failure, an error, or nothing', async () => {
    const inline = fc.constantFrom('', bind2(), resume('known'), agent, fast, '<x xmlns="urn:x"/>');
    const text = fc.oneof(fc.string({ maxLength: 12 }).map(base64), fc.constantFrom('=', '!', right, '', 'AA=='));
    const element = fc
      .tuple(
        fc.constantFrom('authenticate', 'response', 'abort', 'challenge', 'next', 'continue', 'auth'),
        fc.constantFrom(SASL2, NS.sasl, 'urn:other'),
        fc.constantFrom('PLAIN', 'SCRAM-SHA-256', 'HT-SHA-256-NONE', 'ANONYMOUS', 'EXTERNAL', 'x'),
        text,
        fc.array(inline, { maxLength: 3 }),
      )
      .map(([name, namespace, mechanism, content, children]) => {
        const body = name === 'authenticate' ? `<initial-response>${content}</initial-response>` : content;
        return `<${name} xmlns='${namespace}' mechanism='${mechanism}'>${body}${children.join('')}</${name}>`;
      });
    await fc.assert(
      fc.asyncProperty(fc.array(element, { maxLength: 6 }), async (events) => {
        const trial = new Trial();
        await trial.takes(open(), ...events);
        check(trial);
      }),
      { numRuns: 1500 },
    );
  });

  it('a client that goes while it is let in leaves no session half made', async () => {
    const trial = new Trial();
    await trial.takes(open());
    const handled = trial.receiver.handle({
      kind: 'frame',
      frame: Frame.parse(utf8(authenticate('PLAIN', right, bind2()))),
    });
    trial.receiver.fail(new Error('gone'));
    await handled;
    expect(trial.log).toEqual(['bind2', 'authenticated romeo@localhost', 'begin']);
  });
});
