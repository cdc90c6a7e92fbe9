import { type Element, xml } from '@thingward/xml';
import { describe, expect, it, vi } from 'vitest';
import { Jid } from './jid.ts';
import { NS } from './namespaces.ts';
import { StanzaDispatcher } from './peer.ts';
import { Roster } from './roster.ts';
import { presence } from './stanza.ts';

class TestPeer extends StanzaDispatcher {
  readonly jid = Jid.parse('owner@test/x');
  readonly sent: Element[] = [];
  items: Element[] = [];

  constructor() {
    super((error) => {
      throw error;
    });
  }

  protected override transmit(stanza: Element): void {
    this.sent.push(stanza);
    if (stanza.attribute('type') !== 'get') return;
    const id = stanza.attribute('id');
    const query = xml('query', { xmlns: NS.roster }, this.items);
    queueMicrotask(() => this.dispatch(xml('iq', { xmlns: NS.client, type: 'result', id }, query)));
  }

  receive(stanza: Element): void {
    this.dispatch(stanza);
  }

  push(attributes: Record<string, string>, from = 'owner@test'): void {
    const item = xml('item', attributes);
    this.receive(xml('iq', { xmlns: NS.client, type: 'set', id: 'p', from }, xml('query', { xmlns: NS.roster }, item)));
  }

  online(): void {
    this.becameOnline();
  }
}

const plc = Jid.parse('plc@test');
const from = (resource?: string) => (resource ? plc.withResource(resource) : plc);

describe('Roster', () => {
  it('loads, follows pushes from the own server only, and presence', async () => {
    const peer = new TestPeer();
    peer.items = [xml('item', { jid: 'plc@test', subscription: 'both', name: 'Tank' })];
    const roster = new Roster(peer);
    peer.online();
    await vi.waitFor(() => expect(roster.isLoaded).toBe(true));
    expect(roster.contacts.get('plc@test')).toMatchObject({ name: 'Tank', subscription: 'both' });
    peer.push({ jid: 'evil@test', subscription: 'both' }, 'mallory@test/y');
    peer.push({ jid: 'meter@test', subscription: 'to' });
    expect([...roster.contacts.keys()]).toEqual(['plc@test', 'meter@test']);
    peer.receive(presence(undefined, { from: from('a') }, xml('priority', {}, '1')));
    peer.receive(presence(undefined, { from: from('b') }, xml('priority', {}, '5')));
    expect(roster.fullJidOf(plc)?.resource).toBe('b');
    peer.receive(presence('unavailable', { from: from('b') }));
    expect(roster.fullJidOf(plc)?.resource).toBe('a');
    peer.push({ jid: 'plc@test', subscription: 'remove' });
    expect(roster.fullJidOf(plc)).toBeUndefined();
  });

  it('waits for a resource, and says why there is none', async () => {
    const peer = new TestPeer();
    const roster = new Roster(peer);
    peer.online();
    const waiting = roster.waitForResource(plc, { timeoutMs: 1000 });
    peer.receive(presence(undefined, { from: from('a') }));
    expect((await waiting).toString()).toBe('plc@test/a');
    await expect(roster.waitForResource(Jid.parse('x@test'), { timeoutMs: 10 })).rejects.toThrow(/no friend of yours/);
  });

  it.each(['before', 'after'])('lets a Thing see us whose request comes %s ours', async (order) => {
    const peer = new TestPeer();
    const roster = new Roster(peer);
    roster.reciprocate();
    peer.online();
    const ask = () => peer.push({ jid: 'plc@test', subscription: 'none', ask: 'subscribe' });
    const request = () => peer.receive(presence('subscribe', { from: from() }));
    for (const step of order === 'before' ? [request, ask] : [ask, request]) step();
    const answers = peer.sent.filter((stanza) => stanza.attribute('type') === 'subscribed');
    expect(answers.map((stanza) => stanza.attribute('to'))).toEqual(['plc@test']);
  });

  it('does not let strangers see us', () => {
    const peer = new TestPeer();
    new Roster(peer).reciprocate();
    peer.online();
    peer.receive(presence('subscribe', { from: Jid.parse('stranger@test') }));
    expect(peer.sent.some((stanza) => stanza.attribute('type') === 'subscribed')).toBe(false);
  });
});
