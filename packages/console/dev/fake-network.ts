import { type Sample, type Teds, tedsFromJson } from '@thingward/ieee1451';
import type {
  AddressedReading,
  ChannelAddress,
  NcapResource,
  TimResource,
  TransducerAddress,
  TransducerInterface,
  TreeChange,
} from '@thingward/ieee1451/mcap';
import { StanzaError, type Unsubscribe } from '@thingward/xmpp';
import type { NetworkConnection } from '../src/model/network/network-connection.ts';

const NCAP = '6e636170-0000-4000-8000-000000000001';
const BOILER = '7468696e-6777-6172-6400-000000000001';
const PUMP = '7468696e-6777-6172-6400-000000000002';
const since = (minutes: number) => new Date(Date.now() - minutes * 60_000);
const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

interface FakeChannel {
  readonly name: string;
  readonly kind: 'sensor' | 'actuator' | 'event-sensor';
  readonly unit?: string;
  readonly bounds?: readonly [number, number];
  readonly uncertainty?: number;
  readonly more?: readonly object[];
  readonly at: (seconds: number) => Sample;
}

const sampling = [
  { name: 'samplingPeriod', value: 0.001 },
  { name: 'warmUpTime', value: 30 },
  {
    name: 'sampling',
    fields: [
      { name: 'modeCapability', value: 'trigger-initiated immediate' },
      { name: 'defaultMode', value: 'immediate' },
    ],
  },
];

/** An MCAP in the page, with a boiler that can be unplugged. */
export class FakeNetwork implements NetworkConnection {
  readonly #changes = new Set<(change: TreeChange) => void>();
  readonly #events = new Set<(reading: AddressedReading) => void>();
  readonly #channels: readonly FakeChannel[];
  #valve = 0.25;
  #isPlugged = true;
  isAbsent = false;
  isEmpty = false;

  constructor() {
    this.#channels = [
      {
        name: 'Water temperature',
        kind: 'sensor',
        unit: 'K',
        bounds: [273.15, 373.15],
        uncertainty: 0.5,
        more: sampling,
        at: (t) => 313.15 + 40 * this.#valve + Math.sin(t / 9),
      },
      {
        name: 'Steam pressure',
        kind: 'sensor',
        unit: 'Pa',
        bounds: [160_000, 0],
        uncertainty: 250,
        more: [
          { type: 16, octets: '07' },
          { type: 200, octets: 'beef' },
        ],
        at: (t) => 101_325 + 1000 * Math.sin(t / 15),
      },
      {
        name: 'Gas valve',
        kind: 'actuator',
        unit: '1',
        bounds: [0, 1],
        uncertainty: 0.01,
        at: () => this.#valve,
      },
      { name: 'Door', kind: 'event-sensor', at: (t) => Math.floor(t / 20) % 2 },
    ];
    setInterval(() => {
      if (this.#isPlugged) this.#tell(4);
    }, 20_000);
  }

  plug(): void {
    this.#isPlugged = true;
    this.#changed({ kind: 'joined', ncap: this.#ncap([this.#boiler()]) });
  }

  unplug(): void {
    this.#isPlugged = false;
    this.#changed({ kind: 'left', ncap: this.#ncap([this.#boiler()]), reason: 'no heartbeat for 3 s' });
  }

  async discover(): Promise<readonly NcapResource[]> {
    await this.#trip();
    if (this.isEmpty) return [];
    const pump: TimResource = {
      id: PUMP,
      name: 'Feed pump',
      node: { nodeId: 'pump' },
      isPresent: false,
      since: since(180),
      channels: [{ number: 1, name: 'Flow', kind: 'sensor', node: { nodeId: 'pump/1' } }],
    };
    const mqtt = '6e636170-0000-4000-8000-000000000002';
    return [
      this.#ncap([this.#boiler(), pump]),
      {
        id: mqtt,
        name: 'Weather mast',
        protocol: '1451.1.6',
        isPresent: false,
        since: since(4000),
        tims: [],
        things: [],
      },
    ];
  }

  async follow(): Promise<void> {
    await this.#trip();
  }

  async unfollow(): Promise<void> {}

  onChange(handler: (change: TreeChange) => void): Unsubscribe {
    this.#changes.add(handler);
    return () => this.#changes.delete(handler);
  }

  onEvent(handler: (reading: AddressedReading) => void): Unsubscribe {
    this.#events.add(handler);
    return () => this.#events.delete(handler);
  }

