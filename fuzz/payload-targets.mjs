/*
 * Payloads of extensions, changed at random: what is XML still is read, or refused with the error of its kind.
 */
import {
  CONTROL_DIALECTS,
  decodeAccessQuestion,
  decodeAsleep,
  decodeBrokerReaders,
  decodeCommand,
  decodeControlAnswer,
  decodeControlForm,
  decodeControlFormRequest,
  decodeControlRequest,
  decodeControlResponse,
  decodeDescriptions,
  decodeDocument,
  decodeDocumentChange,
  decodeDocumentList,
  decodeFollowing,
  decodeFriendAnswer,
  decodeGetDocument,
  decodeGetInterfaces,
  decodeGetTokenChallenge,
  decodeHarmonizedOwnerRule,
  decodeHasPrivilege,
  decodeLastKnown,
  decodeListDocuments,
  decodeLoggedEvent,
  decodeMailbox,
  decodeOutcome,
  decodeOwnerDecision,
  decodeOwnerQuestion,
  decodePrivileges,
  decodePutDocument,
  decodeQueued,
  decodeReadoutMessage,
  decodeReadoutRequest,
  decodeReadQuestion,
  decodeRemoveDocument,
  decodeRules,
  decodeSleep,
  decodeSleeper,
  decodeStoredFieldsPage,
  decodeStoredFieldsQuery,
  decodeSubscribe,
  decodeTable,
  decodeTokenChallenge,
  EVENT_DIALECTS,
  encodeAccessQuestion,
  encodeControlAnswer,
  encodeDescriptions,
  encodeDocument,
  encodeOwnerDecision,
  encodeOwnerQuestion,
  encodePrivileges,
  encodePutDocument,
  encodeReadQuestion,
  encodeRules,
  encodeSubscribe,
  encodeTable,
  PayloadError,
  PROVISIONING_DIALECTS,
  READOUT_DIALECTS,
  supersede,
  tableText,
} from '@thingward/things';
import { parseElement, XmlError } from '@thingward/xml';
import {
  capabilityHashInput,
  capabilityHashNode,
  DataFormError,
  decodeCommandRequest,
  decodeCommandResponse,
  decodeDataForm,
  decodeFormPages,
  decodeNodeEvent,
  decodePreAuthentication,
  decodeRegistrationQuery,
  decodeRegistrationRequest,
  decodeUpdatedForm,
  findCapabilityHashes,
  parseCapabilityHashNode,
  StanzaError,
  StreamError,
} from '@thingward/xmpp';
import {
  decodeExiSetup,
  decodeExiStreamStart,
  decodeSchemaDownloadResponse,
  decodeSchemaUpload,
} from '@thingward/xmpp/exi';

