import { type Element, xml } from '@thingward/xml';
import {
  DATA_FORM_NAMESPACE,
  type DataForm,
  DataFormError,
  decodeDataForm,
  encodeDataForm,
  StanzaError,
} from '@thingward/xmpp';
import type { NodeReference } from '../thing/node.ts';
import {
  decodeNode,
  decodeNodes,
  decodeTokens,
  expectElement,
  outgoingNode,
  outgoingText,
  outgoingTokens,
  PayloadError,
  requiredAttribute,
  type Tokens,
} from '../thing/payload.ts';
import { PARAMETER_TYPES, ParameterError, type ParameterType, type ParameterValue } from './parameter.ts';
import { incomingParameterValue, outgoingParameterValue } from './parameter-text.ts';

/** @see XEP-0325 */
export const CONTROL_NAMESPACE = 'urn:xmpp:iot:control';

/** Namespace of what Thingward adds to answers: what was read back. Who does not know it passes it over. */
export const CONFIRMATION_NAMESPACE = 'urn:thingward:control:1';

/** One parameter with the value it is to have. */
export interface ParameterSetting {
  readonly name: string;
  readonly value: ParameterValue;
}

/** `<set/>`: typed values, or a data form with texts, or both. @see XEP-0325 §3.2, §3.3.3 */
export interface ControlRequest extends Tokens {
  /** Which of the Things behind the JID; empty: the JID itself. */
  readonly nodes: readonly NodeReference[];
  /** In the order they are to be set. */
  readonly settings: readonly ParameterSetting[];
  readonly form?: DataForm | undefined;
}

/** `<getForm/>`: asks for the control form. @see XEP-0325 §3.3.1 */
export interface ControlFormRequest extends Tokens {
  readonly nodes: readonly NodeReference[];
}

/** A parameter of one of the Things behind the JID. */
export interface ParameterReference {
  readonly node?: NodeReference | undefined;
  readonly name: string;
}

/** `<setResponse/>`: done; it lists nodes and parameters when it was done for fewer than asked. @see XEP-0325 §3.1.2 */
export interface ControlResponse {
  readonly nodes: readonly NodeReference[];
  readonly parameters: readonly string[];
  /** Read back from the device, which has the values that were set. Empty when nothing is known. */
  readonly confirmed?: readonly ParameterReference[] | undefined;
}

/** @throws PayloadError for what can't be written */
export function encodeControlRequest(request: ControlRequest): Element {
  return xml(
    'set',
    { xmlns: CONTROL_NAMESPACE, ...outgoingTokens(request, 'set') },
    request.nodes.map((node) => xml('node', outgoingNode(node, 'set/node'))),
    request.settings.map(encodeSetting),
    request.form && encodeDataForm(request.form),
  );
}

function encodeSetting({ name, value }: ParameterSetting): Element {
  const path = `set/${value.type}[@name=${JSON.stringify(name)}]`;
  return xml(value.type, {
    name: outgoingText(name, `${path}/@name`),
    value: outgoingParameterValue(value, `${path}/@value`),
  });
}

/**
 * Elements it does not know are passed over.
 * @throws PayloadError; a value that is not of its element's type is one
 */
export function decodeControlRequest(element: Element): ControlRequest {
  expectElement(element, 'set', CONTROL_NAMESPACE);
  const settings = element.elements.flatMap((child, i) => {
    const setting = child.namespace === CONTROL_NAMESPACE && decodeSetting(child, `set/${child.name}[${i + 1}]`);
    return setting ? [setting] : [];
  });
  return {
    nodes: decodeNodes(element),
    settings,
    form: decodeSubmission(element),
    ...decodeTokens(element),
  };
}

function decodeSetting(element: Element, path: string): ParameterSetting | undefined {
  if (!isParameterType(element.name)) return undefined;
  const name = requiredAttribute(element, 'name', path);
  const text = requiredAttribute(element, 'value', path);
  return { name, value: incomingParameterValue(element.name, text, `${path}/@value`) };
}

/** The name of the parameter that a child of a `<set/>` sets; undefined where it sets none. */
export function settingName(child: Element): string | undefined {
  const isSetting = child.namespace === CONTROL_NAMESPACE && isParameterType(child.name);
  return isSetting ? (child.attribute('name') ?? '') : undefined;
}

function isParameterType(name: string): name is ParameterType {
  return (PARAMETER_TYPES as readonly string[]).includes(name);
}

/** The submitted form in a command. @throws PayloadError */
export function decodeSubmission(command: Element): DataForm | undefined {
  const element = command.child('x', DATA_FORM_NAMESPACE);
  if (element === undefined) return undefined;
  try {
    return decodeDataForm(element);
  } catch (error) {
    if (error instanceof DataFormError) throw new PayloadError('malformed-form', error.path, error.message);
    throw error;
  }
}

