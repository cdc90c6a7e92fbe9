import { harmonizedPayloads } from './harmonized-payloads.ts';

const SENSOR_DATA = "xmlns='urn:xmpp:iot:sensordata'";
const CONTROL = "xmlns='urn:xmpp:iot:control'";
const DISCOVERY = "xmlns='urn:xmpp:iot:discovery'";
const HISTORY = "xmlns='urn:thingward:history:1'";

/** Payloads of Things as they travel: every element of their schemas, with all it can hold. */
export const PAYLOADS: readonly string[] = [
  `<req ${SENSOR_DATA} seqnr='1' momentary='true'/>`,
  `<req ${SENSOR_DATA} seqnr='-5' all='true' historical='true' from='2013-03-07T00:00:00Z' to='2013-03-08T00:00:00Z' when='2013-03-09T00:00:00Z' serviceToken='s' deviceToken='d' userToken='u'><node nodeId='Device04' sourceId='s' cacheType='c'/><field name='Energy'/><node nodeId='Device05'/></req>`,
  `<accepted ${SENSOR_DATA} seqnr='4' queued='true'/>`,
  `<started ${SENSOR_DATA} seqnr='4'/>`,
  `<fields ${SENSOR_DATA} seqnr='7' done='true'><node nodeId='Device05'><timestamp value='2013-03-07T22:20:45.25Z'><boolean name='a' value='true'/><date name='b' value='2013-05-01'/><dateTime name='c' value='2013-05-01T08:00:00+02:00'/><duration name='d' value='PT3M30S'/><enum name='e' value='On' dataType='State'/><int name='f' value='-5'/><long name='g' value='500000000000000'/><numeric name='h' momentary='true' automaticReadout='true' value='10.00' unit='\u00b0C' module='Whatchamacallit' stringIds='1,2|m.n|x'/><string name='i' writable='true' value=' x '/><time name='j' value='08:00:00'/></timestamp><timestamp value='2013-03-07T22:20:46Z'/></node><node nodeId='n' sourceId='s'/></fields>`,
  `<failure ${SENSOR_DATA} seqnr='2' done='true'><error nodeId='Device01' timestamp='2013-03-07T17:13:30Z'>Timeout.</error></failure>`,
  `<done ${SENSOR_DATA} seqnr='4'/>`,
  `<cancel ${SENSOR_DATA} seqnr='8'/>`,
  `<cancelled ${SENSOR_DATA} seqnr='8'/>`,
  `<set ${CONTROL} xml:lang='en' userToken='u'><node nodeId='DigitalOutput1'/><boolean name='Output' value='true'/><color name='Color' value='2020FF40'/><date name='d' value='2013-05-01'/><dateTime name='t' value='2013-05-01T08:00:00Z'/><double name='x' value='2.5'/><duration name='p' value='PT1M'/><int name='i' value='0'/><long name='l' value='-9223372036854775808'/><string name='s' value=''/><time name='h' value='12:00:00'/></set>`,
  `<set ${CONTROL}><x xmlns='jabber:x:data' type='submit'><field var='Output' type='boolean'><value>true</value></field></x></set>`,
  `<setResponse ${CONTROL}><node nodeId='a'/><parameter name='Output'/></setResponse>`,
  `<paramError ${CONTROL} var='Output'>Invalid parameter type.</paramError>`,
  `<getForm ${CONTROL} xml:lang='en' deviceToken='d'><node nodeId='a'/><node nodeId='b' cacheType='c'/></getForm>`,
  `<parameterGroup ${CONTROL} name='Bedroom'/>`,
  `<register ${DISCOVERY} selfOwned='true' nodeId='n'><str name='SN' value='394872348732948723'/><num name='V' value='1.2'/></register>`,
  `<mine ${DISCOVERY} public='false'><str name='KEY' value='4857402340298342'/></mine>`,
  `<claimed ${DISCOVERY} jid='owner@example.org' nodeId='n' public='true'/>`,
  `<update ${DISCOVERY} jid='thing@example.org'><str name='ROOM' value=''/></update>`,
  `<remove ${DISCOVERY} jid='thing@example.org'/>`,
  `<removed ${DISCOVERY}/>`,
  `<unregister ${DISCOVERY} nodeId='n' sourceId='s'/>`,
  `<disown ${DISCOVERY} jid='thing@example.org'/>`,
  `<disowned ${DISCOVERY} nodeId='n'/>`,
  `<search ${DISCOVERY} offset='20' maxCount='20'><strEq name='MAN' value='m'/><strRange name='a' min='a' max='b' maxIncluded='false'/><strMask name='MODEL' value='*model*' wildcard='*'/><numRange name='V' min='1' minIncluded='false' max='2.5'/><numNEq name='LAT' value='-33.5'/></search>`,
  `<found ${DISCOVERY} more='true'><thing owner='owner@example.org' jid='thing@example.org' nodeId='n'><str name='SN' value='1'/><num name='LON' value='-71.5'/></thing><thing owner='o@e' jid='t@e'/></found>`,
  `<store ${HISTORY}><fields ${SENSOR_DATA} seqnr='0'><node nodeId='n'><timestamp value='2013-03-07T22:20:45Z'><int name='i' value='1'/></timestamp></node></fields></store>`,
  `<readers ${HISTORY} nodeId='n'><reader jid='a@b'/><reader jid='c@d'/></readers>`,
  `<query ${HISTORY} thing='t@b' nodeId='n' from='2024-01-01T00:00:00Z' to='2024-02-01T00:00:00Z' maxPoints='500'><field name='Temperature'/></query>`,
  `<history ${HISTORY}><series name='Temperature' type='numeric' unit='C'><point timestamp='2024-01-01T00:00:00Z' value='21.50' min='20' max='22.5' count='60'/></series><series name='State' type='enum' dataType='State'><point timestamp='2024-01-01T00:00:00Z' value='On'/></series></history>`,
  `<read ${HISTORY} thing='a@b' nodeId='n' period='hour' maxFields='5' after='1.2'><field name='F'/></read>`,
  `<page ${HISTORY} next='1.2'><fields ${SENSOR_DATA} seqnr='0'><node nodeId='n'><timestamp value='2013-03-07T22:20:45Z'><int name='i' value='1'/></timestamp></node></fields></page>`,
  `<confirmed xmlns='urn:thingward:control:1'><parameter name='a'/></confirmed>`,
  `<flow xmlns='urn:thingward:readout:1' seqnr='1'/>`,
  `<subscribe xmlns='urn:xmpp:iot:events' seqnr='1' maxAge='P1DT5M' minInterval='PT1.5S' momentary='true'><node nodeId='a'/><field name='b' changedBy='0.5'/></subscribe>`,
  `<unsubscribe xmlns='urn:xmpp:iot:events' seqnr='1'/>`,
  `<table xmlns='urn:xmpp:tables' hSpacing='5'><columnFormat bold='true'/><row bgColor='E0E0E0'><cell colSpan='2' rowSpan='3' halign='Right'>a</cell><cell>b</cell></row></table>`,
  `<getInterfaces xmlns='urn:xmpp:iot:interoperability' nodeId='a' sourceId='b'/>`,
  `<log xmlns='urn:xmpp:eventlog' timestamp='2013-11-10T15:52:23Z' type='Debug' level='Minor' object='o'><message>a</message><tag name='b' value='-12'/><stackTrace>s</stackTrace></log>`,
  `<query xmlns='urn:thingward:eventlog:1' sender='a@b' leastType='Warning' from='2024-01-01T00:00:00Z'/>`,
  `<events xmlns='urn:thingward:eventlog:1'><event sequence='1' sender='a@b' received='2024-01-01T00:00:00Z'><log xmlns='urn:xmpp:eventlog' timestamp='2013-11-10T15:52:23Z' type='Debug' level='Minor' object='o'><message>a</message><tag name='b' value='-12'/><stackTrace>s</stackTrace></log></event></events>`,
  `<getInterfacesResponse xmlns='urn:xmpp:iot:interoperability'><interface name='XMPP.IoT.Sensor.Temperature'/></getInterfacesResponse>`,
  ...harmonizedPayloads('nf'),
  ...harmonizedPayloads('ieee'),
];
