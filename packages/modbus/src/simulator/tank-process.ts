/** Commands to the process, as an operator or the PLC's program gives them. */
export interface TankInputs {
  inletValveOpen: boolean;
  pumpOn: boolean;
  /** The PLC switches the pump by the level. */
  autoMode: boolean;
  /** Opening of the inlet valve, 0..100 %. */
  valveOpening: number;
  /** Level at which the alarm comes, 0..100 %. */
  highLevelSetpoint: number;
}

/** What can be measured. */
export interface TankOutputs {
  /** 0..100 % */
  readonly level: number;
  /** l */
  readonly volume: number;
  /** l/min */
  readonly inflow: number;
  /** l/min */
  readonly outflow: number;
  /** °C */
  readonly temperature: number;
  readonly highLevelAlarm: boolean;
  readonly lowLevelAlarm: boolean;
  readonly dryRunProtection: boolean;
  /** s */
  readonly pumpRunningSeconds: number;
  /** V */
  readonly voltage: number;
  /** A */
  readonly current: number;
  /** W */
  readonly power: number;
  /** Wh */
  readonly energy: number;
}

const CAPACITY_LITRES = 500;
const MAX_INFLOW = 220;
const PUMP_FLOW = 360;
const PUMP_WATTS = 1480;
const POWER_FACTOR = 0.86;
const PUMP_ON_LEVEL = 75;
const PUMP_OFF_LEVEL = 35;
const LOW_LEVEL = 10;
const DRY_RUN_LEVEL = 5;

/**
 * A water tank with a valve that lets water in and a pump that takes it out, driven by time alone.
 * In automatic mode the level swings between about 35 and 75 % in about two minutes.
 */
export class TankProcess {
  readonly inputs: TankInputs = {
    inletValveOpen: true,
    pumpOn: false,
    autoMode: true,
    valveOpening: 80,
    highLevelSetpoint: 90,
  };
  readonly #random: () => number;
  #seconds = 0;
  #volume = CAPACITY_LITRES * 0.5;
  #inflow = 0;
  #outflow = 0;
  #temperature = 14;
  #turbulence = 0;
  #pumpRunningSeconds = 0;
  #voltage = 230;
  #power = 0;
  #energy = 0;

  /** @param random gives numbers from 0 to 1 */
  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  /** Lets time pass. @param dt s, at most a few */
  step(dt: number): void {
    const { inputs } = this;
    this.#seconds += dt;
    this.#turbulence += (this.#random() - 0.5) * 0.2 * dt - this.#turbulence * 0.1 * dt;
    const supply = 1 + 0.15 * Math.sin(this.#seconds / 23) + 0.05 * this.#turbulence;
    const wantedInflow = inputs.inletValveOpen ? MAX_INFLOW * (inputs.valveOpening / 100) * supply : 0;
    this.#inflow = approach(this.#inflow, Math.max(0, wantedInflow), 1.5, dt);

    if (inputs.autoMode) {
      if (this.level >= PUMP_ON_LEVEL) inputs.pumpOn = true;
      else if (this.level <= PUMP_OFF_LEVEL) inputs.pumpOn = false;
    }
    const pumping = inputs.pumpOn && !this.#isDry();
    this.#outflow = approach(this.#outflow, pumping ? PUMP_FLOW : 0, 1, dt);
    this.#volume = clamp(this.#volume + ((this.#inflow - this.#outflow) / 60) * dt, 0, CAPACITY_LITRES);

    this.#temperature += (12 + 4 * Math.sin(this.#seconds / 300) - this.#temperature) * 0.01 * dt;
    this.#voltage = 230 + 1.5 * Math.sin(this.#seconds / 41) + (this.#random() - 0.5);
    this.#power = approach(this.#power, pumping ? PUMP_WATTS * (0.97 + 0.06 * this.#random()) : 0, 0.4, dt);
    this.#energy += (this.#power * dt) / 3600;
    if (pumping) this.#pumpRunningSeconds += dt;
  }

  get level(): number {
    return (this.#volume / CAPACITY_LITRES) * 100;
  }

  get outputs(): TankOutputs {
    return {
      level: this.level,
      volume: this.#volume,
      inflow: this.#inflow,
      outflow: this.#outflow,
      temperature: this.#temperature,
      highLevelAlarm: this.level >= this.inputs.highLevelSetpoint,
      lowLevelAlarm: this.level <= LOW_LEVEL,
      dryRunProtection: this.#isDry(),
      pumpRunningSeconds: this.#pumpRunningSeconds,
      voltage: this.#voltage,
      current: this.#power / (this.#voltage * POWER_FACTOR),
      power: this.#power,
      energy: this.#energy,
    };
  }

  #isDry(): boolean {
    return this.level < DRY_RUN_LEVEL;
  }
}

/** First-order lag. @param tau s */
function approach(value: number, target: number, tau: number, dt: number): number {
  return target + (value - target) * Math.exp(-dt / tau);
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
