import type { ModbusUnit } from '../unit.ts';
import { simulatedUnit } from './plc.ts';

/** The lamp of the plant's yard, which can be dimmed. */
export class Lamp {
  isOn = false;
  /** In per cent. */
  dimmer = 60;
}

/** Unit 3: the lamp of the yard. The table of registers is in the package's README. */
export function lampUnit(lamp: Lamp): ModbusUnit {
  return simulatedUnit({
    points: [],
    setpoints: [
      {
        address: 0,
        min: 0,
        max: 100,
        read: () => lamp.dimmer,
        write: (raw) => {
          lamp.dimmer = raw;
        },
      },
    ],
    coils: [
      {
        read: () => lamp.isOn,
        write: (value) => {
          lamp.isOn = value;
        },
      },
    ],
    discreteInputs: () => [],
  });
}
