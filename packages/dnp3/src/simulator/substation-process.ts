/** Commands to the process, as an operator gives them. */
export interface SubstationInputs {
  /** The feeder's breaker has been told to be closed. */
  breakerClosed: boolean;
  fanOn: boolean;
  /** The fan is switched by the oil's temperature. */
  fanAuto: boolean;
  /** What the tap changer keeps the voltage at, V. */
  voltageSetpoint: number;
  /** Nobody may operate it from afar. */
  localMode: boolean;
  doorOpen: boolean;
}

export type BreakerPosition = 'open' | 'closed' | 'travelling';

/** What can be measured. */
export interface SubstationOutputs {
  readonly breaker: BreakerPosition;
  readonly breakerOperations: number;
  /** Of the busbar, V */
  readonly voltage: number;
  /** Of the feeder, A */
  readonly current: number;
  /** kW */
  readonly power: number;
  /** kvar */
  readonly reactivePower: number;
  /** Hz */
  readonly frequency: number;
  /** °C */
  readonly oilTemperature: number;
  /** -8 to 8 */
  readonly tapPosition: number;
  /** Wh */
  readonly energy: number;
  readonly fanRunning: boolean;
  readonly oilTemperatureAlarm: boolean;
  readonly overcurrent: boolean;
}

export const MIN_SETPOINT = 380;
export const MAX_SETPOINT = 420;

const NOMINAL_VOLTAGE = 400;
const BREAKER_SECONDS = 0.3;
/** V by which a step of the tap changer shifts the voltage. */
const TAP_STEP = 2.5;
const TAP_LIMIT = 8;
const TAP_SECONDS = 5;
const PEAK_KILOWATTS = 320;
const POWER_FACTOR = 0.95;
const FAN_ON_TEMPERATURE = 65;
const FAN_OFF_TEMPERATURE = 55;
const ALARM_TEMPERATURE = 75;
const OVERCURRENT = 560;

/** A transformer with a tap changer, a fan, and a feeder behind a breaker, driven by time alone. Its load goes up and down in about two minutes. */
export class SubstationProcess {
  readonly inputs: SubstationInputs = {
    breakerClosed: true,
    fanOn: false,
    fanAuto: true,
    voltageSetpoint: NOMINAL_VOLTAGE,
    localMode: false,
    doorOpen: false,
  };
  readonly #random: () => number;
  #seconds = 0;
  #isClosed = true;
  #travel = 0;
  #operations = 0;
  #load = 0;
  #noise = 0;
  #grid = NOMINAL_VOLTAGE;
  #frequency = 50;
  #tap = 0;
  #tapWait = 0;
  #oil = 48;
  #energy = 0;

  /** @param random gives numbers from 0 to 1 */
  constructor(random: () => number = Math.random) {
    this.#random = random;
    this.step(0);
  }

  /** Lets time pass. @param dt s, at most a few */
  step(dt: number): void {
    const { inputs } = this;
    this.#seconds += dt;
    this.#moveBreaker(dt);
    this.#noise += (this.#random() - 0.5) * 0.1 * dt - this.#noise * 0.2 * dt;
    this.#frequency = 50 + 0.02 * Math.sin(this.#seconds / 7) + 0.02 * this.#noise;
    this.#grid = NOMINAL_VOLTAGE + 6 * Math.sin(this.#seconds / 37) + 4 * this.#noise;
    const wanted = this.#isClosed
      ? PEAK_KILOWATTS * (0.6 + 0.35 * Math.sin(this.#seconds / 19) + 0.1 * this.#noise)
      : 0;
    this.#load = approach(this.#load, Math.max(0, wanted), 0.8, dt);
    this.#changeTap(dt);
    if (inputs.fanAuto) {
      if (this.#oil >= FAN_ON_TEMPERATURE) inputs.fanOn = true;
      else if (this.#oil <= FAN_OFF_TEMPERATURE) inputs.fanOn = false;
    }
    const warmth = 30 + 50 * (this.#load / PEAK_KILOWATTS) - (inputs.fanOn ? 18 : 0);
    this.#oil = approach(this.#oil, warmth, 40, dt);
    this.#energy += (this.#load * 1000 * dt) / 3600;
  }

  get outputs(): SubstationOutputs {
    const voltage = this.#voltage();
    const current = (this.#load * 1000) / (Math.sqrt(3) * voltage * POWER_FACTOR);
    return {
      breaker: this.#travel > 0 ? 'travelling' : this.#isClosed ? 'closed' : 'open',
      breakerOperations: this.#operations,
      voltage,
      current,
      power: this.#load,
      reactivePower: this.#load * Math.tan(Math.acos(POWER_FACTOR)),
      frequency: this.#frequency,
      oilTemperature: this.#oil,
      tapPosition: this.#tap,
      energy: this.#energy,
      fanRunning: this.inputs.fanOn,
      oilTemperatureAlarm: this.#oil >= ALARM_TEMPERATURE,
      overcurrent: current > OVERCURRENT,
    };
  }

  #voltage(): number {
    // The load pulls it down, the tap changer lifts it.
    return this.#grid - 6 * (this.#load / PEAK_KILOWATTS) + this.#tap * TAP_STEP;
  }

  #moveBreaker(dt: number): void {
    if (this.inputs.breakerClosed !== this.#isClosed && this.#travel === 0) {
      this.#travel = BREAKER_SECONDS;
      return;
    }
    if (this.#travel === 0) return;
    this.#travel = Math.max(0, this.#travel - dt);
    if (this.#travel > 0) return;
    this.#isClosed = this.inputs.breakerClosed;
    this.#operations++;
  }

  #changeTap(dt: number): void {
    const error = this.inputs.voltageSetpoint - this.#voltage();
    this.#tapWait = Math.abs(error) > TAP_STEP ? this.#tapWait + dt : 0;
    if (this.#tapWait < TAP_SECONDS) return;
    this.#tapWait = 0;
    this.#tap = Math.max(-TAP_LIMIT, Math.min(TAP_LIMIT, this.#tap + Math.sign(error)));
  }
}

/** First-order lag. @param tau s */
function approach(value: number, target: number, tau: number, dt: number): number {
  return target + (value - target) * Math.exp(-dt / tau);
}
