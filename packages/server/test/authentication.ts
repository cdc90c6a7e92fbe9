import type { Element } from '@thingward/xml';
import {
  decodeBase64,
  decodeSasl2Success,
  encodeBase64,
  hashedTokenClient,
  SASL2,
  type Sasl2Success,
  scramClient,
} from '@thingward/xmpp';
import { type Actor, STREAM_HEADER, type Stage } from './conversation.ts';

/** The user agent of the examples of XEP-0388. */
export const USER_AGENT = 'd4565fa7-4d72-4749-b3d3-740edbf87770';
export const userAgent = (id = USER_AGENT): string =>
  `<user-agent id='${id}'><software>AwesomeXMPP</software><device>Kiva&apos;s Phone</device></user-agent>`;

const utf8 = (text: string) => new TextEncoder().encode(text);

/** The beginning of an authentication. @param inline what is asked for along with it */
export function authenticate(mechanism: string, response: Uint8Array | undefined, inline = ''): string {
  const initial = response === undefined ? '' : `<initial-response>${encodeBase64(response)}</initial-response>`;
  return `<authenticate xmlns='${SASL2}' mechanism='${mechanism}'>${initial}${inline}</authenticate>`;
}

/** The beginning of one that shows the name as password. */
export const plain = (name: string, inline = '', password = name): string =>
  authenticate('PLAIN', utf8(`\0${name}\0${password}`), inline);

/** The header of a stream whose initiator says who it is. */
export const headerFrom = (from: string): string => STREAM_HEADER.replace(' to=', ` from='${from}' to=`);

/** Signs in with PLAIN. @returns what the server said, and the features after it */
export async function signsIn(actor: Actor, name: string, inline = ''): Promise<[Sasl2Success, Element]> {
  await actor.opens();
  actor.sends(plain(name, inline));
  return succeeds(actor);
}

/** The next two elements are success and features. */
export async function succeeds(actor: Actor): Promise<[Sasl2Success, Element]> {
  const success = await actor.next();
  if (!success.is('success', SASL2)) throw new Error(`expected success, got ${success.toString()}`);
  return [decodeSasl2Success(success), await actor.next()];
}

/** Holds a SCRAM conversation to its end. @returns what the server said */
export async function scram(actor: Actor, name: string, password: string, inline = ''): Promise<Sasl2Success> {
  const mechanism = scramClient('SHA-256', name, password);
  actor.sends(authenticate(mechanism.name, await mechanism.start(), inline));
  const challenge = await actor.receives(`<challenge xmlns='${SASL2}'/>`);
  const response = await mechanism.respond(decodeBase64(challenge.text) as Uint8Array);
  actor.sends(`<response xmlns='${SASL2}'>${encodeBase64(response)}</response>`);
  const [success] = await succeeds(actor);
  await mechanism.finish(success.additionalData);
  return success;
}

/** The beginning of an authentication that shows a token. @param fast attributes of `<fast/>` */
export async function withToken(
  actor: Actor,
  token: string,
  { name = 'romeo', mechanism = 'HT-SHA-256-EXPR', fast = '', inline = userAgent() } = {},
): Promise<string> {
  const response = await hashedTokenClient(mechanism, name, token, actor.channelBindings).start();
  return authenticate(mechanism, response, `<fast xmlns='urn:xmpp:fast:0' ${fast}/>${inline}`);
}

/** A fresh encrypted connection with its features. */
export async function entersTls(stage: Stage, header = STREAM_HEADER): Promise<[Actor, Element]> {
  const actor = await stage.connectTls();
  return [actor, await actor.opens(header)];
}
