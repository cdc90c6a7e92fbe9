import { FORMAT_ERROR, LOCAL, NOT_SUPPORTED, OUT_OF_RANGE, SUCCESS } from '../command-status.ts';
import { CLOSE, LATCH_OFF, LATCH_ON, PULSE_ON, TRIP } from '../control-code.ts';
import { DOUBLE_BIT_STATES } from '../flags.ts';
import type { Command } from '../master/index.ts';
import { type OutputHandler, Outstation, type OutstationOptions, type PointDefinition } from '../outstation/index.ts';
import { type BreakerPosition, MAX_SETPOINT, MIN_SETPOINT, type SubstationProcess } from './substation-process.ts';

/** The points. The table is in the package's README. */
const POINTS: readonly PointDefinition[] = [
  ...[0, 1, 2, 3, 4].map((index): PointDefinition => ({ kind: 'binary', index, pointClass: 1 })),
  { kind: 'double-bit', index: 0, pointClass: 1 },
  ...[0, 1, 2].map((index): PointDefinition => ({ kind: 'binary-output', index, pointClass: 1 })),
  { kind: 'counter', index: 0, pointClass: 3, deadband: 100 },
  { kind: 'counter', index: 1, pointClass: 3 },
  { kind: 'analog', index: 0, pointClass: 2, deadband: 1 },
  { kind: 'analog', index: 1, pointClass: 2, deadband: 10 },
  { kind: 'analog', index: 2, pointClass: 2, deadband: 10 },
  { kind: 'analog', index: 3, pointClass: 2, deadband: 10 },
  { kind: 'analog', index: 4, pointClass: 2, deadband: 0.01 },
  { kind: 'analog', index: 5, pointClass: 2, deadband: 0.5 },
  { kind: 'analog', index: 6, pointClass: 2, staticVariation: 2, eventVariation: 4 },
  { kind: 'analog-output', index: 0, pointClass: 2 },
  { kind: 'octet-string', index: 0, pointClass: 3 },
];

const BREAKER_STATES: Readonly<Record<BreakerPosition, number>> = {
  travelling: DOUBLE_BIT_STATES.indexOf('intermediate'),
  open: DOUBLE_BIT_STATES.indexOf('off'),
  closed: DOUBLE_BIT_STATES.indexOf('on'),
};

/** The longest pulse, ms. */
const MAX_PULSE = 60_000;

/** A simulated substation as an outstation: `scan` puts what the process does into its points. */
export class Substation {
  readonly outstation: Outstation;
  readonly #process: SubstationProcess;
  #said = 'started';

  /** @throws Dnp3Error */
  constructor(process: SubstationProcess, options: Omit<OutstationOptions, 'points' | 'outputs'> = {}) {
    this.#process = process;
    const outputs: OutputHandler = {
      select: (command) => this.#check(command),
      operate: (command) => this.#operate(command),
    };
    this.outstation = new Outstation({ unsolicited: true, ...options, points: POINTS, outputs });
    this.scan();
  }

  /** Looks at the process; what has changed becomes events. */
  scan(): void {
    const { inputs, outputs } = this.#process;
    const { database } = this.outstation;
    this.outstation.isLocal = inputs.localMode;
    const states = [
      outputs.overcurrent,
      outputs.oilTemperatureAlarm,
      outputs.fanRunning,
      inputs.doorOpen,
      inputs.localMode,
    ];
    for (const [index, state] of states.entries()) database.update('binary', index, { value: Number(state) });
    database.update('double-bit', 0, { value: BREAKER_STATES[outputs.breaker] });
    for (const [index, state] of [inputs.breakerClosed, inputs.fanOn, inputs.fanAuto].entries()) {
      database.update('binary-output', index, { value: Number(state) });
    }
    database.update('counter', 0, { value: Math.floor(outputs.energy) % 2 ** 32 });
    database.update('counter', 1, { value: outputs.breakerOperations });
    const { voltage, current, power, reactivePower, frequency, oilTemperature, tapPosition } = outputs;
    const analogs = [voltage, current, power, reactivePower, frequency, oilTemperature, tapPosition];
    for (const [index, value] of analogs.entries()) database.update('analog', index, { value });
    database.update('analog-output', 0, { value: inputs.voltageSetpoint });
    database.update('octet-string', 0, { octets: new TextEncoder().encode(this.#said) });
  }

  #check(command: Command): number {
    if (this.#process.inputs.localMode) return LOCAL;
    if (command.kind === 'setpoint') {
      if (command.index !== 0) return NOT_SUPPORTED;
      return command.value >= MIN_SETPOINT && command.value <= MAX_SETPOINT ? SUCCESS : OUT_OF_RANGE;
    }
    const { index, operation, tripClose = 0, count = 1, onTime = 0, offTime = 0 } = command;
    if (index > 2 || operation < PULSE_ON || operation > LATCH_OFF || tripClose > TRIP) return NOT_SUPPORTED;
    return count === 1 && onTime <= MAX_PULSE && offTime <= MAX_PULSE ? SUCCESS : FORMAT_ERROR;
  }

  #operate(command: Command): number {
    const status = this.#check(command);
    if (status !== SUCCESS) return status;
    const { inputs } = this.#process;
    if (command.kind === 'setpoint') {
      inputs.voltageSetpoint = command.value;
      this.#said = `set-point ${command.value} V`;
    } else {
      const name = (['breakerClosed', 'fanOn', 'fanAuto'] as const)[command.index] as 'breakerClosed';
      inputs[name] = switchesOn(command.operation, command.tripClose ?? 0);
      this.#said = `${['breaker', 'fan', 'fan automatic'][command.index]} ${inputs[name] ? 'on' : 'off'}`;
    }
    this.scan();
    return SUCCESS;
  }
}

/** What a control relay output block means to an output that has two states. @see IEEE 1815-2012 A.8.1.2 (activation, complementary and two-output models) */
function switchesOn(operation: number, tripClose: number): boolean {
  if (tripClose === CLOSE) return true;
  if (tripClose === TRIP) return false;
  return operation === LATCH_ON || operation === PULSE_ON;
}