  async interfaceOf(address: TransducerAddress): Promise<TransducerInterface> {
    await this.#trip();
    const { channel = 0 } = address;
    if (channel === 0) return { ...address, name: 'Boiler', operations: [], teds: [META, nameTeds('Boiler')] };
    const { name, kind, unit, bounds, uncertainty } = this.#channel(channel);
    return {
      ...address,
      kind,
      name,
      ...(unit === undefined ? {} : { unit }),
      ...(bounds ? { min: bounds[0], max: bounds[1] } : {}),
      ...(uncertainty === undefined ? {} : { uncertainty }),
      operations: kind === 'actuator' ? ['read', 'write', 'stream', 'history'] : ['read', 'stream', 'history'],
      teds: [channelTeds(this.#channel(channel)), nameTeds(name)],
    };
  }

  async read(address: ChannelAddress): Promise<AddressedReading> {
    await this.#trip();
    if (!this.#isPlugged) throw new StanzaError('remote-server-timeout', 'The TIM does not answer.');
    return this.#reading(address);
  }

  async write(_address: ChannelAddress, [sample]: readonly Sample[]): Promise<void> {
    await pause(500);
    this.#valve = Number(sample);
  }

  #reading(address: ChannelAddress): AddressedReading {
    const { unit, at } = this.#channel(address.channel);
    return {
      ...address,
      time: new Date(),
      ...(unit === undefined ? {} : { unit }),
      samples: [at(Date.now() / 1000)],
    };
  }

  #tell(channel: number): void {
    const reading = this.#reading({ ncap: NCAP, tim: BOILER, channel });
    for (const handler of this.#events) handler(reading);
  }

  #channel(number: number): FakeChannel {
    const channel = this.#channels[number - 1];
    if (!channel) throw new StanzaError('item-not-found', 'There is no such channel.');
    return channel;
  }

  #ncap(tims: readonly TimResource[]): NcapResource {
    return {
      id: NCAP,
      name: 'Boiler house',
      jid: 'plc@localhost',
      isPresent: true,
      since: since(300),
      tims,
      things: [
        { service: 'direct-io', name: 'Host' },
        { service: 'legacy-adapter', protocol: 'modbus', name: 'Water tank', node: { nodeId: 'tank' } },
        { service: 'legacy-adapter', protocol: 'dnp3', name: 'Feeder', node: { nodeId: 'feeder' } },
        { service: 'server-to-server', protocol: 'opcua', name: 'Boiler controller', node: { nodeId: 'ua' } },
      ],
    };
  }

  #boiler(): TimResource {
    const channels = this.#channels.map(({ name, kind }, i) => ({
      number: i + 1,
      name,
      kind,
      node: { nodeId: `boiler/${i + 1}` },
    }));
    return {
      id: BOILER,
      name: 'Boiler',
      node: { nodeId: 'boiler' },
      isPresent: this.#isPlugged,
      since: since(42),
      channels,
    };
  }

  #changed(change: TreeChange): void {
    for (const handler of this.#changes) handler(change);
  }

  async #trip(): Promise<void> {
    await pause(60);
    if (this.isAbsent) throw new StanzaError('item-not-found', 'localhost has no MCAP.');
  }
}

const META = teds('meta', [
  { name: 'uuid', value: BOILER },
  { name: 'operationalTimeout', value: 1 },
  { name: 'channels', value: 4 },
]);

function nameTeds(name: string): Teds {
  return teds('transducer-name', [
    { name: 'format', value: 'text' },
    { name: 'content', value: name },
  ]);
}

function channelTeds({ kind, unit, bounds, uncertainty, more = [] }: FakeChannel): Teds {
  return teds('transducer-channel', [
    { name: 'calibrationKey', value: 'none' },
    { name: 'channelType', value: kind },
    { name: 'physicalUnits', units: unit ?? { interpretation: 'digital', exponents: {} } },
    ...(bounds
      ? [
          { name: 'lowLimit', value: bounds[0] },
          { name: 'highLimit', value: bounds[1] },
        ]
      : []),
    ...(uncertainty === undefined ? [] : [{ name: 'worstCaseUncertainty', value: uncertainty }]),
    {
      name: 'sample',
      fields: [
        { name: 'dataModel', value: unit === undefined ? 'integer' : 'float32' },
        { name: 'modelLength', value: unit === undefined ? 1 : 4 },
      ],
    },
    ...more,
  ]);
}

function teds(name: string, fields: readonly object[]): Teds {
  return tedsFromJson({ teds: name, member: 0xff, version: 2, fields });
}
