export { type BoilerOptions, boilerTim } from './boiler.ts';
