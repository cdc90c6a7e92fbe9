import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { duplexPair } from 'node:stream';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { decodeSamples, encodeCommand, formatHex, moduleCommandNamed, type Teds, tedsValue } from '../index.ts';
import { BOILER_UUID, boilerTim } from '../simulator/index.ts';
import {
  encodeLinkFrame,
  SerialBus,
  SerialTimLink,
  TcpLinkListener,
  type Tim,
  TimClient,
  TimDialler,
  TimEnd,
  type TimLink,
  UdpLinkPort,
  watchLink,
} from './index.ts';

const FLOAT = { dataModel: 'float32', octets: 4 };
const OTHER_UUID = '7468696e-6777-6172-6400-000000000002';

const boiler = (uuid?: string) => boilerTim({ clock: () => 1, ...(uuid ? { uuid } : {}) });

/** An NCAP that listens for TIMs. */
async function ncap(over: 'tcp' | 'udp') {
  const listener = over === 'tcp' ? new TcpLinkListener(10) : new UdpLinkPort(10);
  const links: TimLink[] = [];
  listener.on('link', (link: TimLink) => links.push(link));
  const port = await listener.listen(0, '127.0.0.1');
  onTestFinished(() => listener.close());
  return { port, links, close: () => listener.close() };
}

async function dial(tim: Tim, port: number, over: 'tcp' | 'udp') {
  const dialler = new TimDialler({ tim, host: '127.0.0.1', port, over, pauseMs: 20 });
  onTestFinished(() => dialler.stop());
  await dialler.start();
  return dialler;
}

async function readTemperature(client: TimClient) {
  await client.request(1, 'operate');
  return decodeSamples(await client.readDataSet(1, 4), FLOAT)[0];
}

describe.each(['tcp', 'udp'] as const)('a TIM that looks for its NCAP over %s', (over) => {
  it('is found, says who it is, and answers', async () => {
    const { port, links } = await ncap(over);
    await dial(boiler(), port, over);
    await vi.waitFor(() => expect(links).toHaveLength(1));
    const client = new TimClient(links[0] as TimLink);
    expect(await client.greet()).toBe(BOILER_UUID);
    expect(tedsValue((await client.readTeds(0, 1)) as Teds, 'uuid')).toBe(BOILER_UUID);
    expect(await readTemperature(client)).toBeCloseTo(323.18, 2);
    expect(client.link.name).toMatch(new RegExp(`^${over} 127\\.0\\.0\\.1:\\d+$`));
  });

  it('is lost when it falls silent, and comes back', async () => {
    const { port, links } = await ncap(over);
    const dialler = await dial(boiler(), port, over);
    await vi.waitFor(() => expect(links).toHaveLength(1));
    const first = links[0] as TimLink;
    await new TimClient(first).greet();
    watchLink(first, 150);
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(first.isOpen).toBe(true);
    const lost = once(first, 'close');
    await dialler.stop();
    expect((await lost)[0]).toMatch(/lost|silent for \d+ ms/);
    await dial(boiler(), port, over);
    await vi.waitFor(() => expect(links).toHaveLength(2));
    expect(await new TimClient(links[1] as TimLink).greet()).toBe(BOILER_UUID);
  });

  it('begins again when the NCAP has gone', async () => {
    const { port, links, close } = await ncap(over);
    await dial(boiler(), port, over);
    await vi.waitFor(() => expect(links).toHaveLength(1));
    await new TimClient(links[0] as TimLink).greet();
    watchLink(links[0] as TimLink, 100);
    await new Promise((resolve) => setTimeout(resolve, 50));
    await close();
    const next = over === 'tcp' ? new TcpLinkListener(10) : new UdpLinkPort(10);
    onTestFinished(() => next.close());
    const found = once(next, 'link');
    await next.listen(port, '127.0.0.1');
    expect(await new TimClient((await found)[0]).greet()).toBe(BOILER_UUID);
  });
});

/** Two ends in one process. */
function pair(tim: Tim) {
  const [near, far] = duplexPair();
  const end = new SerialTimLink(far, 1);
  new TimEnd({ tim, uuid: tim.uuid, link: end });
  return near;
}

describe('what arrives over UDP', () => {
  it('is carried out once when it comes twice, and nothing of strangers', async () => {
    const { port, links } = await ncap('udp');
    const socket = createSocket('udp4');
    onTestFinished(() => {
      socket.close();
    });
    const send = (octets: Uint8Array) => socket.send(octets, port, '127.0.0.1');
    send(Uint8Array.of(1, 2, 3));
    send(encodeLinkFrame({ kind: 'reply', sequence: 1, message: Uint8Array.of(1, 0, 0) }));
    send(encodeLinkFrame({ kind: 'hello', sequence: 0, message: new Uint8Array(16).fill(7) }));
    await vi.waitFor(() => expect(links).toHaveLength(1));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(links).toHaveLength(1);
  });

  it('a TIM carries out a doubled command once', async () => {
    const tim = boiler();
    const receive = vi.spyOn(tim, 'receive');
    const port = new UdpLinkPort(1);
    port.on('link', (link) => new TimEnd({ tim, uuid: tim.uuid, link }));
    const listening = await port.listen(0, '127.0.0.1');
    const socket = createSocket('udp4');
    const answers: string[] = [];
    socket.on('message', (octets) => answers.push(formatHex(octets)));
    onTestFinished(async () => {
      socket.close();
      await port.close();
    });
    const { commandClass, commandFunction } = moduleCommandNamed('operate') as {
      commandClass: number;
      commandFunction: number;
    };
    const message = encodeCommand({ channel: 1, commandClass, commandFunction, body: {} });
    socket.send(encodeLinkFrame({ kind: 'hello', sequence: 1, message: new Uint8Array(0) }), listening, '127.0.0.1');
    for (let i = 0; i < 2; i++)
      socket.send(encodeLinkFrame({ kind: 'command', sequence: 2, message }), listening, '127.0.0.1');
    await vi.waitFor(() => expect(answers).toHaveLength(3));
    expect(answers.slice(1)).toEqual(['020002000003010000', '020002000003010000']);
    expect(receive).toHaveBeenCalledTimes(1);
  });
});

