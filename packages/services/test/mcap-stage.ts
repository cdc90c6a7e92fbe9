import {
  type AddressedReading,
  decodeInterfaceRequest,
  decodeRead,
  decodeWrite,
  encodeAnnouncement,
  encodeInterface,
  encodeMcapReaders,
  encodeReading,
  type NcapResource,
  type WriteRequest,
} from '@thingward/ieee1451/mcap';
import { type Element, xml } from '@thingward/xml';
import { Jid, StanzaError } from '@thingward/xmpp';
import { onTestFinished } from 'vitest';
import type { McapLimits } from '../src/mcap/limits.ts';
import { McapService } from '../src/mcap/mcap-service.ts';
import { mcapMigrations } from '../src/mcap/migrations.ts';
import type { McapTables } from '../src/mcap/tables.ts';
import { memoryDatabase } from './memory-database.ts';
import { MemoryNetwork, type MemoryPeer } from './memory-network.ts';

export const NS = 'urn:thingward:ieee1451:1';
export const MCAP = Jid.parse('mcap.example.org');
export const NCAP = '11111111-1111-4111-8111-111111111111';
export const TIM = '22222222-2222-4222-8222-222222222222';
export const TEMPERATURE = { ncap: NCAP, tim: TIM, channel: 1 };
export const VALVE = { ncap: NCAP, tim: TIM, channel: 2 };

/** A boiler with a thermometer, a valve, and a PLC beside it. */
export const BOILER: NcapResource = {
  id: NCAP,
  name: 'Boiler room',
  isPresent: true,
  tims: [
    {
      id: TIM,
      name: 'Boiler',
      node: { nodeId: 'boiler' },
      isPresent: true,
      channels: [
        { number: 1, name: 'Water temperature', kind: 'sensor', node: { nodeId: 'boiler/1' } },
        { number: 2, name: 'Gas valve', kind: 'actuator', node: { nodeId: 'boiler/2' } },
      ],
    },
  ],
  things: [{ service: 'legacy-adapter', protocol: 'modbus', name: 'PLC', node: { nodeId: 'plc' } }],
};

export const READING: AddressedReading = {
  ...TEMPERATURE,
  time: new Date('2026-05-01T12:00:00Z'),
  unit: 'K',
  samples: [353.5],
};

/** An MCAP with an NCAP, somebody who may read it all, somebody who may read the thermometer, and a stranger. */
export async function mcapStage(limits: Partial<McapLimits> = {}) {
  const network = new MemoryNetwork();
  const clock = { now: new Date('2026-05-01T12:00:00Z') };
  const service = new McapService({
    peer: network.peer(MCAP.toString()),
    database: await memoryDatabase<McapTables>(mcapMigrations),
    isAdministrator: async (jid) => jid.local === 'admin',
    limits: { answerMs: 300, streamIntervalMs: 1, ...limits },
    clock: () => clock.now,
    leaseCheckMs: 10,
  });
  await service.start();
  onTestFinished(() => service.stop());
  const ncap = network.peer('gateway@example.org/ncap');
  const writes: WriteRequest[] = [];
  /** What an NCAP was asked on whose behalf. */
  const asked: string[] = [];
  const may = ({ originator }: { readonly originator?: string }, who: readonly string[]) => {
    asked.push(originator ?? '');
    if (!who.includes(originator ?? '')) throw new StanzaError('forbidden', 'the owner does not let you');
  };
  ncap.onIq('get', { name: 'read', namespace: NS }, ({ payload }) => {
    may(decodeRead(payload), ['owner@example.org', 'guest@example.org']);
    return encodeReading(READING);
  });
  ncap.onIq('get', { name: 'interface', namespace: NS }, ({ payload }) => {
    const { originator: _, ...address } = decodeInterfaceRequest(payload);
    may({ originator: _ ?? '' }, ['owner@example.org', 'guest@example.org']);
    return encodeInterface({ ...address, kind: 'sensor', unit: 'K', min: 273, operations: ['read'], teds: [] });
  });
  ncap.onIq('set', { name: 'write', namespace: NS }, ({ payload }) => {
    const request = decodeWrite(payload);
    may(request, ['owner@example.org']);
    writes.push(request);
    return undefined;
  });
  const owner = network.peer('owner@example.org/desk');
  const guest = network.peer('guest@example.org/phone');
  const stranger = network.peer('stranger@example.org/x');
  return { network, clock, service, ncap, owner, guest, stranger, writes, asked };
}

/** Announces an NCAP, and who may read it. */
export async function announce(peer: MemoryPeer, ncap: NcapResource = BOILER, lease = 90): Promise<void> {
  await peer.request('set', MCAP, encodeAnnouncement({ ncap, lease }));
  const readers: [string | undefined, string[]][] = [
    ['boiler', ['owner@example.org']],
    ['boiler/1', ['owner@example.org', 'guest@example.org']],
    ['boiler/2', ['owner@example.org']],
    ['plc', ['owner@example.org']],
  ];
  for (const [nodeId, list] of readers) {
    const node = nodeId === undefined ? {} : { node: { nodeId } };
    await peer.request('set', MCAP, encodeMcapReaders({ ncap: ncap.id, ...node, readers: list }));
  }
}

/** The payloads of ours that came in messages. */
export function told(peer: MemoryPeer): Element[] {
  const payloads: Element[] = [];
  peer.onMessage({ namespace: NS }, (_, payload) => {
    payloads.push(payload);
  });
  return payloads;
}

export const follow = xml('follow', { xmlns: NS });
