import {
  decodeCarriedRequest,
  decodeMessages,
  encodeCarriedRequest,
  encodeMessage,
  isFromClient,
  MessageReader,
  messageFromXml,
  messageToXml,
  OpcUaError,
} from '@thingward/opcua';
import { parseElement, XmlError } from '@thingward/xml';

const NONE = "securityPolicyUri='http://opcfoundation.org/UA/SecurityPolicy#None'";
const HEADER =
  "<requestHeader authenticationToken='i=42' timestamp='2026-07-01T12:00:00.25Z' requestHandle='7' returnDiagnostics='0' timeoutHint='4000'/>";
const MSG = "type='MSG' channel='12' token='1' request='3'";

/** Messages of many kinds, without their namespace. */
const CONTENTS = [
  "<message type='HEL'><hello protocolVersion='0' receiveBufferSize='65536' sendBufferSize='65536' maxMessageSize='0' maxChunkCount='0' endpointUrl='opc.tcp://a:4840'/></message>",
  `<message type='OPN' channel='0' ${NONE} request='1'><chunk sequence='1'/><openSecureChannelRequest clientProtocolVersion='0' requestType='Issue' securityMode='None' requestedLifetime='3600000'>${HEADER}</openSecureChannelRequest></message>`,
  `<message ${MSG}><chunk sequence='52' octets='9'/><chunk sequence='53'/><writeRequest>${HEADER}<nodesToWrite><writeValue nodeId='ns=2;s=Pump.Speed' attributeId='Value' indexRange='1:2'><value status='Good' sourceTimestamp='2026-07-01T12:00:00Z'><value type='Float' array='true' dimensions='1 2'>0.1 -2</value></value></writeValue></nodesToWrite></writeRequest></message>`,
  `<message ${MSG}><chunk sequence='2'/><callRequest>${HEADER}<methodsToCall><callMethodRequest objectId='g=72962b91-fa75-4ae6-8d28-b404dc7daf63' methodId='ns=1;b=AQI='><inputArguments><variant type='Variant' array='true'><variant type='String' value='a'/><variant type='ExtensionObject'><extensionObject typeId='i=886'><range low='0' high='1'/></extensionObject></variant></variant><variant type='DataValue'><dataValue><value type='QualifiedName' value='2:x'/></dataValue></variant></inputArguments></callMethodRequest></methodsToCall></callRequest></message>`,
  `<message ${MSG}><chunk sequence='2'/><readResponse><responseHeader timestamp='0' requestHandle='7' serviceResult='Good'><serviceDiagnostics symbolicId='1' additionalInfo='x'><innerDiagnosticInfo locale='2'/></serviceDiagnostics><stringTable><string value='a'/><string/></stringTable></responseHeader><results><dataValue><value type='LocalizedText'><localizedText locale='de' text='Pumpe'/></value></dataValue></results></readResponse></message>`,
];
const XML = CONTENTS.map((content) => content.replace('<message', "<message xmlns='urn:thingward:opcua:1'"));
const OCTETS = XML.map((text) => encodeMessage(messageFromXml(parseElement(text))));

function same(a, b, what) {
  if (Buffer.compare(a, b) !== 0) throw new Error(`${what} is not the same: ${Buffer.from(b).toString('hex')}`);
}

/** Targets for octets of OPC UA and for what is written of them in XML. What can be read at all can be made of its XML again. */
export function opcuaTargets({ pick, mutated, noise, utf8 }) {
  return {
    'opcua stream': [
      () => pick([noise(60), mutated(pick(OCTETS)), mutated([...pick(OCTETS), ...pick(OCTETS)])]),
      (input) => {
        const octets = Uint8Array.from(input);
        const whole = new MessageReader().push(octets);
        const reader = new MessageReader();
        const pieces = [...octets].flatMap((octet) => reader.push(Uint8Array.of(octet)));
        same(Buffer.concat(whole.map(encodeMessage)), Buffer.concat(pieces.map(encodeMessage)), 'what was in pieces');
      },
      OpcUaError,
    ],
    'opcua message': [
      () => pick([noise(60), mutated(pick(OCTETS)), mutated(pick(OCTETS))]),
      (input) => {
        const octets = Uint8Array.from(input);
        const messages = decodeMessages(octets);
        const again = messages.map((message) => messageFromXml(parseElement(messageToXml(message).toString())));
        same(octets, Buffer.concat(again.map(encodeMessage)), 'a message after it was XML');
        for (const message of messages.filter(isFromClient)) {
          const carried = decodeCarriedRequest(parseElement(encodeCarriedRequest({ message }).toString()));
          same(encodeMessage(message), encodeMessage(carried.message), 'a message that was carried');
        }
      },
      OpcUaError,
    ],
    'opcua xml': [
      () => mutated(utf8(pick(XML))),
      (input) => {
        const message = messageFromXml(parseElement(input));
        const octets = encodeMessage(message);
        if (message.kind === 'secured') return;
        same(octets, Buffer.concat(decodeMessages(octets).map(encodeMessage)), 'a message of XML');
      },
      [OpcUaError, XmlError],
    ],
  };
}
