export { type AssociationOptions, Dnp3Association } from './association.ts';
export { type ChannelState, type ChannelWay, Dnp3Channel, type Dnp3ChannelOptions } from './channel.ts';
export { type Command, latch, type SetpointType } from './commands.ts';
export {
  Dnp3Master,
  type Dnp3MasterOptions,
  type Dnp3Response,
  type EventClass,
  type PointClass,
  type RequestOptions,
} from './master.ts';
export { type Measurement, measurementsOf, type PointKind } from './measurements.ts';
