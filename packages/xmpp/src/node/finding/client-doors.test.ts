import { describe, expect, it } from 'vitest';
import { clientDoors, type SrvLookup } from './client-doors.ts';

type Records = Awaited<ReturnType<SrvLookup>>;

/** Knows these, and says of all others that they are not there. */
const dns =
  (known: Readonly<Record<string, Records>>): SrvLookup =>
  async (name) => {
    const found = known[name];
    if (found) return found;
    throw Object.assign(new Error('none'), { code: 'ENOTFOUND' });
  };
const srv = (name: string, port: number, priority = 0, weight = 0) => ({ name, port, priority, weight });
const shown = (doors: Awaited<ReturnType<typeof clientDoors>>) =>
  doors.map(({ host, port, tls }) => `${tls} ${host}:${port}`);

describe('doors for clients of a domain', () => {
  it('are those of both services, lowest priority first', async () => {
    const lookUp = dns({
      '_xmpps-client._tcp.example.org': [srv('B.example.org', 443, 10)],
      '_xmpp-client._tcp.example.org': [srv('c.example.org', 5222, 20), srv('a.example.org', 5222, 5)],
    });
    expect(shown(await clientDoors('example.org', { lookUp }))).toEqual([
      'starttls a.example.org:5222',
      'direct b.example.org:443',
      'starttls c.example.org:5222',
    ]);
  });

  it('are drawn by weight within one priority', async () => {
    const lookUp = dns({ '_xmpp-client._tcp.example.org': [srv('light', 1, 0, 1), srv('heavy', 2, 0, 9)] });
    const first = async (random: number) =>
      (await clientDoors('example.org', { lookUp, random: () => random }))[0]?.host;
    expect(await first(0.1)).toBe('light');
    expect(await first(0.5)).toBe('heavy');
    expect(await first(0.999)).toBe('heavy');
  });

  it('are at the domain itself where DNS says nothing', async () => {
    expect(shown(await clientDoors('bücher.example', { lookUp: dns({}) }))).toEqual([
      'starttls xn--bcher-kva.example:5222',
    ]);
    expect(shown(await clientDoors('[2001:db8::1]', { lookUp: dns({}) }))).toEqual(['starttls 2001:db8::1:5222']);
  });

  it('are none where the domain says so', async () => {
    const lookUp = dns({ '_xmpp-client._tcp.example.org': [srv('', 0)] });
    expect(await clientDoors('example.org', { lookUp })).toEqual([]);
  });

  it('are those of one service where DNS does not answer about the other', async () => {
    const lookUp: SrvLookup = async (name) => {
      if (name.startsWith('_xmpp-client')) throw Object.assign(new Error('no'), { code: 'EREFUSED' });
      return [srv('a.example.org', 5223)];
    };
    expect(shown(await clientDoors('example.org', { lookUp }))).toEqual(['direct a.example.org:5223']);
  });

  it('are not guessed where DNS does not answer', async () => {
    const lookUp: SrvLookup = async () => {
      throw Object.assign(new Error('late'), { code: 'ETIMEOUT' });
    };
    await expect(clientDoors('example.org', { lookUp })).rejects.toThrow(/_xmpps?-client.*ETIMEOUT/);
  });
});