const SENSOR_DATA = "xmlns='urn:xmpp:iot:sensordata' seqnr='1'";
const CONTROL = "xmlns='urn:xmpp:iot:control'";
const HISTORY = "xmlns='urn:thingward:history:1'";
const FIELDS = `<fields ${SENSOR_DATA}><node nodeId='n'><timestamp value='2013-03-07T16:24:30Z'><numeric name='T' momentary='1' value='-1.50e2' unit='m' stringIds='1|a.b|c,2'/><long name='L' value='9223372036854775807'/><duration name='D' value='P1DT2H'/></timestamp></node></fields>`;
const DATA_FORM = `<x xmlns='jabber:x:data' type='form'><page xmlns='http://jabber.org/protocol/xdata-layout'><section><fieldref var='a'/></section></page><field var='a' label='A (%)'><value>1</value><validate xmlns='http://jabber.org/protocol/xdata-validate' datatype='xs:int'><range min='0' max='9'/></validate></field></x>`;
/** Payloads to be mutated, with what reads them. */
const SENSOR_DATA_PAYLOADS = [
  [
    `<req ${SENSOR_DATA} all='true' when='2013-03-07T19:00:00' from='2013-03-07T19:00:00+14:00'><node nodeId='n'/><field name='F'/></req>`,
    decodeReadoutRequest,
  ],
  [FIELDS, decodeReadoutMessage],
  [
    `<failure ${SENSOR_DATA} done='1'><error nodeId='n' timestamp='2013-03-07T17:13:30'>no</error></failure>`,
    decodeReadoutMessage,
  ],
];
const CONTROL_PAYLOADS = [
  [
    `<set ${CONTROL}><node nodeId='n'/><color name='C' value='3399FF'/><dateTime name='D' value='2013-04-02T24:00:00'/>${DATA_FORM}</set>`,
    decodeControlRequest,
  ],
  [`<getForm ${CONTROL} userToken='t'><node nodeId='n' sourceId='s'/></getForm>`, decodeControlFormRequest],
  [
    `<setResponse ${CONTROL}><parameter name='a'/><confirmed xmlns='urn:thingward:control:1'><parameter name='a'/></confirmed></setResponse>`,
    decodeControlResponse,
  ],
];
/** The dialects of the IEEE and the Neuro-Foundation: what was read can be written, and is then the same. */
const HARMONIZED_PAYLOADS = [...READOUT_DIALECTS.slice(1).entries()].flatMap(([i, readout]) => {
  const control = CONTROL_DIALECTS[i + 1];
  const events = EVENT_DIALECTS[i + 1];
  const again = (decode, encode) => (element) => {
    const first = String(encode(decode(element)));
    const second = String(encode(decode(parseElement(first))));
    if (first !== second) throw new Error(`${first} became ${second}`);
  };
  const ns = (dialect) => `xmlns='${dialect.namespace}' id='a1'`;
  return [
    [
      `<req ${ns(readout)} all='true' h='1' when='2013-03-07T19:00:00' st='t'><nd id='n' pt='p'/><f n='F'/></req>`,
      again(readout.decodeRequest, readout.encodeRequest),
    ],
    [
      `<resp ${ns(readout)} more='1'><nd id='n'><ts v='2013-03-07T16:24:30Z'><q n='T' m='1' h='1' v='-1.50e2' u='m' lns='N' loc='1|a.b|c,2'/><e n='E' t='x' v='y'/><dr n='D' v='P1DT2H'/><err>no</err></ts></nd><ts v='2013-03-07T16:24:30Z'><l n='L' v='9223372036854775807'/></ts></resp>`,
      (element) => {
        for (const message of readout.decodeMessages(element)) {
          again((one) => readout.decodeMessages(one)[0], readout.encodeMessage)(readout.encodeMessage(message));
        }
      },
    ],
    [
      `<set ${ns(control)}><nd id='n'/><cl n='C' v='3399FF'/><e n='E' v='a' t='b'/><dt n='D' v='2013-04-02T24:00:00'/>${DATA_FORM}</set>`,
      again(control.decodeRequest, control.encodeRequest),
    ],
    [`<resp ${ns(control)}><nd id='n'/><p n='a'/></resp>`, again(control.decodeResponse, control.encodeResponse)],
    [
      `<subscribe ${ns(events)} m='1' maxAge='P1DT5M' minInt='PT1.5S' req='1'><nd id='a'/><f n='b' by='0.5' v='-1e3'/></subscribe>`,
      again(events.decodeSubscribe, events.encodeSubscribe),
    ],
  ];
});
const HISTORY_PAYLOADS = [
  [
    `<read ${HISTORY} thing='a@b' period='hour' maxFields='5' after='1.2'><field name='F'/></read>`,
    decodeStoredFieldsQuery,
  ],
  [`<page ${HISTORY} next='1.2'>${FIELDS}</page>`, decodeStoredFieldsPage],
];
const BROKER = "xmlns='urn:thingward:broker:1'";
const DIGEST = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
const KEPT = `thing='a@b' nodeId='n' kind='teds' name='meta' mediaType='m' digest='${DIGEST}' version='1' size='4' at='2026-01-01T00:00:00Z' by='o@b'`;
const BROKER_PAYLOADS = [
  [
    `<put ${BROKER} thing='a@b' nodeId='n' kind='register-map' name='m' mediaType='text/csv' previous='none'><text>a,b</text></put>`,
    (element) => encodePutDocument(decodePutDocument(element)),
  ],
  [
    `<document ${BROKER} ${KEPT}><octets>AAEC/w==</octets></document>`,
    (element) => {
      const document = decodeDocument(element);
      encodeDocument(document, document.content);
    },
  ],
  [`<document ${BROKER} ${KEPT}><xml><a xmlns='urn:a' b='c'>d</a></xml></document>`, decodeDocument],
  [`<get ${BROKER} thing='a@b' kind='teds' name='meta' unless='${DIGEST}'/>`, decodeGetDocument],
  [`<remove ${BROKER} thing='a@b' kind='teds' name='meta' previous='${DIGEST}'/>`, decodeRemoveDocument],
  [
    `<list ${BROKER} thing='a@b' kind='teds'><set xmlns='http://jabber.org/protocol/rsm'><max>5</max></set></list>`,
    decodeListDocuments,
  ],
  [`<documents ${BROKER}><document ${KEPT}/></documents>`, decodeDocumentList],
  [`<changed ${BROKER}><document ${KEPT}/></changed>`, decodeDocumentChange],
  [`<following ${BROKER} until='2026-01-02T00:00:00Z'/>`, decodeFollowing],
  [`<readers ${BROKER} nodeId='n' owner='o@b'><reader jid='a@b'/></readers>`, decodeBrokerReaders],
];
const BATTERY = "xmlns='urn:thingward:battery:1'";
const LATER = parseElement(`<set ${CONTROL}><node nodeId='n'/><int name='a' value='1'/></set>`);
const BATTERY_PAYLOADS = [
  [
    `<sleep ${BATTERY} wakes='periodically' every='PT10M' listen='PT2S' next='2026-01-01T00:10:00Z' owner='o@e'><readers><reader jid='a@b'/></readers>${FIELDS}</sleep>`,
    decodeSleep,
  ],
  [`<sleeper ${BATTERY} wakes='onEvent' asleep='1' since='2026-01-01T00:00:00Z' waiting='3'/>`, decodeSleeper],
  [`<asleep ${BATTERY} delivered='2'/>`, decodeAsleep],
  [`<command ${BATTERY} expires='PT1H'><set ${CONTROL}/></command>`, decodeCommand],
  [`<queued ${BATTERY} id='c' until='2026-01-01T01:00:00Z' next='2026-01-01T00:10:00Z'/>`, decodeQueued],
  [`<outcome ${BATTERY} id='c' state='answered' at='2026-01-01T00:10:01Z'/>`, decodeOutcome],
  [
    `<mailbox ${BATTERY}><entry id='c' sender='a@b/c' state='expired' received='2026-01-01T00:00:00Z' until='2026-01-01T01:00:00Z'><set ${CONTROL}/></entry></mailbox>`,
    decodeMailbox,
  ],
  [`<lastKnown ${BATTERY} at='2026-01-01T00:00:00Z'/>`, decodeLastKnown],
  [
    `<set ${CONTROL}><node nodeId='n'/><int name='a' value='1'/><int name='b' value='1'/>${'<x xmlns="jabber:x:data" type="submit"><field var="a"/></x>'}</set>`,
    (element) => supersede(element, LATER),
  ],
];
const OWNER = "xmlns='urn:thingward:provisioning:1'";
const NF_PROVISIONING = PROVISIONING_DIALECTS.find(({ name }) => name === 'nf');
const PROVISIONING = "xmlns='urn:xmpp:iot:provisioning'";
/** What was read can be written. */
const PROVISIONING_PAYLOADS = [
  [
    `<canRead ${PROVISIONING} jid='a@b' historical='1' peak='true' serviceToken='s t' userToken='u'><node nodeId='n' sourceId='s'/><field name='F'/></canRead>`,
    (element) => encodeReadQuestion(decodeReadQuestion(element)),
  ],
  [
    `<canControlResponse ${PROVISIONING} jid='a@b' result='1'><node nodeId='n'/><parameter name='P'/></canControlResponse>`,
    (element) => encodeControlAnswer(decodeControlAnswer(element)),
  ],
  [`<isFriendResponse ${PROVISIONING} jid='a@b' result='0' secondaryTrustAllowed='1'/>`, decodeFriendAnswer],
  [`<getTokenChallenge ${PROVISIONING} seqnr='1'>AAEC/w==</getTokenChallenge>`, decodeGetTokenChallenge],
  [`<tokenChallenge ${PROVISIONING} token='t'>AAEC</tokenChallenge>`, decodeTokenChallenge],
  [
    `<canAccess ${PROVISIONING} serviceToken='s'><credentials type='a' value='b'/><latitude value='-1.5e3'/><x509Certificate base64='AA=='/></canAccess>`,
    (element) => encodeAccessQuestion(decodeAccessQuestion(element)),
  ],
  [`<hasPrivilege ${PROVISIONING} serviceToken='s' userToken='u' privilegeId='a.b'/>`, decodeHasPrivilege],
  [
    `<downloadPrivilegesResponse ${PROVISIONING}><exclude id='a.b'/><include id='a'/></downloadPrivilegesResponse>`,
    (element) => encodePrivileges(decodePrivileges(element)),
  ],
  [
    `<question ${OWNER} id='3' jid='a@b' nodeId='n' kind='read' requester='c@d' serviceToken='s t' all='true' asked='2' first='2026-01-01T00:00:00Z' last='2026-01-02T00:00:00Z'><item name='F' wanted='true' momentary='true'/></question>`,
    (element) => encodeOwnerQuestion(decodeOwnerQuestion(element)),
  ],
  [
    `<rules ${OWNER} more='1'><rule id='1' jid='a@b' kind='read' scope='domain' subject='d' result='true' until='2026-01-02T00:00:00Z' made='2026-01-01T00:00:00Z'><item name='F'/></rule></rules>`,
    (element) => encodeRules(decodeRules(element)),
  ],
  [
    `<decide ${OWNER} jid='a@b' kind='control' scope='anyone' result='0' once='1'><item name='P'/></decide>`,
    (element) => encodeOwnerDecision(decodeOwnerDecision(element)),
  ],
  [
    `<describe ${OWNER}><thing nodeId='n' owner='o@b'><item kind='field' name='F' momentary='true'/></thing></describe>`,
    (element) => encodeDescriptions(decodeDescriptions(element)),
  ],
  [
    "<canRead xmlns='urn:nf:iot:prov:d:1.0' jid='a@b' st='s' all='true'><nd id='n' src='s'/><f n='F'/></canRead>",
    (element) => NF_PROVISIONING.encodeReadQuestion(NF_PROVISIONING.decodeReadQuestion(element)),
  ],
  [
    "<canReadRule xmlns='urn:nf:iot:prov:o:1.0' jid='a@b' remoteJid='c@d' key='k' result='1'><nd id='n'/><partial m='1'><f n='F'/></partial><fromService token='t'/></canReadRule>",
    decodeHarmonizedOwnerRule,
  ],
];
const FORM_PAYLOADS = [
  [DATA_FORM, (element) => decodeFormPages(decodeDataForm(element)) && decodeControlForm(decodeDataForm(element))],
  [`<updated xmlns='urn:xmpp:xdata:dynamic' sessionVariable='a'>${DATA_FORM}</updated>`, decodeUpdatedForm],
];

