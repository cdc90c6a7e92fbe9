export { decimalNumber, decimalsAround, nearestDecimal } from './decimal.ts';
export * from './guard-decision.ts';
export { Inspection, InspectionError, type NamespaceClass } from './inspection.ts';
export { INSPECTORS } from './inspectors/index.ts';
export * from './operation.ts';
export { CONTAINER_NAMESPACES, ORDINARY_NAMESPACES } from './ordinary-namespaces.ts';
export { type InspectedStanza, type PacketInspector, unknownOperation } from './packet-inspector.ts';
