export * from './audit/index.ts';
export * from './baseline/index.ts';
export { decimalNumber, decimalsAround, nearestDecimal } from './decimal.ts';
export { type DecisionDetails, fieldKey, Guard, type GuardOptions } from './guard.ts';
export * from './guard-decision.ts';
export { Inspection, InspectionError, type NamespaceClass } from './inspection.ts';
export { dnp3Operations } from './inspectors/dnp3.ts';
export { channelWriteOperations } from './inspectors/ieee1451.ts';
export { INSPECTORS } from './inspectors/index.ts';
export { modbusOperations } from './inspectors/modbus.ts';
export { opcuaOperations } from './inspectors/opcua.ts';
export { type EntitiesFile, entitiesFileSchema, NO_ENTITIES } from './network/entities-file.ts';
export { INTERFACES_TAG, interfaceNames, PLACE_TAGS } from './network/known-network.ts';
export { type KnownThing, type LiveFacts, NO_FACTS, NO_RELATION, type Relation } from './network/live-facts.ts';
export * from './operation.ts';
export { CONTAINER_NAMESPACES, ORDINARY_NAMESPACES } from './ordinary-namespaces.ts';
export { type InspectedStanza, type PacketInspector, unknownOperation } from './packet-inspector.ts';
export { packetText } from './packet-text.ts';
export { checkExpectations, type ExpectationResult } from './policy/expectations.ts';
export { type ExplainedPolicy, type Explanation, explain } from './policy/explain.ts';
export {
  compileBundle,
  ENTITIES_FILE,
  EXPECTATIONS_ENDING,
  hasPolicies,
  isPolicyFile,
  type PolicyBundle,
  type PolicyFiles,
  readPolicyFiles,
} from './policy/policy-bundle.ts';
export { PolicyError, type PolicyProblem, problemText } from './policy/policy-error.ts';
export { type Question, questionSchema } from './policy/question.ts';
export { fillTemplate, type PolicyTemplate, policyTemplates, TemplateError } from './policy/shipped.ts';
export { type ConnectedNames, unknownNames } from './policy/unknown-names.ts';
export { redacted, type ShownField, shownFields, showsFields } from './redaction.ts';
export { GUARD_NAMESPACE, refusal } from './refusal.ts';
export { ApprovalError, type ApprovalRequest, Approvals, describeRequest, isComplete } from './state/approvals.ts';
export { Quarantine, type Quarantined } from './state/quarantine.ts';
