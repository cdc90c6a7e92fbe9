export { Baseline, type StoredBaseline } from './baseline.ts';
export { type BaselineConfig, baselineConfigSchema } from './baseline-config.ts';
export { BaselineError } from './baseline-error.ts';
export { BaselineFile } from './baseline-file.ts';
export type { BaselineExplanation } from './explanation.ts';
export { KeptBaseline } from './kept-baseline.ts';
export { SIGNALS, type Signal, type Unusual } from './signal.ts';
export { logUnusual } from './unusual-log.ts';
