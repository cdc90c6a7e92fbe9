import { parseUuid } from '@thingward/ieee1451';
import { boilerTim } from '@thingward/ieee1451/simulator';
import { TcpLinkListener, type Tim, TimDialler, TimServer } from '@thingward/ieee1451/tim';
import type { Field, ReadoutSelection, Thing } from '@thingward/things';
import { SILENT_LOGGER } from '@thingward/xmpp';
import { onTestFinished, vi } from 'vitest';
import type { z } from 'zod';
import type { PartHost } from '../src/drivers/concentrator.ts';
import type { Device } from '../src/drivers/device.ts';
import { ieee1451ConfigSchema } from '../src/drivers/ieee1451/config.ts';
import { NcapDevice } from '../src/drivers/ieee1451/ncap-device.ts';
import { Ncap } from '../src/ncap/ncap.ts';

export const NCAP_ID = '00000000-0000-4000-8000-00000000abcd';
export const ALL: ReadoutSelection = { types: [], names: [] };

export type NcapInput = Partial<z.input<typeof ieee1451ConfigSchema>>;

/** An NCAP that listens on a port of its own, with its Things, until the test is over. */
export async function ncap(input: NcapInput = {}, begin: (ncap: Ncap) => void = () => undefined) {
  const config = ieee1451ConfigSchema.parse({
    listen: { tcp: '127.0.0.1:0' },
    admit: 'any',
    pollMs: 50,
    silenceMs: 400,
    timeoutMs: 300,
    ...input,
  });
  const warnings: string[] = [];
  const log = { ...SILENT_LOGGER, warn: (_: object, message: string) => void warnings.push(message) };
  const running = new Ncap({ id: NCAP_ID, name: 'NCAP', config, log });
  const device = new NcapDevice({ node: { nodeId: 'ncap' }, metaTags: [], config, ncap: running, log });
  const parts = new Map<string, Device>();
  const host: PartHost = {
    add: async (part) => void parts.set(part.device.node?.nodeId ?? '', part.device),
    remove: async ({ node }) => void parts.delete(node?.nodeId ?? ''),
  };
  const stopServing = device.serveParts(host);
  begin(running);
  running.start();
  onTestFinished(async () => {
    stopServing();
    await running.stop();
  });
  if (config.listen.tcp) await vi.waitUntil(() => running.ports.tcp);
  if (config.listen.udp) await vi.waitUntil(() => running.ports.udp);
  return { ncap: running, device, parts, warnings, port: running.ports.tcp ?? 0, udpPort: running.ports.udp ?? 0 };
}

/** A boiler whose clock is set by the test. */
export function boiler(uuid?: string) {
  const clock = { now: 1 };
  const tim = boilerTim({ clock: () => clock.now, ...(uuid ? { uuid } : {}) });
  return { tim, clock };
}

/** Plugs a TIM in. @returns what pulls it out */
export async function plug(tim: Tim, port: number, over: 'tcp' | 'udp' = 'tcp'): Promise<() => Promise<void>> {
  const dialler = new TimDialler({ tim, host: '127.0.0.1', port, over, pauseMs: 20 });
  await dialler.start();
  const stop = () => dialler.stop();
  onTestFinished(stop);
  return stop;
}

/** A TIM behind a port. */
export async function serveTim(tim: Tim, port = 0) {
  const server = new TimServer(tim);
  const actual = await server.listen(port);
  onTestFinished(() => server.close());
  return { port: actual, close: () => server.close() };
}

/** A port whose TIM says who it is, and answers commands as the test likes: with what it gives, as often as it gives it. */
export async function oddTim(
  tim: Tim,
  answer: (reply: () => Uint8Array | undefined) => Promise<readonly (Uint8Array | undefined)[]>,
) {
  const listener = new TcpLinkListener(1);
  listener.on('link', (link) => {
    link.on('frame', async ({ kind, sequence, message }) => {
      if (kind === 'heartbeat') link.send({ kind, sequence, message });
      if (kind === 'hello') link.send({ kind, sequence, message: parseUuid(tim.uuid) as Uint8Array });
      if (kind !== 'command') return;
      for (const reply of await answer(() => tim.receive(message))) {
        if (reply) link.send({ kind: 'reply', sequence, message: reply });
      }
    });
  });
  const port = await listener.listen(0, '127.0.0.1');
  onTestFinished(() => listener.close());
  return port;
}

/** All fields of a read-out, by name; the last of each. */
export async function readAll(thing: Thing): Promise<ReadonlyMap<string, Field>> {
  const fields = new Map<string, Field>();
  for await (const batch of thing.read(ALL, AbortSignal.timeout(5000))) {
    for (const field of batch) fields.set(field.name, field);
  }
  return fields;
}
