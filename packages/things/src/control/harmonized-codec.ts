import { type Element, xml } from '@thingward/xml';
import { encodeDataForm, type StanzaError } from '@thingward/xmpp';
import type { HarmonizedName } from '../thing/dialect-names.ts';
import {
  decodeHarmonizedNodes,
  decodeHarmonizedTokens,
  outgoingHarmonizedNode,
  outgoingHarmonizedTokens,
} from '../thing/harmonized-payload.ts';
import { expectElement, outgoingText, requiredAttribute } from '../thing/payload.ts';
import {
  type ControlRequest,
  type ControlResponse,
  decodeConfirmation,
  decodeSubmission,
  encodeConfirmation,
  MAX_PARAMETER_ERRORS,
  type ParameterSetting,
} from './codec.ts';
import type { ControlDialect } from './dialect.ts';
import { ParameterError, type ParameterType } from './parameter.ts';
import { incomingParameterValue, outgoingParameterValue } from './parameter-text.ts';

const ELEMENTS: Readonly<Record<ParameterType, string>> = {
  boolean: 'b',
  color: 'cl',
  date: 'd',
  dateTime: 'dt',
  double: 'db',
  duration: 'dr',
  int: 'i',
  long: 'l',
  string: 's',
  time: 't',
};

/** `e` is a value of an enumeration: a text whose type, a name of the program's own, is not told apart here. */
const TYPE_OF_ELEMENT: ReadonlyMap<string, ParameterType> = new Map([
  ...Object.entries(ELEMENTS).map(([type, name]) => [name, type as ParameterType] as const),
  ['e', 'string'],
]);

/**
 * Control as the IEEE and the Neuro-Foundation have it, who differ in the namespace alone: short names, and an answer that names what
 * was set.
 * @see Neuro-Foundation, Control Parameters; Simple Control Actions; Data Form Control Actions
 */
export function harmonizedControl(name: HarmonizedName): ControlDialect {
  const namespace = `urn:${name}:iot:ctr:1.0`;
  return {
    name,
    namespace,
    namesAll: true,
    encodeRequest: (request) => encodeRequest(request, namespace),
    decodeRequest: (element) => decodeRequest(element, namespace),
    encodeFormRequest: (request) =>
      xml(
        'getForm',
        { xmlns: namespace, ...outgoingHarmonizedTokens(request, 'getForm') },
        request.nodes.map((node) => xml('nd', outgoingHarmonizedNode(node, 'getForm/nd'))),
      ),
    decodeFormRequest(element) {
      expectElement(element, 'getForm', namespace);
      return { nodes: decodeHarmonizedNodes(element), ...decodeHarmonizedTokens(element) };
    },
    encodeResponse: ({ nodes, parameters, confirmed = [] }) =>
      xml(
        'resp',
        { xmlns: namespace },
        nodes.map((node) => xml('nd', outgoingHarmonizedNode(node, 'resp/nd'))),
        parameters.map((parameter) => xml('p', { n: outgoingText(parameter, 'resp/p/@n') })),
        encodeConfirmation(confirmed),
      ),
    decodeResponse: (element) => decodeResponse(element, namespace),
    encodeParameterError: ({ parameter, message }) => xml('paramError', { xmlns: namespace, var: parameter }, message),
    decodeParameterErrors: (error) => decodeErrors(error, namespace),
    settingName: (child) =>
      child.namespace === namespace && TYPE_OF_ELEMENT.has(child.name) ? (child.attribute('n') ?? '') : undefined,
    encodeGroup: (group) => xml('pGroup', { xmlns: namespace, n: group }),
  };
}

function encodeRequest(request: ControlRequest, namespace: string): Element {
  return xml(
    'set',
    { xmlns: namespace, ...outgoingHarmonizedTokens(request, 'set') },
    request.nodes.map((node) => xml('nd', outgoingHarmonizedNode(node, 'set/nd'))),
    request.settings.map(encodeSetting),
    request.form && encodeDataForm(request.form),
  );
}

function encodeSetting({ name, value }: ParameterSetting): Element {
  const element = ELEMENTS[value.type];
  const path = `set/${element}[@n=${JSON.stringify(name)}]`;
  return xml(element, {
    n: outgoingText(name, `${path}/@n`),
    v: outgoingParameterValue(value, `${path}/@v`),
  });
}

/** Elements it does not know are passed over. */
function decodeRequest(element: Element, namespace: string): ControlRequest {
  expectElement(element, 'set', namespace);
  const settings = element.elements.flatMap((child, i) => {
    const type = child.namespace === namespace ? TYPE_OF_ELEMENT.get(child.name) : undefined;
    return type ? [decodeSetting(child, type, `set/${child.name}[${i + 1}]`)] : [];
  });
  return {
    nodes: decodeHarmonizedNodes(element),
    settings,
    form: decodeSubmission(element),
    ...decodeHarmonizedTokens(element),
  };
}

function decodeSetting(element: Element, type: ParameterType, path: string): ParameterSetting {
  const name = requiredAttribute(element, 'n', path);
  return { name, value: incomingParameterValue(type, requiredAttribute(element, 'v', path), `${path}/@v`) };
}

function decodeResponse(element: Element, namespace: string): ControlResponse {
  expectElement(element, 'resp', namespace);
  return {
    nodes: decodeHarmonizedNodes(element),
    parameters: element.childrenNamed('p').map((parameter, i) => requiredAttribute(parameter, 'n', `resp/p[${i + 1}]`)),
    ...decodeConfirmation(element),
  };
}

/** The schema calls the parameter `var`; the implementation of its author, `n`. */
function decodeErrors({ applications }: StanzaError, namespace: string): readonly ParameterError[] {
  return applications
    .filter((element) => element.is('paramError', namespace))
    .slice(0, MAX_PARAMETER_ERRORS)
    .map((element) => {
      const parameter = element.attribute('var') ?? element.attribute('n') ?? '';
      return new ParameterError('rejected-by-device', parameter, element.text.trim() || 'refused');
    });
}
