import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SaslError } from './error.ts';
import { hashedTokenClient, hashedTokenServer, type TokenLookup, tokenMechanisms } from './hashed-token.ts';

const TOKEN = 'WXZzciBwYmFmdmZnZiBqdmd1IGp2eXFhcmZm';
const exporter = new Uint8Array(32).fill(7);
const both = { 'tls-exporter': exporter, 'tls-server-end-point': new Uint8Array(32).fill(9) };
const shown: string[] = [];
const lookup = (...tokens: string[]): TokenLookup<{ token: string }> => ({
  localpart: (username) => (username.includes('@') ? undefined : username),
  held: async () => tokens.map((token) => ({ token })),
  shown: async ({ token }) => {
    shown.push(token);
  },
});
const mac = (role: string, bound: Uint8Array) => createHmac('sha256', TOKEN).update(role).update(bound).digest();

describe('HT-SHA-256 (draft-schmaus-kitten-sasl-ht)', () => {
  it('are offered where the connection is encrypted and has what they are tied to', () => {
    expect(tokenMechanisms({ isEncrypted: false })).toEqual([]);
    expect(tokenMechanisms({ isEncrypted: true })).toEqual(['HT-SHA-256-NONE']);
    expect(tokenMechanisms({ isEncrypted: true, bindings: both })).toEqual([
      'HT-SHA-256-EXPR',
      'HT-SHA-256-ENDP',
      'HT-SHA-256-NONE',
    ]);
  });

  it.each([
    ['HT-SHA-256-NONE', new Uint8Array(0)],
    ['HT-SHA-256-EXPR', exporter],
    ['HT-SHA-256-ENDP', both['tls-server-end-point']],
  ])('%s: both sides prove that they know the token', async (name, bound) => {
    const client = hashedTokenClient(name, 'romeo', TOKEN, both);
    const message = await client.start();
    expect(Buffer.from(message)).toEqual(Buffer.concat([Buffer.from('romeo\0'), mac('Initiator', bound)]));
    const step = await hashedTokenServer(name, lookup('another', TOKEN), both).step(message);
    expect(step).toMatchObject({ kind: 'success', username: 'romeo' });
    expect(Buffer.from(step.data as Uint8Array)).toEqual(mac('Responder', bound));
    await client.finish(step.data);
    expect(shown.at(-1)).toBe(TOKEN);
    await expect(client.finish(mac('Initiator', bound))).rejects.toThrow('could not prove');
    await expect(client.finish(undefined)).rejects.toThrow('could not prove');
    await expect(client.respond(new Uint8Array(0))).rejects.toThrow('no challenges');
  });

  it('is refused on another connection, with another token, for another mechanism', async () => {
    const message = await hashedTokenClient('HT-SHA-256-EXPR', 'romeo', TOKEN, both).start();
    const elsewhere = { ...both, 'tls-exporter': new Uint8Array(32) };
    for (const server of [
      hashedTokenServer('HT-SHA-256-EXPR', lookup(TOKEN), elsewhere),
      hashedTokenServer('HT-SHA-256-EXPR', lookup('another'), both),
      hashedTokenServer('HT-SHA-256-EXPR', lookup(), both),
      hashedTokenServer('HT-SHA-256-NONE', lookup(TOKEN), both),
    ]) {
      await expect(server.step(message)).rejects.toMatchObject({ condition: 'not-authorized' });
    }
    await expect(hashedTokenClient('HT-SHA-256-EXPR', 'romeo', TOKEN, {}).start()).rejects.toThrow('not possible');
  });

  it('fails with nothing but SaslError whatever comes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 60 }), async (message) => {
        const outcome = hashedTokenServer('HT-SHA-256-NONE', lookup(TOKEN)).step(message);
        await expect(outcome).rejects.toBeInstanceOf(SaslError);
      }),
    );
  });
});
