export { Lamp, lampUnit } from './lamp.ts';
export { meterUnit, tankUnit } from './plc.ts';
export { type TankInputs, type TankOutputs, TankProcess } from './tank-process.ts';
