import type { HarmonizedName } from '../src/thing/dialect-names.ts';

/** Payloads of the later dialects as they travel: every element of their schemas, with all it can hold. */
export function harmonizedPayloads(name: HarmonizedName): readonly string[] {
  const sensorData = `xmlns='urn:${name}:iot:sd:1.0'`;
  const control = `xmlns='urn:${name}:iot:ctr:1.0'`;
  const events = `xmlns='urn:${name}:iot:events:1.0'`;
  const device = `xmlns='urn:${name}:iot:prov:d:1.0'`;
  const token = `xmlns='urn:${name}:iot:prov:t:1.0'`;
  const owner = `xmlns='urn:${name}:iot:prov:o:1.0'`;
  const asked = `jid='a@b' remoteJid='c@d' key='k'`;
  const timestamp = `v='2017-09-22T15:22:33.25Z'><b n='a' v='true'/><d n='b' v='2013-05-01'/><dt n='c' v='2013-05-01T08:00:00+02:00'/><dr n='d' v='PT3M30S'/><e n='e' v='On' t='State'/><i n='f' v='-5'/><l n='g' v='500000000000000'/><q n='h' lns='N.S' loc='1,2|m.n|x' ctr='true' m='true' ar='true' v='10.00' u='\u00b0C'/><s n='i' all='true' so='true' v=' x '/><t n='j' v='08:00:00'/><q n='k' h='true' v='1' eos='true'/><s n='l' v=''><x><a xmlns='urn:example'/></x></s><err>Timeout.</err></ts>`;
  return [
    `<req ${sensorData} id='d4fe61155cb14e649e302092d3b406a8' m='true'/>`,
    `<req ${sensorData} id='1' all='true' from='2013-03-07T00:00:00Z' to='2013-03-08T00:00:00Z' when='2013-03-09T00:00:00Z' st='s' dt='d' ut='u'><nd id='Device04' src='s' pt='c'/><f n='Energy'/><nd id='Device05'/></req>`,
    `<accepted ${sensorData} id='4' queued='true'/>`,
    `<started ${sensorData} id='4'/>`,
    `<resp ${sensorData} id='7' more='true'><nd id='Device05'><ts ${timestamp}</nd><ts v='2013-03-07T22:20:46Z'/><nd id='n' src='s'/></resp>`,
    `<nd ${sensorData} id='Device05'><ts ${timestamp}</nd>`,
    `<ts ${sensorData} ${timestamp}`,
    `<done ${sensorData} id='4'/>`,
    `<cancel ${sensorData} id='8'/>`,
    `<set ${control} xml:lang='en' ut='u'><nd id='DigitalOutput1'/><b n='Output' v='true'/><cl n='Color' v='2020FF40'/><d n='d' v='2013-05-01'/><dt n='t' v='2013-05-01T08:00:00Z'/><db n='x' v='2.5'/><dr n='p' v='PT1M'/><e n='e' v='a' t='T'/><i n='i' v='0'/><l n='l' v='-9223372036854775808'/><s n='s' v=''/><t n='h' v='12:00:00'/></set>`,
    `<set ${control}><x xmlns='jabber:x:data' type='submit'><field var='Output' type='boolean'><value>true</value></field></x></set>`,
    `<resp ${control}><nd id='a'/><p n='Output'/><confirmed xmlns='urn:thingward:control:1'><parameter name='Output'/></confirmed></resp>`,
    `<paramError ${control} var='Output'>Invalid parameter type.</paramError>`,
    `<paramError ${control} n='Output'>Syntax error.</paramError>`,
    `<getForm ${control} xml:lang='en' dt='d'><nd id='a'/><nd id='b' pt='c'/></getForm>`,
    `<pGroup ${control} n='direction'/>`,
    `<pGroup ${control} name='direction'/>`,
    `<subscribe ${events} id='1' maxAge='P1DT5M' minInt='PT1.5S' m='true' req='true'><nd id='a'/><f n='b' v='1' by='0.5'/></subscribe>`,
    `<unsubscribe ${events} id='1'/>`,
    `<isFriend ${device} jid='a@b'/>`,
    `<isFriendResponse ${device} jid='a@b' result='true' secondaryTrustAllowed='true'/>`,
    `<friend ${device} jid='a@b'/>`,
    `<unfriend ${device} jid='a@b'/>`,
    `<canRead ${device} jid='a@b' st='s t' dt='d' ut='u' m='true' h='true'><nd id='n' src='s' pt='c'/><f n='F'/></canRead>`,
    `<canReadResponse ${device} jid='a@b' all='true' result='true'><f n='F'/></canReadResponse>`,
    `<canControl ${device} jid='a@b' st='s'><nd id='n'/><parameter name='P'/></canControl>`,
    `<canControlResponse ${device} jid='a@b' result='false'/>`,
    `<clearCache ${device}/>`,
    `<getToken ${token}>AAEC/w==</getToken>`,
    `<getTokenChallenge ${token} seqnr='1'>AAEC</getTokenChallenge>`,
    `<getTokenChallengeResponse ${token} seqnr='-1'>AAEC</getTokenChallengeResponse>`,
    `<getTokenResponse ${token} token='t'/>`,
    `<tokenChallenge ${token} token='t'>AAEC</tokenChallenge>`,
    `<tokenChallengeResponse ${token}>AAEC</tokenChallengeResponse>`,
    `<getCertificate ${token}>t</getCertificate>`,
    `<certificate ${token}>AAEC</certificate>`,
    `<isFriend ${owner} ${asked}><nd id='n'/></isFriend>`,
    `<canRead ${owner} ${asked} st='s' m='true'><nd id='n'/><f n='F'/></canRead>`,
    `<canControl ${owner} ${asked} ut='u'><p n='P'/></canControl>`,
    `<isFriendRule ${owner} ${asked} result='true' range='Domain'/>`,
    `<canReadRule ${owner} ${asked} result='true'><nd id='n'/><partial m='true' i='true'><f n='F'/></partial><fromService token='t'/></canReadRule>`,
    `<canControlRule ${owner} ${asked} result='false'><fromDomain/></canControlRule>`,
    `<clearCache ${owner} jid='a@b'/>`,
    `<deleteRules ${owner} jid='a@b' id='n'/>`,
  ];
}
