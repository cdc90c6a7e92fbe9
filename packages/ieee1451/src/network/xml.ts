import { type Element, xml } from '@thingward/xml';
import { bodyFromXml, bodyToXml } from '../body-xml.ts';
import { nameOf } from '../enumeration.ts';
import { IEEE1451_NAMESPACE } from '../namespace.ts';
import { integerAttribute, optionalInteger, requireElement, textAttribute, xmlError } from '../xml-attributes.ts';
import type { NetworkMessage } from './message.ts';
import { MESSAGE_TYPES, messageTypeCode, networkService, networkServiceNamed } from './services.ts';

/** A network message as XML; services the standard does not have are named by their numbers. */
export function networkMessageToXml(message: NetworkMessage): Element {
  const { serviceType, serviceId, messageType, body, length } = message;
  const service = networkService(serviceType, serviceId);
  return xml(
    'message',
    {
      xmlns: IEEE1451_NAMESPACE,
      ...(service ? { service: service.name } : { serviceType, serviceId }),
      type: nameOf(MESSAGE_TYPES, messageType),
      length,
    },
    bodyToXml(body),
  );
}

/** @throws Ieee1451Error `malformed-xml` */
export function networkMessageFromXml(element: Element): NetworkMessage {
  requireElement(element, 'message', IEEE1451_NAMESPACE);
  const name = element.attribute('service');
  const named = name === undefined ? undefined : networkServiceNamed(name);
  if (name !== undefined && !named) throw xmlError(element, 'service', 'a service of IEEE 1451.0, or its numbers');
  const serviceType = named?.serviceType ?? integerAttribute(element, 'serviceType', 0, 255);
  const serviceId = named?.serviceId ?? integerAttribute(element, 'serviceId', 0, 255);
  const messageType = messageTypeCode(textAttribute(element, 'type'));
  if (messageType === undefined) throw xmlError(element, 'type', Object.values(MESSAGE_TYPES).join(', '));
  const length = optionalInteger(element, 'length', 0, 0xffff);
  const layout = networkService(serviceType, serviceId)?.layouts[messageType];
  return {
    serviceType,
    serviceId,
    messageType,
    body: bodyFromXml(element, layout),
    ...(length === undefined ? {} : { length }),
  };
}
