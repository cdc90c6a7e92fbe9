import { type Element, xml } from '@thingward/xml';
import { encodeWanted } from '../sensor-data/harmonized-codec.ts';
import { decodeWantedCategories } from '../sensor-data/harmonized-field-codec.ts';
import type { HarmonizedName } from '../thing/dialect-names.ts';
import {
  decodeHarmonizedNodes,
  decodeHarmonizedTokens,
  outgoingHarmonizedNode,
  outgoingHarmonizedTokens,
} from '../thing/harmonized-payload.ts';
import { expectElement, outgoingText, requiredAttribute } from '../thing/payload.ts';
import { bareJid, type ControlScope, type ReadScope, resultOf } from './codec.ts';
import type { ProvisioningDialect } from './dialect.ts';

type Attributes = Record<string, string | boolean | undefined>;

/**
 * Provisioning as the IEEE and the Neuro-Foundation have it, who differ in the namespaces alone: short names for nodes, tokens and kinds
 * of fields. They have three namespaces: of devices, of tokens, and of owners.
 * @see Neuro-Foundation, Decision Support; Provisioning
 */
export function harmonizedProvisioning(name: HarmonizedName): ProvisioningDialect {
  const namespace = `urn:${name}:iot:prov:d:1.0`;
  return {
    name,
    namespace,
    tokenNamespace: `urn:${name}:iot:prov:t:1.0`,
    ownerNamespace: `urn:${name}:iot:prov:o:1.0`,
    acknowledgesByElement: false,
    encodeReadQuestion: (question) =>
      readScope('canRead', namespace, question, outgoingHarmonizedTokens(question, 'canRead')),
    decodeReadQuestion(element) {
      expectElement(element, 'canRead', namespace);
      return { ...decodeReadScope(element), ...decodeHarmonizedTokens(element) };
    },
    encodeReadAnswer: (answer) => readScope('canReadResponse', namespace, answer, { result: answer.isAllowed }),
    decodeReadAnswer(element) {
      expectElement(element, 'canReadResponse', namespace);
      return { ...decodeReadScope(element), isAllowed: resultOf(element) };
    },
    encodeControlQuestion: (question) =>
      controlScope('canControl', namespace, question, outgoingHarmonizedTokens(question, 'canControl')),
    decodeControlQuestion(element) {
      expectElement(element, 'canControl', namespace);
      return { ...decodeControlScope(element), ...decodeHarmonizedTokens(element) };
    },
    encodeControlAnswer: (answer) =>
      controlScope('canControlResponse', namespace, answer, { result: answer.isAllowed }),
    decodeControlAnswer(element) {
      expectElement(element, 'canControlResponse', namespace);
      return { ...decodeControlScope(element), isAllowed: resultOf(element) };
    },
  };
}

function readScope(name: string, xmlns: string, { jid, nodes, names, types }: ReadScope, more: Attributes): Element {
  return xml(
    name,
    { xmlns, jid: jid.bare.toString(), ...encodeWanted(types), ...more },
    nodes.map((node) => xml('nd', outgoingHarmonizedNode(node, `${name}/nd`))),
    names.map((field) => xml('f', { n: outgoingText(field, `${name}/f/@n`) })),
  );
}

/** Parameters have their long names, as those who speak it write them. */
function controlScope(name: string, xmlns: string, { jid, nodes, names }: ControlScope, more: Attributes): Element {
  return xml(
    name,
    { xmlns, jid: jid.bare.toString(), ...more },
    nodes.map((node) => xml('nd', outgoingHarmonizedNode(node, `${name}/nd`))),
    names.map((parameter) => xml('parameter', { name: outgoingText(parameter, `${name}/parameter/@name`) })),
  );
}

function decodeReadScope(element: Element): ReadScope {
  const names = element
    .childrenNamed('f')
    .map((field, i) => requiredAttribute(field, 'n', `${element.name}/f[${i + 1}]`));
  return {
    jid: bareJid(element),
    nodes: decodeHarmonizedNodes(element),
    names,
    types: decodeWantedCategories(element),
  };
}

function decodeControlScope(element: Element): ControlScope {
  const names = element
    .childrenNamed('parameter')
    .map((parameter, i) => requiredAttribute(parameter, 'name', `${element.name}/parameter[${i + 1}]`));
  return { jid: bareJid(element), nodes: decodeHarmonizedNodes(element), names };
}
