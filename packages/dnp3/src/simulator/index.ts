export { Substation } from './substation.ts';
export {
  type BreakerPosition,
  type SubstationInputs,
  type SubstationOutputs,
  SubstationProcess,
} from './substation-process.ts';