/** @throws PayloadError */
export function encodeControlFormRequest(request: ControlFormRequest): Element {
  return xml(
    'getForm',
    { xmlns: CONTROL_NAMESPACE, ...outgoingTokens(request, 'getForm') },
    request.nodes.map((node) => xml('node', outgoingNode(node, 'getForm/node'))),
  );
}

/** @throws PayloadError */
export function decodeControlFormRequest(element: Element): ControlFormRequest {
  expectElement(element, 'getForm', CONTROL_NAMESPACE);
  return { nodes: decodeNodes(element), ...decodeTokens(element) };
}

/** @throws PayloadError */
export function encodeControlResponse({ nodes, parameters, confirmed = [] }: ControlResponse): Element {
  return xml(
    'setResponse',
    { xmlns: CONTROL_NAMESPACE },
    nodes.map((node) => xml('node', outgoingNode(node, 'setResponse/node'))),
    parameters.map((name) => xml('parameter', { name: outgoingText(name, 'setResponse/parameter/@name') })),
    encodeConfirmation(confirmed),
  );
}

/** What Thingward adds to the answer, in any dialect. @throws PayloadError */
export function encodeConfirmation(confirmed: readonly ParameterReference[]): Element | undefined {
  if (confirmed.length === 0) return undefined;
  return xml('confirmed', { xmlns: CONFIRMATION_NAMESPACE }, confirmed.map(encodeParameterReference));
}

/** @throws PayloadError */
export function decodeConfirmation(response: Element): Pick<ControlResponse, 'confirmed'> {
  const confirmed = response.child('confirmed', CONFIRMATION_NAMESPACE)?.childrenNamed('parameter') ?? [];
  return confirmed.length === 0 ? {} : { confirmed: confirmed.map(decodeParameterReference) };
}

function encodeParameterReference({ node, name }: ParameterReference): Element {
  const path = 'setResponse/confirmed/parameter';
  return xml('parameter', { name: outgoingText(name, `${path}/@name`), ...(node && outgoingNode(node, path)) });
}

/** @throws PayloadError */
export function decodeControlResponse(element: Element): ControlResponse {
  expectElement(element, 'setResponse', CONTROL_NAMESPACE);
  return {
    nodes: decodeNodes(element),
    parameters: element
      .childrenNamed('parameter')
      .map((parameter, i) => requiredAttribute(parameter, 'name', `setResponse/parameter[${i + 1}]`)),
    ...decodeConfirmation(element),
  };
}

function decodeParameterReference(element: Element, i: number): ParameterReference {
  const path = `setResponse/confirmed/parameter[${i + 1}]`;
  return { node: decodeNode(element, path), name: requiredAttribute(element, 'name', path) };
}

/**
 * The error reply for parameters that were refused: `item-not-found` when the Thing has none of them, `bad-request` otherwise. It has a
 * `paramError` for each, and its text tells about all of them, too, for those who look at the first alone (RFC 6120 §8.3.2).
 * @see XEP-0325 §3.1.3, §5.1
 */
export function parameterErrorReply(errors: readonly [ParameterError, ...ParameterError[]]): StanzaError {
  const unknown = errors.every((error) => error.code === 'unknown-parameter');
  const text = errors.map((error) => `${error.parameter}: ${error.message}`).join('; ');
  const applications = errors.map(encodeParameterError);
  return new StanzaError(unknown ? 'item-not-found' : 'bad-request', text, { applications });
}

/** `<paramError/>`. @see XEP-0325 §3.1.3 */
export function encodeParameterError({ parameter, message }: ParameterError): Element {
  return xml('paramError', { xmlns: CONTROL_NAMESPACE, var: parameter }, message);
}

/** The parameters that an error reply is about; none when it is about none. Why they were refused is for people to read. */
export function decodeParameterErrors({ applications, payload }: StanzaError): readonly ParameterError[] {
  // Early drafts put `<error var='...'/>` into a setResponse, which some implementations still do.
  const draft = payload?.is('setResponse', CONTROL_NAMESPACE) ? payload.childrenNamed('error') : [];
  return [...applications.filter((element) => element.is('paramError', CONTROL_NAMESPACE)), ...draft]
    .slice(0, MAX_PARAMETER_ERRORS)
    .map((element) => {
      const message = element.text.trim() || 'refused';
      return new ParameterError('rejected-by-device', element.attribute('var') ?? '', message);
    });
}

/** The first of them; undefined when it is about none. */
export function decodeParameterError(error: StanzaError): ParameterError | undefined {
  return decodeParameterErrors(error)[0];
}

/** Of one error reply that are looked at. */
export const MAX_PARAMETER_ERRORS = 1000;
