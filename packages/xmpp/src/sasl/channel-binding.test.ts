import { parseElement, xml } from '@thingward/xml';
import { describe, expect, it } from 'vitest';
import { Jid } from '../jid.ts';
import { decodeBase64, encodeBase64 } from './base64.ts';
import { type ChannelBindings, decodeChannelBindings, encodeChannelBindings } from './channel-binding.ts';
import type { CredentialStore, SaslClientMechanism, SaslServerMechanism } from './mechanism.ts';
import { deriveScramKeys, scramServer } from './scram.ts';
import { clientMechanism, offeredMechanisms } from './select.ts';

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const bytes = (string: string) => new TextEncoder().encode(string);
const exporter = new Uint8Array(32).fill(7);
const endPoint = new Uint8Array(32).fill(9);
const both: ChannelBindings = { 'tls-exporter': exporter, 'tls-server-end-point': endPoint };
const keys = await deriveScramKeys(
  'pencil',
  decodeBase64('W22ZaJ0SNY7soEsUEjb6gQ==') ?? new Uint8Array(),
  4096,
  'SHA-256',
);
const store: CredentialStore = {
  scramKeys: async () => keys,
  exists: async () => true,
  localpart: (username) => username,
};

/** Takes an exchange to its end. @returns the client's first message and the user the server has let in */
async function exchange(client: SaslClientMechanism, server: SaslServerMechanism) {
  const first = await client.start();
  const challenge = await server.step(first);
  if (challenge.kind !== 'challenge') throw new Error('expected a challenge');
  const outcome = await server.step(await client.respond(challenge.data));
  if (outcome.kind !== 'success') throw new Error('expected success');
  await client.finish(outcome.data);
  return { first: text(first), username: outcome.username };
}

const channel = (bindings?: ChannelBindings) => ({ isEncrypted: true, bindings });
const client = (offered: readonly string[], bindings?: ChannelBindings, announced?: readonly string[]) =>
  clientMechanism(
    { mechanisms: offered, bindingTypes: announced, profile: 'sasl' },
    { jid: Jid.parse('user@localhost'), password: 'pencil' },
    channel(bindings),
  );
/** A server that knows nothing of XEP-0474. */
const serve = (name: string, bindings: ChannelBindings = {}) =>
  scramServer('SHA-256', store, undefined, undefined, { isPlus: name.endsWith('-PLUS'), bindings });

