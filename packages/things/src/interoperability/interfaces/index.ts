import type { InteroperabilityInterface } from '../interface.ts';
import { ACTUATOR_INTERFACES } from './actuator.ts';
import { CONTROLLER_INTERFACES } from './controller.ts';
import { IDENTITY_INTERFACES } from './identity.ts';
import { LOGISTICS_INTERFACES } from './logistics.ts';
import { MEDIA_INTERFACES } from './media.ts';
import { METER_INTERFACES } from './meter.ts';
import { NETWORK_INTERFACES } from './network.ts';
import { SECURITY_INTERFACES } from './security.ts';
import { SENSOR_INTERFACES } from './sensor.ts';

/** All interfaces that the document defines, but for aggregations of them. @see XEP-0000: Interoperability §3.2 */
export const INTERFACES: readonly InteroperabilityInterface[] = [
  ...SENSOR_INTERFACES,
  ...METER_INTERFACES,
  ...ACTUATOR_INTERFACES,
  ...IDENTITY_INTERFACES,
  ...LOGISTICS_INTERFACES,
  ...SECURITY_INTERFACES,
  ...CONTROLLER_INTERFACES,
  ...MEDIA_INTERFACES,
  ...NETWORK_INTERFACES,
];
