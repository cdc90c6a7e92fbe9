import { type Element, xml } from '@thingward/xml';
import { formatNumber } from '../float.ts';
import { IEEE1451_NAMESPACE } from '../namespace.ts';
import type { Teds } from '../teds/teds.ts';
import { tedsFromXml, tedsToXml } from '../teds/xml.ts';
import { requireElement } from '../xml-attributes.ts';
import { addressAttributes, type Forwarded, forwarded, type TransducerAddress, transducerAddress } from './address.ts';
import { choiceAttribute, optionalNumber, xmlText } from './attributes.ts';
import { CHANNEL_KINDS, type ResourceKind } from './resources.ts';

/** What can be asked of a channel. */
export const OPERATIONS = ['read', 'write', 'stream', 'history'] as const;
export type Operation = (typeof OPERATIONS)[number];

/** What a channel is, or a TIM: of that there are a name and TEDS alone. */
export interface TransducerInterface extends TransducerAddress {
  readonly kind?: ResourceKind;
  readonly name?: string;
  /** Of the UCUM; undefined for what it has no word for. */
  readonly unit?: string;
  /** In the unit. */
  readonly min?: number;
  readonly max?: number;
  /** Worst case, in the unit. */
  readonly uncertainty?: number;
  /** Those that the one who asks may do. */
  readonly operations: readonly Operation[];
  readonly teds: readonly Teds[];
}

/** `<interface/>` as a request. @throws Ieee1451Error `limit-exceeded` */
export function encodeInterfaceRequest({ originator, ...address }: TransducerAddress & Forwarded): Element {
  return xml('interface', {
    xmlns: IEEE1451_NAMESPACE,
    ...addressAttributes(address),
    originator: xmlText(originator, 'originator'),
  });
}

/** @throws Ieee1451Error `malformed-xml` */
export function decodeInterfaceRequest(element: Element): TransducerAddress & Forwarded {
  requireElement(element, 'interface', IEEE1451_NAMESPACE);
  return { ...transducerAddress(element), ...forwarded(element) };
}

/** `<interface/>` as the answer. @throws Ieee1451Error `limit-exceeded` */
export function encodeInterface(described: TransducerInterface): Element {
  const { kind, name, unit, min, max, uncertainty, operations, teds } = described;
  return xml(
    'interface',
    {
      xmlns: IEEE1451_NAMESPACE,
      ...addressAttributes(described),
      kind,
      name: xmlText(name, 'name'),
      unit: xmlText(unit, 'unit'),
      min: numberText(min),
      max: numberText(max),
      uncertainty: numberText(uncertainty),
    },
    operations.map((operation) => xml('operation', { name: operation })),
    teds.map(tedsToXml),
  );
}

/** @throws Ieee1451Error `malformed-xml` */
export function decodeInterface(element: Element): TransducerInterface {
  requireElement(element, 'interface', IEEE1451_NAMESPACE);
  const kind = element.attribute('kind') === undefined ? undefined : choiceAttribute(element, 'kind', CHANNEL_KINDS);
  const [name, unit] = [element.attribute('name'), element.attribute('unit')];
  const [min, max] = [optionalNumber(element, 'min'), optionalNumber(element, 'max')];
  const uncertainty = optionalNumber(element, 'uncertainty');
  return {
    ...transducerAddress(element),
    ...(kind === undefined ? {} : { kind }),
    ...(name === undefined ? {} : { name }),
    ...(unit === undefined ? {} : { unit }),
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
    ...(uncertainty === undefined ? {} : { uncertainty }),
    operations: element.childrenNamed('operation').map((child) => choiceAttribute(child, 'name', OPERATIONS)),
    teds: element.childrenNamed('teds').map(tedsFromXml),
  };
}

function numberText(value: number | undefined): string | undefined {
  return value === undefined ? undefined : formatNumber(value);
}