const FORM = "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE' type='hidden'><value>u</value></field></x>";
const COMMAND = `<command xmlns='http://jabber.org/protocol/commands' node='n' sessionid='s' action='next' status='executing'><actions execute='next'><next/></actions><note type='warn'>t</note>${FORM}</command>`;
const REGISTRATION = `<query xmlns='jabber:iq:register' token='t'><remove/><username>u</username><password>p</password>${FORM}</query>`;
const CAPABILITIES = `<query xmlns='http://jabber.org/protocol/disco#info' xml:lang='en'><identity category='c' type='t'/><feature var='f'/>${FORM}<c xmlns='urn:xmpp:caps'><hash xmlns='urn:xmpp:hashes:2' algo='sha-256'>AAAA</hash></c></query>`;
const PUBSUB_EVENT = "xmlns='http://jabber.org/protocol/pubsub#event'";
const EXI = "xmlns='http://jabber.org/protocol/compress/exi'";
/** By target: texts with what reads them, and the error they may throw. */
const PAYLOADS = {
  'sensor data': [SENSOR_DATA_PAYLOADS, PayloadError],
  control: [CONTROL_PAYLOADS, PayloadError],
  'harmonised dialects': [HARMONIZED_PAYLOADS, PayloadError],
  'stored fields': [HISTORY_PAYLOADS, PayloadError],
  form: [FORM_PAYLOADS, DataFormError],
  battery: [BATTERY_PAYLOADS, PayloadError],
  broker: [BROKER_PAYLOADS, [PayloadError, StanzaError]],
  provisioning: [PROVISIONING_PAYLOADS, PayloadError],
  'events, tables, interfaces': [
    [
      [
        "<subscribe xmlns='urn:xmpp:iot:events' seqnr='1' maxAge='P1DT5M' minInterval='PT1.5S'><node nodeId='a'/><field name='b' changedBy='0.5' currentValue='-1e3'/></subscribe>",
        (element) => encodeSubscribe(decodeSubscribe(element)),
      ],
      [
        "<log xmlns='urn:xmpp:eventlog' timestamp='2013-11-10T15:52:23Z' type='Debug'><message>a</message><tag name='b' value='-12' type='xs:int'/></log>",
        decodeLoggedEvent,
      ],
      [
        "<table xmlns='urn:xmpp:tables' hSpacing='5'><columnFormat bold='1'/><row bgColor='E0E0E0'><cell colSpan='2' rowSpan='3' halign='Right'>a</cell><cell>b</cell></row></table>",
        (element) => tableText(decodeTable(encodeTable(decodeTable(element)))),
      ],
      ["<getInterfaces xmlns='urn:xmpp:iot:interoperability' nodeId='a' sourceId='b'/>", decodeGetInterfaces],
    ],
    PayloadError,
  ],
  'exi negotiation': [
    [
      [
        `<setup ${EXI} strict='true' blockSize='1024'><schema ns='a' bytes='1' md5Hash='${'0'.repeat(32)}'/></setup>`,
        decodeExiSetup,
      ],
      [
        `<uploadSchema ${EXI} contentType='ExiBody' bytes='1' md5Hash='${'0'.repeat(32)}'>AAAA</uploadSchema>`,
        (element) => decodeSchemaUpload(element, 100),
      ],
      [
        `<downloadSchemaResponse ${EXI} url='u' result='0'><httpError code='404' message=''/></downloadSchemaResponse>`,
        decodeSchemaDownloadResponse,
      ],
      [
        `<streamStart ${EXI} version='1.0'><xmlns prefix='' namespace='jabber:client'/></streamStart>`,
        decodeExiStreamStart,
      ],
    ],
    StreamError,
  ],
  'ad-hoc command': [
    [
      [COMMAND, decodeCommandRequest],
      [COMMAND, decodeCommandResponse],
    ],
    StanzaError,
  ],
  registration: [
    [
      [REGISTRATION, decodeRegistrationRequest],
      [REGISTRATION, decodeRegistrationQuery],
      [REGISTRATION, decodePreAuthentication],
    ],
    StanzaError,
  ],
  'events of nodes': [
    [
      [
        `<event ${PUBSUB_EVENT}><items node='n'><item id='i' publisher='a@b'>${FIELDS}</item><retract id='r'/></items></event>`,
        decodeNodeEvent,
      ],
      [`<event ${PUBSUB_EVENT}><subscription node='n' jid='a@b' subscription='none'/></event>`, decodeNodeEvent],
    ],
    StanzaError,
  ],
  'capability hashes': [[[CAPABILITIES, capabilities]], StanzaError],
};

function capabilities(element) {
  capabilityHashInput(element);
  for (const hash of findCapabilityHashes(element)) {
    const read = parseCapabilityHashNode(capabilityHashNode(hash));
    // What is no Base64 may have a full stop, which ends the algorithm.
    if (!hash.value.includes('.') && read?.value !== hash.value) throw new Error(`${hash.value} is not ${read?.value}`);
  }
}

/** A changed text that is XML still. */
function changed(text, { mutated, utf8 }) {
  for (;;) {
    try {
      return parseElement(mutated(utf8(text)));
    } catch (error) {
      if (!(error instanceof XmlError)) throw error;
    }
  }
}

/** Targets that change payloads, and give those that are XML still to what reads them. */
export function payloadTargets(made) {
  const target = ([payloads, Expected]) => [
    () => {
      const [text, decode] = made.pick(payloads);
      return [changed(text, made), decode];
    },
    ([element, decode]) => decode(element),
    Expected,
  ];
  return Object.fromEntries(Object.entries(PAYLOADS).map(([name, payloads]) => [name, target(payloads)]));
}
