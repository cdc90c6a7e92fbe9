export { PrecisError } from './error.ts';
export { opaqueString, usernameCaseMapped } from './profiles.ts';
