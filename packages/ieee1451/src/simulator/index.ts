export { BOILER_UUID, type BoilerOptions, boilerTim } from './boiler.ts';
