import type { GuardDecision } from '@thingward/guard';
import { type ControlContext, ParameterError, type ParameterValue } from '@thingward/things';
import type { Device } from '../drivers/device.ts';

/** Decides about a command before it reaches its device. */
export type CommandCheck = (
  device: Device,
  values: ReadonlyMap<string, ParameterValue>,
  context: ControlContext | undefined,
) => Promise<GuardDecision | undefined>;

/** A device that is given no command before policies have permitted it. Everything else is the device's own. */
export function guardedDevice(device: Device, check: CommandCheck): Device {
  const optional = {
    ...(device.confirm ? { confirm: device.confirm.bind(device) } : {}),
    ...(device.readParameters ? { readParameters: device.readParameters.bind(device) } : {}),
    ...(device.watch ? { watch: device.watch.bind(device) } : {}),
    ...(device.parametersFor ? { parametersFor: device.parametersFor.bind(device) } : {}),
  };
  return {
    node: device.node,
    parent: device.parent,
    belongsTo: device.belongsTo,
    metaTags: device.metaTags,
    schedules: device.schedules,
    get parameters() {
      return device.parameters;
    },
    read: (selection, signal) => device.read(selection, signal),
    parameterValue: (name) => device.parameterValue(name),
    poll: (schedule, signal) => device.poll(schedule, signal),
    close: () => device.close(),
    ...optional,
    async set(values, signal, context) {
      const decision = await check(device, values, context);
      if (decision && decision.outcome !== 'permit') {
        const name = decision.decisive.facts.name ?? [...values.keys()][0] ?? '';
        const text = decision.isUnrecorded
          ? 'It can’t be recorded just now. Try again later.'
          : decision.outcome === 'limit'
            ? 'Too often. Try again later.'
            : 'Access denied.';
        throw new ParameterError('rejected-by-device', name, text);
      }
      return device.set(values, signal, context);
    },
  };
}
