import { type Element, xml } from '@thingward/xml';
import { describe, expect, it, vi } from 'vitest';
import { Jid } from './jid.ts';
import { PeerError, StanzaDispatcher } from './peer.ts';
import { ping, servePing } from './ping.ts';
import { message, presence } from './stanza.ts';
import { StanzaError } from './stanza-error.ts';

class TestPeer extends StanzaDispatcher {
  readonly jid: Jid;
  readonly sent: Element[] = [];
  other: TestPeer | undefined;

  constructor(jid: string, reportError: (error: unknown) => void = () => {}) {
    super(reportError);
    this.jid = Jid.parse(jid);
  }

  protected override transmit(stanza: Element): void {
    this.sent.push(stanza);
    queueMicrotask(() => this.other?.dispatch(stanza));
  }

  receive(stanza: Element): void {
    this.dispatch(stanza);
  }

  goOnline(): void {
    this.becameOnline();
  }

  goOffline(): void {
    this.becameOffline(new PeerError('connection-lost', 'gone'));
  }
}

function pair(reportError?: (error: unknown) => void): [TestPeer, TestPeer] {
  const a = new TestPeer('a@test/x', reportError);
  const b = new TestPeer('b@test/y', reportError);
  a.other = b;
  b.other = a;
  return [a, b];
}

const query = { name: 'q', namespace: 'urn:q' };

describe('StanzaDispatcher', () => {
  it('sends the same to many', () => {
    const [a] = pair();
    const recipients = ['x@test', 'y@test/r'].map((jid) => Jid.parse(jid));
    a.sendEach(message('headline', {}, xml('q', { xmlns: 'urn:q' })), recipients);
    expect(a.sent.map((stanza) => [stanza.attribute('to'), stanza.attribute('from')])).toEqual([
      ['x@test', 'a@test/x'],
      ['y@test/r', 'a@test/x'],
    ]);
    expect(a.sent[0]?.attribute('id')).toBeTruthy();
  });

  it('tells where something has gone, and what else the reply holds', async () => {
    const [a, b] = pair();
    b.onIq('get', query, () => {
      throw new StanzaError('gone', undefined, { address: 'xmpp:c@test', payload: xml('old', { xmlns: 'urn:q' }) });
    });
    const error = await a.request('get', b.jid, xml('q', { xmlns: 'urn:q' })).catch((reason) => reason);
    expect(error).toMatchObject({ condition: 'gone', address: 'xmpp:c@test' });
    expect(error.payload.is('old', 'urn:q')).toBe(true);
  });

  it('answers requests and errors', async () => {
    const reportError = vi.fn();
    const [a, b] = pair(reportError);
    servePing(b);
    await ping(a, b.jid);
    b.onIq('get', query, () => xml('r', { xmlns: 'urn:q' }, 'yes'));
    expect((await a.request('get', b.jid, xml('q', { xmlns: 'urn:q' })))?.text).toBe('yes');
    await expect(a.request('set', b.jid, xml('q', { xmlns: 'urn:q' }))).rejects.toMatchObject({
      condition: 'service-unavailable',
    });
    b.onIq('set', query, () => {
      throw new StanzaError('forbidden', 'no', { application: xml('why', { xmlns: 'urn:q' }) });
    });
    await expect(a.request('set', b.jid, xml('q', { xmlns: 'urn:q' }))).rejects.toMatchObject({
      condition: 'forbidden',
      type: 'auth',
      text: 'no',
      application: { name: 'why' },
    });
    expect(reportError).not.toHaveBeenCalled();
  });

  it('hides the text of a bug from the other side and reports it here', async () => {
    const reportError = vi.fn();
    const [a, b] = pair(reportError);
    b.onIq('get', query, () => {
      throw new Error('secret');
    });
    await expect(a.request('get', b.jid, xml('q', { xmlns: 'urn:q' }))).rejects.toMatchObject({
      condition: 'internal-server-error',
      text: undefined,
    });
    expect(reportError).toHaveBeenCalledOnce();
  });

  it('takes an answer only from whom it asked', async () => {
    const [a, b] = pair();
    a.other = undefined;
    const answer = a.request('get', b.jid, xml('q', { xmlns: 'urn:q' }), { timeoutMs: 50 });
    const id = a.sent[0]?.attribute('id');
    a.receive(xml('iq', { xmlns: 'jabber:client', type: 'result', id, from: 'mallory@test/z' }));
    await expect(answer).rejects.toMatchObject({ condition: 'remote-server-timeout' });
  });

  it('fails waiting requests when the connection is lost, and when aborted', async () => {
    const [a, b] = pair();
    a.other = undefined;
    const lost = a.request('get', b.jid, xml('q', { xmlns: 'urn:q' }));
    a.goOffline();
    await expect(lost).rejects.toMatchObject({ code: 'connection-lost' });
    const stop = new AbortController();
    const aborted = a.request('get', b.jid, xml('q', { xmlns: 'urn:q' }), { signal: stop.signal });
    stop.abort(new Error('enough'));
    await expect(aborted).rejects.toThrow('enough');
  });

  it('refuses an IQ without exactly one payload', async () => {
    const [a, b] = pair();
    b.receive(xml('iq', { xmlns: 'jabber:client', type: 'get', id: '1', from: 'a@test/x', to: 'b@test/y' }));
    await vi.waitFor(() => expect(b.sent[0]?.attribute('type')).toBe('error'));
    expect(StanzaError.fromStanza(b.sent[0] as Element).condition).toBe('bad-request');
    expect(a.sent).toEqual([]);
  });

  it('delivers messages by payload and never answers an error with an error', async () => {
    const [a, b] = pair();
    const seen: string[] = [];
    b.onMessage({ namespace: 'urn:m' }, (_, payload) => {
      seen.push(payload.name);
      throw new StanzaError('not-allowed');
    });
    a.send(message('normal', { to: b.jid }, xml('x', { xmlns: 'urn:m' })));
    await vi.waitFor(() => expect(b.sent.length).toBe(1));
    expect(b.sent[0]?.attribute('type')).toBe('error');
    a.send(message('error', { to: b.jid }, xml('y', { xmlns: 'urn:m' })));
    await vi.waitFor(() => expect(seen).toEqual(['x', 'y']));
    await Promise.resolve();
    expect(b.sent.length).toBe(1);
  });

  it('tells of presence and of coming online', async () => {
    const [a, b] = pair();
    const seen: (string | undefined)[] = [];
    b.onPresence(({ type }) => {
      seen.push(type);
    });
    a.send(presence('subscribe', { to: b.jid }));
    a.send(presence(undefined, { to: b.jid }));
    await vi.waitFor(() => expect(seen).toEqual(['subscribe', undefined]));
    const online = vi.fn();
    a.onOnline(online);
    expect(online).not.toHaveBeenCalled();
    a.goOnline();
    a.onOnline(online);
    expect(online).toHaveBeenCalledTimes(2);
  });
});