describe('SCRAM with channel binding (RFC 5802 §6)', () => {
  it.each([
    [both, ['tls-server-end-point', 'tls-exporter'], 'tls-exporter'],
    [both, ['tls-server-end-point'], 'tls-server-end-point'],
    [both, undefined, 'tls-server-end-point'],
    [{ 'tls-server-end-point': endPoint }, ['tls-exporter', 'tls-server-end-point'], 'tls-server-end-point'],
  ])('binds to the strongest that both have', async (bindings, announced, type) => {
    const mechanism = client(offeredMechanisms(channel(both)), bindings, announced);
    expect(mechanism.name).toBe('SCRAM-SHA-256-PLUS');
    const { first, username } = await exchange(mechanism, serve(mechanism.name, both));
    expect(first.startsWith(`p=${type},,n=user,`)).toBe(true);
    expect(username).toBe('user');
  });

  it('fails when somebody is in between: the two ends see different connections', async () => {
    const mechanism = client(offeredMechanisms(channel(both)), { ...both, 'tls-exporter': endPoint }, ['tls-exporter']);
    const server = serve(mechanism.name, both);
    await expect(exchange(mechanism, server)).rejects.toThrow('wrong nonce or channel binding');
  });

  it('a client that could bind finds out that the offer was taken away', async () => {
    const mechanism = client(['SCRAM-SHA-256'], both);
    expect(text(await mechanism.start())).toMatch(/^y,,/);
    const server = serve('SCRAM-SHA-256', both);
    await expect(exchange(mechanism, server)).rejects.toThrow('taken away');
    const honest = serve('SCRAM-SHA-256');
    await expect(exchange(client(['SCRAM-SHA-256'], both), honest)).resolves.toBeDefined();
  });

  it('a client that can not bind says so, and is let in', async () => {
    const mechanism = client(offeredMechanisms(channel(both)), undefined, ['tls-exporter']);
    expect(mechanism.name).toBe('SCRAM-SHA-256');
    expect(text(await mechanism.start())).toMatch(/^n,,/);
    await expect(exchange(mechanism, serve('SCRAM-SHA-256', both))).resolves.toBeDefined();
  });

  it('a server that announces nothing and refuses is told so, which one that binds does not let pass', async () => {
    const offer = { mechanisms: offeredMechanisms(channel(both)), profile: 'sasl', refusedBinding: true } as const;
    const user = { jid: Jid.parse('user@localhost'), password: 'pencil' };
    const mechanism = () => clientMechanism(offer, user, channel(both));
    expect(mechanism().name).toBe('SCRAM-SHA-256');
    await expect(exchange(mechanism(), serve('SCRAM-SHA-256', both))).rejects.toThrow('taken away');
    const { first } = await exchange(mechanism(), serve('SCRAM-SHA-256'));
    expect(first.startsWith('y,,n=user,')).toBe(true);
    // Neither is the password given away for it.
    const plain = { ...offer, mechanisms: ['SCRAM-SHA-256-PLUS', 'PLAIN'] };
    expect(() => clientMechanism(plain, user, channel(both))).toThrow('no acceptable mechanism');
  });

  it.each([
    ['SCRAM-SHA-256', 'p=tls-exporter,,n=u,r=abc'],
    ['SCRAM-SHA-256-PLUS', 'n,,n=u,r=abc'],
    ['SCRAM-SHA-256-PLUS', 'y,,n=u,r=abc'],
    ['SCRAM-SHA-256-PLUS', 'p=tls-unique,,n=u,r=abc'],
    ['SCRAM-SHA-256-PLUS', 'p=constructor,,n=u,r=abc'],
    ['SCRAM-SHA-256-PLUS', 'p,,n=u,r=abc'],
    ['SCRAM-SHA-256', 'n=tls-exporter,,n=u,r=abc'],
  ])('%s refuses %s', async (name, message) => {
    await expect(serve(name, both).step(bytes(message))).rejects.toMatchObject({
      condition: expect.stringMatching(/malformed-request|not-authorized/),
    });
  });

  it('refuses data that is bound in another form', async () => {
    const server = serve('SCRAM-SHA-256-PLUS', both);
    const step = await server.step(bytes('p=tls-exporter,,n=user,r=abc'));
    const nonce = step.kind === 'challenge' ? text(step.data).split(',')[0]?.slice(2) : '';
    const header = encodeBase64(bytes('p=tls-exporter,,'));
    await expect(server.step(bytes(`c=${header},r=${nonce},p=AAAA`))).rejects.toThrow('channel binding');
  });
});

describe('announcements (XEP-0440)', () => {
  it('are read as they are written, and left out when there is nothing', () => {
    const features = xml('features', {}, encodeChannelBindings(both));
    expect(decodeChannelBindings(features)).toEqual(['tls-exporter', 'tls-server-end-point']);
    expect(encodeChannelBindings({})).toBeUndefined();
    expect(decodeChannelBindings(parseElement('<features/>'))).toBeUndefined();
  });

  it.each([
    [['SCRAM-SHA-256', 'PLAIN'], ['tls-exporter']],
    [['PLAIN'], ['tls-exporter']],
  ])('%j with %j was tampered with', (offered, announced) => {
    expect(() => client(offered, both, announced)).toThrow('no mechanism that binds');
  });

  it.each([[['tls-something']], [[]]])('%j must be proved by the server', async (announced) => {
    const mechanism = client(['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256'], both, announced);
    expect(text(await mechanism.start())).toMatch(/^n,,/);
    await expect(exchange(mechanism, serve('SCRAM-SHA-256', both))).rejects.toThrow('every server has');
    expect(() => client(['SCRAM-SHA-256-PLUS', 'PLAIN'], both, announced)).toThrow('no acceptable mechanism');
  });

  it('XEP-0388 wants to hear of ways where mechanisms bind', () => {
    const offer = { mechanisms: ['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256'], profile: 'sasl2' } as const;
    const account = { jid: Jid.parse('user@localhost'), password: 'pencil' };
    expect(() => clientMechanism(offer, account, channel(both))).toThrow('no way of channel binding');
    expect(clientMechanism({ ...offer, profile: 'sasl' }, account, channel(both)).name).toBe('SCRAM-SHA-256-PLUS');
  });

  it('mechanisms that bind are offered where it is possible', () => {
    expect(offeredMechanisms(channel(both))).toEqual([
      'SCRAM-SHA-256-PLUS',
      'SCRAM-SHA-1-PLUS',
      'SCRAM-SHA-256',
      'SCRAM-SHA-1',
      'PLAIN',
    ]);
    expect(offeredMechanisms({ isEncrypted: false })).toEqual(['SCRAM-SHA-256', 'SCRAM-SHA-1']);
  });
});
