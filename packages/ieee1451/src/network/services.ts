import { DURATION, enumeration, type Layout, type LayoutField, listOf, OCTETS, TEXT, UUID, unsigned } from '../body.ts';
import { type CodeNames, codeOf } from '../enumeration.ts';
import { TEDS_CLASSES } from '../teds/classes.ts';

/** Types of network services. @see IEEE 1451.0-2024 network services */
export const SERVICE_TYPES: CodeNames = { 1: 'discovery', 2: 'transducer-access', 3: 'teds-access', 4: 'event' };

/** Types of network messages. */
export const MESSAGE_TYPES: CodeNames = {
  1: 'command',
  2: 'reply',
  3: 'announcement',
  4: 'notification',
  5: 'callback',
};

export const COMMAND = 1;
export const REPLY = 2;
export const ANNOUNCEMENT = 3;
export const NOTIFICATION = 4;
export const CALLBACK = 5;

/** Ways to sample, in network messages. */
export const SAMPLING_MODES: CodeNames = {
  1: 'trigger-initiated',
  2: 'free-running',
  3: 'free-running-pre-trigger',
  4: 'continuous',
  5: 'immediate',
};

/** Kinds of network addresses of an NCAP. */
export const ADDRESS_TYPES: CodeNames = { 1: 'ipv4', 2: 'ipv6' };

/** One network service. A message type whose layout no public source has is not there; its octets are carried. */
export interface NetworkService {
  readonly serviceType: number;
  readonly serviceId: number;
  readonly name: string;
  readonly layouts: Readonly<Record<number, Layout>>;
}

const WORD = unsigned(2);
const ERROR: LayoutField = { name: 'errorCode', kind: WORD };
const APP: LayoutField = { name: 'appId', kind: UUID };
const NCAP: LayoutField = { name: 'ncapId', kind: UUID };
const TIM: LayoutField = { name: 'timId', kind: UUID };
const CHANNEL: LayoutField = { name: 'channelId', kind: WORD };
const NAME: LayoutField = { name: 'name', kind: TEXT };
const ADDRESS: Layout = [
  { name: 'addressType', kind: enumeration(ADDRESS_TYPES) },
  { name: 'address', kind: OCTETS },
];
const TIMEOUT: LayoutField = { name: 'timeoutSeconds', kind: DURATION };
const TIME: Layout = [
  { name: 'seconds', kind: unsigned(6) },
  { name: 'nanoseconds', kind: unsigned(4) },
];
const NAMES: LayoutField = { name: 'names', kind: listOf(TEXT) };
const COUNT: LayoutField = { count: true, size: 2 };
const OFFSET: LayoutField = { name: 'offset', kind: unsigned(4) };

type Row = readonly [number, string, Readonly<Record<number, Layout>>];

const DISCOVERY: readonly Row[] = [
  [1, 'ncap-announcement', { [ANNOUNCEMENT]: [NCAP, NAME, ...ADDRESS] }],
  [2, 'ncap-departure', { [ANNOUNCEMENT]: [NCAP] }],
  [3, 'ncap-abandonment', { [ANNOUNCEMENT]: [NCAP] }],
  [4, 'tim-announcement', { [ANNOUNCEMENT]: [NCAP, TIM, NAME] }],
  [5, 'tim-departure', { [ANNOUNCEMENT]: [NCAP, TIM] }],
  [6, 'channel-announcement', { [ANNOUNCEMENT]: [NCAP, TIM, CHANNEL, NAME] }],
  [7, 'channel-departure', { [ANNOUNCEMENT]: [NCAP, TIM, CHANNEL] }],
  [8, 'ncap-discovery', { [COMMAND]: [APP], [REPLY]: [ERROR, APP, NCAP, NAME, ...ADDRESS] }],
  [
    9,
    'tim-discovery',
    {
      [COMMAND]: [APP, NCAP],
      [REPLY]: [ERROR, APP, NCAP, COUNT, { name: 'tims', kind: listOf(UUID) }, NAMES],
    },
  ],
  [
    10,
    'channel-discovery',
    {
      [COMMAND]: [APP, NCAP, TIM],
      [REPLY]: [ERROR, APP, NCAP, TIM, COUNT, { name: 'channels', kind: listOf(WORD) }, NAMES],
    },
  ],
];

const ACCESS: readonly Row[] = [
  [
    1,
    'read-sample',
    {
      [COMMAND]: [APP, NCAP, TIM, CHANNEL, { name: 'samplingMode', kind: enumeration(SAMPLING_MODES) }, TIMEOUT],
      [REPLY]: [ERROR, APP, NCAP, TIM, CHANNEL, { name: 'value', kind: TEXT }, ...TIME],
    },
  ],
  [2, 'read-block', {}],
  [3, 'read-sample-of-channels', {}],
  [4, 'read-block-of-channels', {}],
  [5, 'read-sample-of-tims', {}],
  [6, 'read-block-of-tims', {}],
  [7, 'write-sample', {}],
  [8, 'write-block', {}],
  [9, 'write-sample-to-channels', {}],
  [10, 'write-block-to-channels', {}],
  [11, 'write-sample-to-tims', {}],
  [12, 'write-block-to-tims', {}],
  [13, 'start-block', {}],
  [14, 'block-callback', {}],
  [15, 'start-stream', {}],
  [16, 'stream-callback', {}],
  [17, 'start-block-of-channels', {}],
  [18, 'block-of-channels-callback', {}],
  [19, 'start-block-of-tims', {}],
  [20, 'block-of-tims-callback', {}],
];

const TEDS_ACCESS: readonly Row[] = [
  [1, 'query-teds', {}],
  [
    2,
    'read-teds',
    {
      [COMMAND]: [APP, NCAP, TIM, CHANNEL, { name: 'teds', kind: enumeration(TEDS_CLASSES) }, OFFSET, TIMEOUT],
      [REPLY]: [ERROR, APP, NCAP, TIM, CHANNEL, OFFSET, { name: 'tedsOctets', kind: OCTETS }],
    },
  ],
  [3, 'write-teds', {}],
  [4, 'update-teds', {}],
];

const EVENTS: readonly Row[] = [
  [1, 'subscribe-channel', {}],
  [2, 'notify-channel', {}],
  [3, 'unsubscribe-channel', {}],
  [4, 'subscribe-channels', {}],
  [5, 'notify-channels', {}],
  [6, 'unsubscribe-channels', {}],
  [7, 'subscribe-tims', {}],
  [8, 'notify-tims', {}],
  [9, 'unsubscribe-tims', {}],
  [10, 'subscribe-heartbeat', {}],
  [11, 'notify-heartbeat', {}],
  [12, 'unsubscribe-heartbeat', {}],
];

/** Every network service. */
export const NETWORK_SERVICES: readonly NetworkService[] = [DISCOVERY, ACCESS, TEDS_ACCESS, EVENTS].flatMap((rows, i) =>
  rows.map(([serviceId, name, layouts]) => ({ serviceType: i + 1, serviceId, name, layouts })),
);

export function networkService(serviceType: number, serviceId: number): NetworkService | undefined {
  return NETWORK_SERVICES.find((service) => service.serviceType === serviceType && service.serviceId === serviceId);
}

/** The service of a name; `query-teds` and the like are unique. */
export function networkServiceNamed(name: string): NetworkService | undefined {
  return NETWORK_SERVICES.find((service) => service.name === name);
}

export function messageTypeCode(name: string): number | undefined {
  return codeOf(MESSAGE_TYPES, name);
}
