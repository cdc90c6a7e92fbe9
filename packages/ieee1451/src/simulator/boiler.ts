import { decodeSamples, encodeSamples, type SampleDefinition } from '../sample.ts';
import { CHANNEL_CLASS, META_CLASS, NAME_CLASS } from '../teds/classes.ts';
import { tedsFromJson } from '../teds/json.ts';
import { encodeTeds } from '../teds/teds.ts';
import type { TimChannel } from '../tim/channel.ts';
import { Tim } from '../tim/tim.ts';

const FLOAT: SampleDefinition = { dataModel: 'float32', octets: 4 };
const OCTET: SampleDefinition = { dataModel: 'integer', octets: 1 };
const VIBRATION_PERIOD = 0.001;
const VIBRATION_REPETITIONS = 255;
/** Seconds between two moves of the door. */
const DOOR_PERIOD = 20;

export interface BoilerOptions {
  /** Seconds, always growing. */
  readonly clock: () => number;
  /** The most octets of a segment in a reply; 1024 when not given. */
  readonly segmentOctets?: number;
  /** Of the TIM; `BOILER_UUID` when not given. */
  readonly uuid?: string;
}

export const BOILER_UUID = '7468696e-6777-6172-6400-000000000001';

/**
 * The TIM of a boiler: temperature of the water (1), vibration of the pump with buffered sampling (2), opening of the gas valve, an actuator (3),
 * and its door, an event sensor (4). The water is the warmer the more the valve is open.
 */
export function boilerTim({ clock, segmentOctets, uuid = BOILER_UUID }: BoilerOptions): Tim {
  let valve = 0.25;
  const temperature = (at: number) => 313.15 + 40 * valve + Math.sin(at / 30);
  const channels: TimChannel[] = [
    {
      ...sensor('Water temperature', 'K', [273.15, 373.15], 0.5),
      sample: (at) => encodeSamples([temperature(at)], FLOAT),
    },
    {
      ...sensor('Pump vibration', 'm/s2', [-20, 20], 0.1, VIBRATION_REPETITIONS, VIBRATION_PERIOD),
      sample: (at) => encodeSamples([2 * Math.sin(2 * Math.PI * 50 * at)], FLOAT),
    },
    {
      ...described('actuator', 'Gas valve', [
        units('1'),
        value('lowLimit', 0),
        value('highLimit', 1),
        value('worstCaseUncertainty', 0.01),
        sample(FLOAT),
      ]),
      sample: () => encodeSamples([valve], FLOAT),
      actuate(octets) {
        const [opening] = octets.length === FLOAT.octets ? decodeSamples(octets, FLOAT) : [];
        if (typeof opening !== 'number' || !(opening >= 0 && opening <= 1)) return false;
        valve = opening;
        return true;
      },
    },
    {
      ...described('event-sensor', 'Door', [
        { name: 'physicalUnits', units: { interpretation: 'digital', exponents: {} } },
        sample(OCTET),
        value('edgeToReport', 'both'),
      ]),
      sample: (at) => encodeSamples([Math.floor(at / DOOR_PERIOD) % 2], OCTET),
    },
  ];
  return new Tim({
    teds: new Map([
      [
        META_CLASS,
        teds('meta', [
          value('uuid', uuid),
          value('operationalTimeout', 1),
          value('slowAccessTimeout', 2),
          value('selfTestTime', 0.5),
          value('channels', channels.length),
        ]),
      ],
      [NAME_CLASS, nameTeds('Boiler')],
    ]),
    channels,
    clock,
    ...(segmentOctets === undefined ? {} : { segmentOctets }),
  });
}

type Described = Omit<TimChannel, 'sample' | 'actuate'>;

function sensor(
  name: string,
  unit: string,
  [low, high]: readonly [number, number],
  uncertainty: number,
  repetitions = 0,
  period = 0,
): Described {
  const fields = [
    units(unit),
    value('lowLimit', low),
    value('highLimit', high),
    value('worstCaseUncertainty', uncertainty),
    sample(FLOAT),
    ...(repetitions === 0 ? [] : [{ name: 'dataSet', fields: [value('maximumRepetitions', repetitions)] }]),
    value('samplingPeriod', period),
    {
      name: 'sampling',
      fields: [value('modeCapability', 'trigger-initiated immediate'), value('defaultMode', 'immediate')],
    },
  ];
  return { ...described('sensor', name, fields), maximumRepetitions: repetitions, samplingPeriod: period };
}

function described(kind: TimChannel['kind'], name: string, fields: readonly object[]): Described {
  return {
    teds: new Map([
      [
        CHANNEL_CLASS,
        teds('transducer-channel', [value('calibrationKey', 'none'), value('channelType', kind), ...fields]),
      ],
      [NAME_CLASS, nameTeds(name)],
    ]),
    kind,
    maximumRepetitions: 0,
    samplingPeriod: 0,
  };
}

function nameTeds(name: string): Uint8Array {
  return teds('transducer-name', [value('format', 'text'), value('content', name)]);
}

function teds(name: string, fields: readonly object[]): Uint8Array {
  return encodeTeds(tedsFromJson({ teds: name, member: 0xff, version: 2, fields }));
}

function value(name: string, given: string | number): object {
  return { name, value: given };
}

function units(ucum: string): object {
  return { name: 'physicalUnits', units: ucum };
}

function sample({ dataModel, octets }: SampleDefinition): object {
  return { name: 'sample', fields: [value('dataModel', dataModel), value('modelLength', octets)] };
}
