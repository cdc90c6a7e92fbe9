import { type InteroperabilityInterface, maybeSettable, required, settable } from '../interface.ts';

/** Other alarms are the same under other names. */
const ALARM: InteroperabilityInterface = {
  name: 'XMPP.IoT.Security.Alarm',
  fields: [required('State', 'status', 'boolean')],
  parameters: [maybeSettable('State', 'boolean'), maybeSettable('Enabled', 'boolean')],
};

/** Of Things that guard. @see XEP-0000: Interoperability §3.2, XMPP.IoT.Security */
export const SECURITY_INTERFACES: readonly InteroperabilityInterface[] = [
  ALARM,
  { ...ALARM, name: 'XMPP.IoT.Security.Burglar' },
  { name: 'XMPP.IoT.Security.Clock', fields: [], parameters: [settable('CurrentTime', 'dateTime')] },
  { ...ALARM, name: 'XMPP.IoT.Security.CO' },
  { ...ALARM, name: 'XMPP.IoT.Security.CO2' },
  { name: 'XMPP.IoT.Security.Door', fields: [required('Open', 'status', 'boolean')], parameters: [] },
  { ...ALARM, name: 'XMPP.IoT.Security.Emergency' },
  { ...ALARM, name: 'XMPP.IoT.Security.Gas' },
  { ...ALARM, name: 'XMPP.IoT.Security.Heat' },
  {
    name: 'XMPP.IoT.Security.Lock',
    fields: [required('Locked', 'status', 'boolean')],
    parameters: [maybeSettable('Locked', 'boolean')],
  },
  { ...ALARM, name: 'XMPP.IoT.Security.Movement' },
  { ...ALARM, name: 'XMPP.IoT.Security.Smoke' },
  { ...ALARM, name: 'XMPP.IoT.Security.Water' },
  { name: 'XMPP.IoT.Security.Window', fields: [required('Open', 'status', 'boolean')], parameters: [] },
];
