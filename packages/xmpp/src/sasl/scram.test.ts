import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Jid } from '../jid.ts';
import { decodeBase64, encodeBase64 } from './base64.ts';
import { SaslError } from './error.ts';
import type { CredentialStore, ScramHash, ScramKeys } from './mechanism.ts';
import { deriveScramKeys, scramClient, scramServer } from './scram.ts';
import { clientMechanism, serverMechanism } from './select.ts';

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const bytes = (string: string) => new TextEncoder().encode(string);

function storeOf(keys: ScramKeys): CredentialStore {
  return { scramKeys: async () => keys, exists: async () => true, localpart: (username) => username };
}

/** The conversations printed in RFC 5802 §5 and RFC 7677 §3. */
const examples = [
  {
    hash: 'SHA-1',
    clientNonce: 'fyko+d2lbbFgONRv9qkxdawL',
    serverNonce: '3rfcNHYJY1ZVvWVs7j',
    salt: 'QSXCR+Q6sek8bf92',
    clientFinal: 'c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=',
    serverFinal: 'v=rmF9pqV8S7suAoZWja4dJRkFsKQ=',
  },
  {
    hash: 'SHA-256',
    clientNonce: 'rOprNGfwEbeRWgbNEkqO',
    serverNonce: '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0',
    salt: 'W22ZaJ0SNY7soEsUEjb6gQ==',
    clientFinal:
      'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
    serverFinal: 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
  },
] as const satisfies readonly { hash: ScramHash; [key: string]: string }[];

describe('SCRAM', () => {
  it.each(examples)('speaks the $hash conversation of the RFC on both sides', async (example) => {
    const salt = decodeBase64(example.salt) as Uint8Array<ArrayBuffer>;
    const keys = await deriveScramKeys('pencil', salt, 4096, example.hash);
    const client = scramClient(example.hash, 'user', 'pencil', example.clientNonce);
    const server = scramServer(example.hash, storeOf(keys), example.serverNonce);
    const first = await client.start();
    expect(text(first)).toBe(`n,,n=user,r=${example.clientNonce}`);
    const challenge = await server.step(first);
    if (challenge.kind !== 'challenge') throw new Error('expected a challenge');
    expect(text(challenge.data)).toBe(`r=${example.clientNonce}${example.serverNonce},s=${example.salt},i=4096`);
    const final = await client.respond(challenge.data);
    expect(text(final)).toBe(example.clientFinal);
    const success = await server.step(final);
    expect(success).toMatchObject({ kind: 'success', username: 'user' });
    expect(text(success.data as Uint8Array)).toBe(example.serverFinal);
    await client.finish(success.data);
  });

  it('refuses a wrong password on the server and a wrong server on the client', async () => {
    const keys = await deriveScramKeys('right', crypto.getRandomValues(new Uint8Array(16)), 4096, 'SHA-256');
    const client = scramClient('SHA-256', 'user', 'wrong');
    const server = scramServer('SHA-256', storeOf(keys));
    const challenge = await server.step(await client.start());
    const final = await client.respond(challenge.data as Uint8Array);
    await expect(server.step(final)).rejects.toMatchObject({ condition: 'not-authorized' });
    await expect(client.finish(bytes('v=AAAA'))).rejects.toMatchObject({ condition: 'not-authorized' });
    await expect(client.finish(undefined)).rejects.toMatchObject({ condition: 'not-authorized' });
  });

  it('carries commas, equals signs and non-ASCII in names and passwords', async () => {
    const seen: string[] = [];
    const keys = await deriveScramKeys('pässword\u00a0=,', new Uint8Array(16), 4096, 'SHA-256');
    const store: CredentialStore = {
      scramKeys: async (username) => {
        seen.push(username);
        return keys;
      },
      exists: async () => true,
      localpart: (username) => username,
    };
    const client = scramClient('SHA-256', 'a,b=c', 'pässword =,');
    const server = scramServer('SHA-256', store);
    const challenge = await server.step(await client.start());
    const success = await server.step(await client.respond(challenge.data as Uint8Array));
    expect(success.kind).toBe('success');
    expect(seen).toEqual(['a,b=c']);
  });

  it.each([
    ['n,,n=,r=abc', 'malformed-request'],
    ['p=tls-unique,,n=user,r=abc', 'malformed-request'],
    ['n,a=other,n=user,r=abc', 'invalid-authzid'],
    ['n,,m=x,n=user,r=abc', 'malformed-request'],
    ['n,,n=us=er,r=abc', 'malformed-request'],
    ['', 'malformed-request'],
  ])('the server answers %j with %s', async (message, condition) => {
    const keys = await deriveScramKeys('p', new Uint8Array(16), 4096, 'SHA-1');
    await expect(scramServer('SHA-1', storeOf(keys)).step(bytes(message))).rejects.toMatchObject({ condition });
  });

  it.each([
    ['r=other,s=QSXCR+Q6sek8bf92,i=4096', 'malformed-request'],
    ['r=nonce,s=QSXCR+Q6sek8bf92,i=4096', 'malformed-request'],
    ['r=nonceX,s=,i=4096', 'malformed-request'],
    ['r=nonceX,s=QSXCR+Q6sek8bf92,i=1', 'mechanism-too-weak'],
    ['r=nonceX,s=QSXCR+Q6sek8bf92,i=99999999', 'mechanism-too-weak'],
  ])('the client answers %j with %s', async (challenge, condition) => {
    const client = scramClient('SHA-1', 'user', 'p', 'nonce');
    await expect(client.respond(bytes(challenge))).rejects.toMatchObject({ condition });
  });

  it('fails with nothing but SaslError whatever comes', async () => {
    const keys = await deriveScramKeys('p', new Uint8Array(16), 4096, 'SHA-256');
    const message = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.string({ maxLength: 40 }).map(bytes),
      fc.constantFrom(...['n,,n=u,r=a', 'c=biws,r=a,p=AAAA', 'c=,r=,p=', ',p=']).map(bytes),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(message, { minLength: 1, maxLength: 3 }), async (messages) => {
        const server = scramServer('SHA-256', storeOf(keys));
        for (const item of messages) {
          try {
            expect((await server.step(item)).kind).toBe('challenge');
          } catch (error) {
            expect(error).toBeInstanceOf(SaslError);
            return;
          }
        }
      }),
    );
  });
});

