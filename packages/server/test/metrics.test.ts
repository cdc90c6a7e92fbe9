import { request } from 'node:http';
import { connect } from 'node:net';
import { NS, STREAM_MANAGEMENT } from '@thingward/xmpp';
import { afterEach, describe, expect, it } from 'vitest';
import { BoshActor } from './bosh-actor.ts';
import { Stage } from './conversation.ts';
import { TestPolicies } from './policies.ts';

let stage: Stage;
let policies: TestPolicies | undefined;
afterEach(async () => {
  await stage?.close();
  policies?.remove();
  policies = undefined;
});

/** A scrape. @returns values by name with labels in the order in which they are told */
const scrape = async () => {
  const text = await (await fetch(`${stage.server.url}/metrics`)).text();
  return new Map(
    [...text.matchAll(/^(thingward_\w+(?:\{[^}]*\})?) (\S+)$/gm)].map(([, name, value]) => [name, Number(value)]),
  );
};
/** How much figures grow while something is done. */
const growth = async (work: () => Promise<unknown>) => {
  const before = await scrape();
  await work();
  const after = await scrape();
  return (name: string) => (after.get(name) ?? Number.NaN) - (before.get(name) ?? 0);
};

describe('metrics', () => {
  it('streams by kind, open and opened, and sessions', async () => {
    stage = await Stage.open();
    await stage.present('romeo');
    const plain = await stage.connect();
    await plain.opens();
    const bosh = new BoshActor(stage.server.url ?? '');
    await bosh.signsIn('juliet', 'bosh');
    const figures = await scrape();
    expect(figures.get(`thingward_streams{kind="c2s_tls"}`)).toBe(1);
    expect(figures.get(`thingward_streams{kind="c2s"}`)).toBe(1);
    expect(figures.get(`thingward_streams{kind="bosh"}`)).toBe(1);
    expect(figures.get(`thingward_streams{kind="websocket"}`)).toBe(0);
    expect(figures.get('thingward_connections')).toBe(3);
    expect(figures.get('thingward_sessions')).toBe(2);
    plain.leaves();
    await expect.poll(async () => (await scrape()).get(`thingward_streams{kind="c2s"}`)).toBe(0);
    expect((await scrape()).get(`thingward_streams_opened_total{kind="c2s"}`)).toBe(1);
    expect(figures.get(`thingward_received_bytes_total{kind="bosh"}`)).toBeGreaterThan(100);
    expect(figures.get(`thingward_sent_bytes_total{kind="bosh"}`)).toBeGreaterThan(100);
  });

  it('bytes on the wire, of open connections and of those that have gone', async () => {
    stage = await Stage.open();
    const [romeo, juliet] = [await stage.present('romeo'), await stage.present('juliet')];
    const body = 'x'.repeat(100_000);
    const before = await scrape();
    romeo.sends(`<message to='juliet@localhost/r'><body>${body}</body></message>`);
    await juliet.receives('<message/>');
    romeo.leaves();
    await expect.poll(async () => (await scrape()).get(`thingward_streams{kind="c2s_tls"}`)).toBe(1);
    for (const way of ['received', 'sent']) {
      const name = `thingward_${way}_bytes_total{kind="c2s_tls"}`;
      const grown = async () => ((await scrape()).get(name) ?? 0) - (before.get(name) ?? 0);
      // Worker processes tell every now and then.
      await expect.poll(grown, { timeout: 5000 }).toBeGreaterThan(100_000);
      expect(await grown()).toBeLessThan(120_000);
    }
  });

  it('stanzas by kind, direction and peer', async () => {
    stage = await Stage.open();
    const [romeo, juliet] = [await stage.present('romeo'), await stage.present('juliet')];
    const grown = await growth(async () => {
      for (let i = 0; i < 5; i++)
        romeo.sends(`<message to='juliet@localhost/r' type='chat'><body>${i}</body></message>`);
      romeo.sends(`<iq type='get' id='v' to='upload.localhost'><ping xmlns='urn:xmpp:ping'/></iq>`);
      await romeo.receives(`<iq id='v'/>`);
      await juliet.receives('<message><body>4</body></message>');
    });
    const labels = (kind: string, direction: string, peer: string) =>
      `thingward_stanzas_total{kind="${kind}",peer="${peer}",direction="${direction}"}`;
    expect(grown(labels('message', 'in', 'client'))).toBe(5);
    expect(grown(labels('message', 'out', 'client'))).toBe(5);
    expect(grown(labels('iq', 'in', 'client'))).toBe(1);
    expect(grown(labels('iq', 'out', 'client'))).toBe(1);
    expect(grown(labels('iq', 'out', 'service'))).toBe(1);
    expect(grown(labels('iq', 'in', 'service'))).toBe(1);
    expect(grown(labels('presence', 'in', 'client'))).toBe(0);
  });

  it('queues: unacknowledged, held for accounts that are away', async () => {
    stage = await Stage.open();
    const [romeo, juliet] = [await stage.present('romeo'), await stage.present('juliet')];
    juliet.sends(`<enable xmlns='${STREAM_MANAGEMENT}' resume='true'/>`);
    await juliet.receives(`<enabled xmlns='${STREAM_MANAGEMENT}'/>`);
    for (const name of ['juliet', 'mercutio']) {
      romeo.sends(`<message to='${name}@localhost' type='chat'><body>Air</body></message>`);
    }
    await juliet.receives('<message/>');
    await romeo.doesNotReceive('<message/>');
    const figures = await scrape();
    expect(figures.get('thingward_unacknowledged_stanzas')).toBe(1);
    expect(figures.get('thingward_offline_messages')).toBe(1);
    expect(figures.get('thingward_s2s_queued_stanzas')).toBe(0);
    juliet.leaves();
    await expect.poll(async () => (await scrape()).get('thingward_sessions_detached')).toBe(1);
  });

  it('bytes that wait for a client that does not read', async () => {
    stage = await Stage.open({ limits: { maxUnsentBytes: 2 ** 26, maxBytesPerSecond: 2 ** 26 } });
    const [romeo, juliet] = [await stage.present('romeo'), await stage.present('juliet')];
    juliet.pauses();
    const body = 'x'.repeat(200_000);
    for (let i = 0; i < 40; i++) romeo.sends(`<message to='juliet@localhost/r'><body>${body}</body></message>`);
    await expect.poll(async () => (await scrape()).get('thingward_unsent_bytes'), { timeout: 8000 }).toBeGreaterThan(0);
  });

  it('attempts to authenticate, refused connections, and the time of the database', async () => {
    stage = await Stage.open({ limits: { maxConnectionsPerAddress: 1 } });
    const grown = await growth(async () => {
      const actor = await stage.connectTls();
      await actor.opens();
      actor.sends(`<auth xmlns='${NS.sasl}' mechanism='PLAIN'>${btoa('\0romeo\0guess')}</auth>`);
      await actor.receives(`<failure xmlns='${NS.sasl}'/>`);
      actor.sends(`<auth xmlns='${NS.sasl}' mechanism='PLAIN'>${btoa('\0romeo\0romeo')}</auth>`);
      await actor.receives(`<success xmlns='${NS.sasl}'/>`);
      await expect(stage.connectTls()).rejects.toThrow();
    });
    const outcome = (name: string, condition: string) =>
      `thingward_authentications_total{outcome="${name}",mechanism="PLAIN",condition="${condition}"}`;
    expect(grown(outcome('failure', 'not-authorized'))).toBe(1);
    expect(grown(outcome('success', 'none'))).toBe(1);
    expect(grown(`thingward_refused_connections_total{reason="address"}`)).toBe(1);
    expect(grown(`thingward_refused_connections_total{reason="connections"}`)).toBe(0);
    expect(grown('thingward_database_queries_total')).toBeGreaterThan(2);
    expect(grown('thingward_database_seconds_total')).toBeGreaterThan(0);
    expect(grown('thingward_database_failed_queries_total')).toBe(0);
  });

  it('decisions of the guard, what was remembered, and what waits for consent', async () => {
    policies = new TestPolicies({
      'entities.yaml':
        'things: { juliet@localhost: { owner: romeo@localhost } }\ngroups: { chiefs: [romeo@localhost] }\n',
      'own.cedar': `@obligation("approve") @approvers("chiefs")
        forbid(principal == Account::"romeo@localhost", action == Action::"set", resource) when { context has name && context.name == "Stop" };
        @obligation("quarantine") forbid(principal == Account::"mercutio@localhost", action == Action::"set", resource);`,
    });
    stage = await Stage.open({ policies: policies.path });
    const [romeo, mercutio] = [await stage.present('romeo'), await stage.present('mercutio')];
    const juliet = await stage.present('juliet');
    const set = (id: string, name: string) =>
      `<iq type='set' id='${id}' to='juliet@localhost/r'><set xmlns='urn:xmpp:iot:control'><int name='${name}' value='1'/></set></iq>`;
    const grown = await growth(async () => {
      for (const id of ['a', 'b', 'c']) {
        romeo.sends(set(id, 'Speed'));
        await juliet.receives(`<iq type='set' id='${id}'/>`);
      }
      romeo.sends(set('d', 'Stop'));
      await romeo.receives(`<iq type='error' id='d'/>`);
      mercutio.sends(set('e', 'Speed'));
      await mercutio.receives(`<iq type='error' id='e'/>`);
    });
    const decisions = (outcome: string) => grown(`thingward_guard_decisions_total{outcome="${outcome}",action="set"}`);
    expect(['permit', 'await-approval', 'quarantine'].map(decisions)).toEqual([3, 1, 1]);
    expect(decisions('deny')).toBeNaN();
    expect(grown('thingward_guard_lookups_total{answer="remembered"}')).toBe(2);
    expect(grown('thingward_guard_lookups_total{answer="evaluated"}')).toBe(4);
    expect(grown('thingward_guard_approvals_waiting')).toBe(1);
    expect(grown('thingward_guard_quarantined')).toBe(1);
    expect(grown('thingward_guard_decision_seconds_count')).toBe(5);
    expect(grown('thingward_guard_decision_seconds_bucket{le="1"}')).toBe(5);
    expect((await scrape()).get('thingward_guard_policies{slot="shadow"}')).toBe(0);
    expect((await scrape()).get('thingward_guard_policies{slot="enforced"}')).toBeGreaterThan(2);
  });

  it('say how late the event loop is, and tell nothing in the wrong type', async () => {
    stage = await Stage.open();
    const text = await (await fetch(`${stage.server.url}/metrics`)).text();
    expect(text).toMatch(/^nodejs_eventloop_lag_p99_seconds \d/m);
    for (const [, name, type] of text.matchAll(/^# TYPE (thingward_\w+) (\w+)$/gm)) {
      const expected = name?.endsWith('_total')
        ? 'counter'
        : name?.endsWith('decision_seconds')
          ? 'histogram'
          : 'gauge';
      expect([name, type]).toEqual([name, expected]);
    }
  });
});

/** Asks over a connection from this address, with these headers. */
const ask = (headers: Readonly<Record<string, string>> = {}) =>
  new Promise<{ status: number | undefined; authenticate: string | undefined }>((resolve, reject) => {
    const asking = request(`${stage.server.url}/metrics`, { headers }, (response) => {
      response.resume();
      resolve({ status: response.statusCode, authenticate: response.headers['www-authenticate'] });
    });
    asking.on('error', reject);
    asking.end();
  });

describe('who is told the metrics', () => {
  it('by default this machine alone, and no proxy on it', async () => {
    stage = await Stage.open();
    expect((await ask()).status).toBe(200);
    for (const header of ['forwarded', 'x-forwarded-for', 'x-real-ip']) {
      expect((await ask({ [header]: '192.0.2.1' })).status).toBe(403);
    }
  });

  it('not who comes from elsewhere by PROXY protocol', async () => {
    stage = await Stage.open({ proxyProtocol: { from: ['127.0.0.1/32'], doors: ['http'] } });
    const { hostname, port } = new URL(stage.server.url ?? '');
    const status = (address: string) =>
      new Promise<string>((resolve) => {
        const socket = connect(Number(port), hostname);
        socket.write(`PROXY TCP4 ${address} 127.0.0.1 4711 80\r\nGET /metrics HTTP/1.0\r\n\r\n`);
        socket.once('data', (chunk) => {
          resolve(chunk.toString().split(' ')[1] ?? '');
          socket.destroy();
        });
      });
    expect(await status('192.0.2.7')).toBe('403');
    expect(await status('127.0.0.1')).toBe('200');
  });

  it('with a token, who has it', async () => {
    const metricsToken = 'a-token-that-is-long';
    stage = await Stage.open({ http: { metrics: 'token', metricsToken } });
    expect(await ask()).toEqual({ status: 401, authenticate: 'Bearer' });
    expect((await ask({ authorization: `Bearer ${metricsToken}x` })).status).toBe(401);
    expect((await ask({ authorization: `Bearer ${metricsToken}`, 'x-forwarded-for': '192.0.2.1' })).status).toBe(200);
  });

  it('or everybody', async () => {
    stage = await Stage.open({ http: { metrics: 'open' } });
    expect((await ask({ 'x-forwarded-for': '192.0.2.1' })).status).toBe(200);
  });
});