describe('a serial line', () => {
  /** A line in memory that all hear, with TIMs at addresses 2 and 5. */
  function line(answerMs = 50) {
    const [near, far] = duplexPair();
    far.setMaxListeners(20);
    const plug = (address: number, uuid: string) => {
      const tim = boiler(uuid);
      const link = new SerialTimLink(far, address);
      new TimEnd({ tim, uuid, link });
      return { tim, unplug: () => link.removeAllListeners('frame') };
    };
    const bus = new SerialBus({ stream: near, name: 'line', addresses: [1, 2, 5], probeMs: 10, answerMs });
    onTestFinished(() => bus.close());
    const links: TimLink[] = [];
    bus.on('link', (link) => links.push(link));
    return { bus, links, plug, near, far };
  }

  it('has several TIMs, each with its address, and finds them when they are plugged in', async () => {
    const { links, plug } = line();
    plug(2, BOILER_UUID);
    await vi.waitFor(() => expect(links).toHaveLength(1));
    plug(5, OTHER_UUID);
    await vi.waitFor(() => expect(links).toHaveLength(2));
    const clients = links.map((link) => new TimClient(link));
    expect(await Promise.all(clients.map((client) => client.greet()))).toEqual([BOILER_UUID, OTHER_UUID]);
    const values = await Promise.all(clients.flatMap((client) => [readTemperature(client), readTemperature(client)]));
    for (const value of values) expect(value).toBeCloseTo(323.18, 2);
    expect(links.map(({ name }) => name)).toEqual(['line address 2', 'line address 5']);
  });

  it('tells of what a TIM tells by itself with its heartbeat', async () => {
    const { links, plug } = line();
    const { tim } = plug(2, BOILER_UUID);
    await vi.waitFor(() => expect(links).toHaveLength(1));
    const link = links[0] as TimLink;
    const client = new TimClient(link);
    const told = once(client, 'message');
    tim.emit(
      'message',
      encodeCommand({ channel: 4, commandClass: 3, commandFunction: 1, body: { octets: '0000000001' } }),
    );
    watchLink(link, 100);
    expect((await told)[0]).toMatchObject({ channel: 4, body: { octets: '0000000001' } });
  });

  it('notices the loss of one TIM while another goes on, noise on the line or not', async () => {
    const { links, plug, far } = line(10);
    const lost = plug(2, BOILER_UUID);
    plug(5, OTHER_UUID);
    await vi.waitFor(() => expect(links).toHaveLength(2));
    const [gone, stays] = ['address 2', 'address 5'].map((end) => links.find(({ name }) => name.endsWith(end))) as [
      TimLink,
      TimLink,
    ];
    for (const link of links) watchLink(link, 200);
    const closed = once(gone, 'close');
    lost.unplug();
    far.write(Uint8Array.of(0x7e, 1, 2, 0x7d, 0x7e, 9));
    expect((await closed)[0]).toMatch(/^the TIM has been silent for/);
    expect(await new TimClient(stays).greet()).toBe(OTHER_UUID);
    plug(2, BOILER_UUID);
    await vi.waitFor(() => expect(links).toHaveLength(3));
  });

  it('takes back what has not been sent when nobody waits for it any more', async () => {
    const { links, plug } = line(100);
    const { tim, unplug } = plug(2, BOILER_UUID);
    await vi.waitFor(() => expect(links).toHaveLength(1));
    const client = new TimClient(links[0] as TimLink);
    unplug();
    const receive = vi.spyOn(tim, 'receive');
    const first = client.request(1, 'operate', {}, { timeoutMs: 30 });
    const second = client.request(1, 'operate', {}, { signal: AbortSignal.timeout(20) });
    await expect(second).rejects.toMatchObject({ code: 'closed' });
    await expect(first).rejects.toMatchObject({ code: 'outcome-unknown' });
    expect(receive).not.toHaveBeenCalled();
  });

  it('ends with its line', async () => {
    const stream = pair(boiler());
    const bus = new SerialBus({ stream, name: 'line', addresses: [1], probeMs: 10 });
    const [link] = (await once(bus, 'link')) as [TimLink];
    const ended = Promise.all([once(link, 'close'), once(bus, 'close')]);
    stream.destroy(new Error('pulled out'));
    expect((await ended)[0]).toEqual(['the line line failed: pulled out']);
  });
});
