import { EventEmitter } from 'node:events';
import { encodeTeds, Ieee1451Error, type Sample, tedsClassCode, tedsFromJson } from '@thingward/ieee1451';
import type { ChannelReading, NcapTim, TransducerEvents, TransducerServices } from '../src/ncap/transducer-services.ts';

export const NCAP = '11111111-1111-4111-8111-111111111111';
export const TIM = '22222222-2222-4222-8222-222222222222';
export const TIME = new Date('2026-05-01T12:00:00Z');

const CHANNEL_TEDS = encodeTeds(
  tedsFromJson({
    teds: 'transducer-channel',
    member: 255,
    fields: [
      { name: 'channelType', value: 'sensor' },
      { name: 'physicalUnits', units: 'K' },
      { name: 'lowLimit', value: 273 },
      { name: 'highLimit', value: 393 },
      { name: 'worstCaseUncertainty', value: 0.5 },
      { name: 'sample', fields: [{ name: 'dataModel', value: 'float32' }] },
    ],
  }),
);

/** A boiler in memory, with a thermometer and a valve. */
export class BoilerTransducers extends EventEmitter<TransducerEvents> implements TransducerServices {
  readonly id = NCAP;
  readonly name = 'Boiler room';
  isPresent = true;
  readonly writes: (readonly Sample[])[] = [];
  /** What reading and writing throws. */
  failure: Ieee1451Error | undefined;

  get tims(): readonly NcapTim[] {
    return [
      {
        id: TIM,
        name: 'Boiler',
        node: { nodeId: 'boiler' },
        isPresent: this.isPresent,
        channels: [
          { number: 1, name: 'Water temperature', kind: 'sensor', node: { nodeId: 'boiler/1' } },
          { number: 2, name: 'Gas valve', kind: 'actuator', node: { nodeId: 'boiler/2' } },
        ],
      },
    ];
  }

  async read(): Promise<ChannelReading> {
    if (this.failure) throw this.failure;
    return { samples: [353.5], time: TIME };
  }

  async write(_tim: string, _channel: number, samples: readonly Sample[]): Promise<void> {
    if (this.failure) throw this.failure;
    this.writes.push(samples);
  }

  async readTeds(_tim: string, channel: number, accessCode: number): Promise<Uint8Array | undefined> {
    return channel > 0 && accessCode === tedsClassCode('transducer-channel') ? CHANNEL_TEDS : undefined;
  }

  async writeTeds(): Promise<void> {
    throw new Ieee1451Error('refused', 'its TEDS are read-only');
  }
}
