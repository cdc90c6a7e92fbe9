export * from './client.ts';
export * from './codec.ts';
export {
  BATTERY,
  encodeSleeper,
  nextWaking,
  type Sleeper,
  type SleepSchedule,
  type WakingPattern,
} from './schedule.ts';
export * from './sleeping-thing.ts';
export { type Superseded, supersede } from './supersede.ts';
