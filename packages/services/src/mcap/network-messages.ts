import {
  type Body,
  COMMAND,
  encodeNetworkMessage,
  encodeTeds,
  formatHex,
  IEEE1451_NAMESPACE,
  Ieee1451Error,
  type NetworkMessage,
  networkMessageFromXml,
  networkMessageToXml,
  networkService,
  REPLY,
  tedsClassName,
} from '@thingward/ieee1451';
import type {
  AddressedReading,
  ChannelAddress,
  NcapResource,
  TransducerAddress,
  TransducerInterface,
} from '@thingward/ieee1451/mcap';
import { type Element, encodeUtf8, xml } from '@thingward/xml';
import { StanzaError } from '@thingward/xmpp';

/** What network messages ask for, as the exchanges have it; each for one requester. */
export interface ExchangesForOne {
  /** One NCAP, or all. @throws StanzaError */
  discover(ncap: string | undefined): Promise<readonly NcapResource[]>;
  describe(address: TransducerAddress): Promise<TransducerInterface>;
  read(address: ChannelAddress): Promise<AddressedReading>;
}

/**
 * The address type of an NCAP that is reached over XMPP: its address is a JID in UTF-8. Public sources have none; this is ours, and of the
 * range that no edition is known to use.
 */
export const XMPP_ADDRESS_TYPE = '128';

/**
 * Answers commands of the network services of 1451.0-2024: discovery of NCAPs, TIMs and channels, reading of a sample and of a TEDS. The
 * others have no layout that is public.
 * @throws StanzaError `bad-request`, `feature-not-implemented`, and those of the exchanges
 */
export async function answerNetworkMessage(payload: Element, exchanges: ExchangesForOne): Promise<Element> {
  const withOctets = /^(true|1)$/.test(payload.attribute('withOctets') ?? '');
  const command = decodeCommand(payload);
  const { serviceType, serviceId } = command;
  const reply = (body: Body) => {
    const message: NetworkMessage = { serviceType, serviceId, messageType: REPLY, body };
    const element = networkMessageToXml(message);
    return withOctets ? element.with({ octets: formatHex(encodeNetworkMessage(message)) }) : element;
  };
  const body = command.body as Readonly<Record<string, string | number>>;
  const appId = String(body.appId);
  const ids = { errorCode: 0, appId };
  const of = { ncapId: String(body.ncapId), timId: String(body.timId), channelId: Number(body.channelId) };
  switch (networkService(serviceType, serviceId)?.name) {
    case 'ncap-discovery': {
      const ncaps = await exchanges.discover(undefined);
      const replies = ncaps.map(({ id, name, jid = '' }) =>
        reply({
          ...ids,
          ncapId: id,
          name,
          addressType: XMPP_ADDRESS_TYPE,
          address: formatHex(encodeUtf8(jid)),
        }),
      );
      return xml('messages', { xmlns: IEEE1451_NAMESPACE }, replies);
    }
    case 'tim-discovery': {
      const tims = (await only(exchanges, of.ncapId)).tims.filter(({ isPresent }) => isPresent);
      const { ncapId } = of;
      return reply({ ...ids, ncapId, tims: tims.map(({ id }) => id), names: tims.map(({ name }) => name) });
    }
    case 'channel-discovery': {
      const tim = (await only(exchanges, of.ncapId)).tims.find(({ id }) => id === of.timId);
      if (!tim) throw new StanzaError('item-not-found', `there is no TIM ${of.timId}`);
      const { channels } = tim;
      const { ncapId, timId } = of;
      return reply({
        ...ids,
        ncapId,
        timId,
        channels: channels.map(({ number }) => number),
        names: channels.map(({ name }) => name),
      });
    }
    case 'read-sample': {
      const { samples, time } = await exchanges.read({ ncap: of.ncapId, tim: of.timId, channel: of.channelId });
      const milliseconds = time.getTime();
      return reply({
        ...ids,
        ...of,
        value: samples.join(' '),
        seconds: Math.floor(milliseconds / 1000),
        nanoseconds: (milliseconds % 1000) * 1_000_000,
      });
    }
    case 'read-teds': {
      const { teds } = await exchanges.describe({ ncap: of.ncapId, tim: of.timId, channel: of.channelId });
      const found = teds.find(({ tedsClass }) => tedsClassName(tedsClass) === body.teds);
      if (!found) throw new StanzaError('item-not-found', `there is no TEDS ${body.teds}`);
      const offset = Number(body.offset);
      return reply({ ...ids, ...of, offset, tedsOctets: formatHex(encodeTeds(found).subarray(offset)) });
    }
    default:
      throw new StanzaError('feature-not-implemented', 'the MCAP does not answer this service of IEEE 1451.0');
  }
}

function decodeCommand(payload: Element): NetworkMessage {
  try {
    const message = networkMessageFromXml(payload);
    if (message.messageType !== COMMAND) {
      throw new Ieee1451Error('malformed-xml', 'only messages of the type command are answered');
    }
    if (networkService(message.serviceType, message.serviceId)?.layouts[COMMAND] === undefined) {
      throw new StanzaError('feature-not-implemented', 'the layout of this service of IEEE 1451.0 is not public');
    }
    // Values that are missing, or that do not fit, are seen when it is written.
    encodeNetworkMessage(message);
    if (message.body.octets !== undefined) throw new Ieee1451Error('malformed-xml', 'values are expected, not octets');
    return message;
  } catch (error) {
    if (error instanceof Ieee1451Error) throw new StanzaError('bad-request', error.message);
    throw error;
  }
}

async function only(exchanges: ExchangesForOne, id: string): Promise<NcapResource> {
  const [ncap] = await exchanges.discover(id);
  if (!ncap) throw new StanzaError('item-not-found', `there is no NCAP ${id}`);
  return ncap;
}
