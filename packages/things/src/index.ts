export * from './control/index.ts';
export * from './discovery/index.ts';
export * from './event-log/index.ts';
export * from './events/index.ts';
export * from './history/index.ts';
export * from './sensor-data/index.ts';
export * from './tables/index.ts';
export * from './thing/index.ts';
