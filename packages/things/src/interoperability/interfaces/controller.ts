import type { InteroperabilityInterface } from '../interface.ts';

/** Of Things that control others; the document names them and says no more. @see XEP-0000: Interoperability §3.2, XMPP.IoT.Controller */
export const CONTROLLER_INTERFACES: readonly InteroperabilityInterface[] = [
  { name: 'XMPP.IoT.Controller.AccessControl', fields: [], parameters: [] },
  { name: 'XMPP.IoT.Controller.Thermostat', fields: [], parameters: [] },
  { name: 'XMPP.IoT.Controller.Ventilation', fields: [], parameters: [] },
];