describe('mechanisms', () => {
  it('PLAIN is neither used nor accepted without encryption', async () => {
    expect(() =>
      clientMechanism(
        { mechanisms: ['PLAIN'], profile: 'sasl' },
        { jid: Jid.parse('u@localhost'), password: 'p' },
        { isEncrypted: false },
      ),
    ).toThrowError(SaslError);
    expect(
      clientMechanism(
        { mechanisms: ['PLAIN'], profile: 'sasl' },
        { jid: Jid.parse('u@localhost'), password: 'p' },
        { isEncrypted: true },
      ).name,
    ).toBe('PLAIN');
    expect(() =>
      clientMechanism(
        { mechanisms: ['PLAIN'], profile: 'sasl' },
        { jid: Jid.parse('u@localhost'), password: 'p', refusesPlain: true },
        { isEncrypted: true },
      ),
    ).toThrowError('no acceptable mechanism');
    const keys = await deriveScramKeys('p', new Uint8Array(16), 4096, 'SHA-256');
    expect(() => serverMechanism('PLAIN', { isEncrypted: false }, { credentials: storeOf(keys) })).toThrowError(/TLS/);
    await expect(
      serverMechanism('PLAIN', { isEncrypted: true }, { credentials: storeOf(keys) }).step(bytes('\0u\0p')),
    ).resolves.toMatchObject({
      kind: 'success',
      username: 'u',
    });
    await expect(
      serverMechanism('PLAIN', { isEncrypted: true }, { credentials: storeOf(keys) }).step(bytes('\0u\0q')),
    ).rejects.toMatchObject({
      condition: 'not-authorized',
    });
  });

  it('the strongest is chosen', () => {
    expect(
      clientMechanism(
        { mechanisms: ['PLAIN', 'SCRAM-SHA-1', 'SCRAM-SHA-256'], profile: 'sasl' },
        { jid: Jid.parse('u@localhost'), password: 'p' },
        { isEncrypted: true },
      ).name,
    ).toBe('SCRAM-SHA-256');
  });
});

describe('Base64', () => {
  it('round-trips and refuses what is not Base64', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 50 }), (data) => {
        expect(decodeBase64(encodeBase64(data))).toEqual(Uint8Array.from(data));
      }),
    );
    for (const wrong of ['a', 'ab=c', 'a b=', '====', 'ab!=']) expect(decodeBase64(wrong)).toBeUndefined();
  });
});
