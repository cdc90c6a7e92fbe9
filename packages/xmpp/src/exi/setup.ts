import { type Element, xml } from '@thingward/xml';
import type { SchemaIdentity } from './schema-identity.ts';
import {
  DEFAULT_STREAM_OPTIONS,
  decodeStreamOptions,
  encodeStreamOptions,
  STREAM_OPTION_NAMES,
  type StreamOptions,
} from './stream-options.ts';
import {
  badFormat,
  EXI_COMPRESSION,
  expectElement,
  optionalBoolean,
  optionalHash,
  optionalPositiveInteger,
  required,
  requiredText,
} from './values.ts';

/** A datatype coded in another way than EXI has it. The names are as the other side writes them. @see XEP-0322 §7 */
export interface DatatypeMapping {
  readonly type: string;
  readonly representAs: string;
}

/** What is proposed, or what of it is accepted. @see XEP-0322 §2.2.2 */
export interface StreamConfiguration {
  readonly options: StreamOptions;
  readonly schemas: readonly SchemaIdentity[];
  readonly datatypeRepresentationMap: readonly DatatypeMapping[];
}

/** A configuration that was agreed on before, by the name it got then. @see XEP-0322 §2.2.6, §3.11 */
export type KnownConfiguration = { readonly configurationId: string } | { readonly configurationLocation: string };

/** Asks for EXI. @see XEP-0322 §2.2.2, §2.2.6 */
export type ExiSetup =
  | { readonly kind: 'proposal'; readonly configuration: StreamConfiguration }
  | { readonly kind: 'known'; readonly known: KnownConfiguration };

/** What comes of it. @see XEP-0322 §2.2.2 */
export interface ExiSetupResponse {
  readonly agreement: boolean;
  /** How to ask for the same later. */
  readonly known?: KnownConfiguration | undefined;
  /** Undefined when the answer is to a known configuration, whose parts both sides have. */
  readonly configuration?: StreamConfiguration | undefined;
  /** Schemas of the proposal that the other side does not have. */
  readonly missingSchemas: readonly SchemaIdentity[];
}

export function encodeExiSetup(setup: ExiSetup): Element {
  if (setup.kind === 'known') return xml('setup', { xmlns: EXI_COMPRESSION, ...setup.known });
  const { configuration } = setup;
  return xml(
    'setup',
    { xmlns: EXI_COMPRESSION, ...encodeStreamOptions(configuration.options) },
    encodeParts(configuration),
  );
}

/** @throws StreamError `bad-format` */
export function decodeExiSetup(element: Element): ExiSetup {
  expectElement(element, 'setup');
  const known = decodeKnown(element);
  if (!known) return { kind: 'proposal', configuration: decodeConfiguration(element) };
  if (hasParts(element))
    throw badFormat(element, 'a known configuration stands alone: expected no options, no schemas');
  return { kind: 'known', known };
}

export function encodeExiSetupResponse(response: ExiSetupResponse): Element {
  const { agreement, known, configuration, missingSchemas } = response;
  return xml(
    'setupResponse',
    {
      xmlns: EXI_COMPRESSION,
      agreement: agreement || undefined,
      ...known,
      ...encodeStreamOptions(configuration?.options ?? DEFAULT_STREAM_OPTIONS),
    },
    configuration && encodeParts(configuration),
    missingSchemas.map((schema) => encodeSchema('missingSchema', schema)),
  );
}

/** @throws StreamError `bad-format` */
export function decodeExiSetupResponse(element: Element): ExiSetupResponse {
  expectElement(element, 'setupResponse');
  const known = decodeKnown(element);
  const missingSchemas = element.childrenNamed('missingSchema').map(decodeSchema);
  const repeatsParts = !known || hasParts(element) || missingSchemas.length > 0;
  return {
    agreement: optionalBoolean(element, 'agreement') ?? false,
    known,
    configuration: repeatsParts ? decodeConfiguration(element) : undefined,
    missingSchemas,
  };
}

function decodeKnown(element: Element): KnownConfiguration | undefined {
  const configurationId = element.attribute('configurationId');
  const configurationLocation = element.attribute('configurationLocation');
  if (configurationId !== undefined && configurationLocation !== undefined) {
    throw badFormat(element, 'configurationId and configurationLocation exclude each other');
  }
  if (configurationId !== undefined) return { configurationId };
  return configurationLocation === undefined ? undefined : { configurationLocation };
}

function hasParts(element: Element): boolean {
  return (
    STREAM_OPTION_NAMES.some((name) => element.attribute(name) !== undefined) ||
    ['schema', 'datatypeRepresentationMap'].some((name) => element.child(name) !== undefined)
  );
}

function decodeConfiguration(element: Element): StreamConfiguration {
  return {
    options: decodeStreamOptions(element),
    schemas: element.childrenNamed('schema').map(decodeSchema),
    datatypeRepresentationMap: element.childrenNamed('datatypeRepresentationMap').map((child) => ({
      type: requiredText(child, 'type'),
      representAs: requiredText(child, 'representAs'),
    })),
  };
}

function encodeParts({ schemas, datatypeRepresentationMap }: StreamConfiguration): readonly Element[] {
  return [
    ...schemas.map((schema) => encodeSchema('schema', schema)),
    ...datatypeRepresentationMap.map(({ type, representAs }) =>
      xml('datatypeRepresentationMap', { type, representAs }),
    ),
  ];
}

function encodeSchema(name: string, { ns, bytes, md5Hash }: SchemaIdentity): Element {
  return xml(name, { ns, bytes, md5Hash });
}

function decodeSchema(element: Element): SchemaIdentity {
  return {
    ns: requiredText(element, 'ns'),
    bytes: required(element, 'bytes', optionalPositiveInteger(element, 'bytes')),
    md5Hash: required(element, 'md5Hash', optionalHash(element, 'md5Hash')),
  };
}
