import { type ExtensionObject, encodeCarriedRequest, type OpcUaMessage } from '@thingward/opcua';
import { type Element, parseElement } from '@thingward/xml';
import { describe, expect, it } from 'vitest';
import {
  BOOLEAN,
  BYTE,
  DOUBLE,
  FLOAT,
  hidden,
  INT32,
  many,
  message,
  NOTHING,
  node,
  number,
  one,
  STANZA,
  STRING,
  STRUCTURE,
  short,
  structure,
  UINT64,
  write,
} from '../../test/opcua-requests.ts';
import { opcuaInspector } from './opcua.ts';

const inspect = (element: Element) => opcuaInspector.inspect(parseElement(element.toString()), STANZA);
const found = (sent: OpcUaMessage) => inspect(encodeCarriedRequest({ message: sent }));
describe('what a request would do', () => {
  const readValue = { attributeId: 13, indexRange: null, dataEncoding: { namespace: 0, name: null } };
  const monitored = {
    monitoringMode: 2,
    requestedParameters: { clientHandle: 1, samplingInterval: 100, filter: NOTHING, queueSize: 1, discardOldest: true },
  };
  const add = {
    referenceTypeId: number(47),
    browseName: { namespace: 2, name: 'New' },
    nodeClass: 1,
    nodeAttributes: NOTHING,
    typeDefinition: number(61),
  };
  it.each<[string, OpcUaMessage, readonly string[]]>([
    [
      'reads',
      message('ReadRequest', {
        maxAge: 0,
        timestampsToReturn: 2,
        nodesToRead: [
          { ...readValue, nodeId: node('Speed') },
          { ...readValue, nodeId: number(2258), attributeId: 4 },
        ],
      }),
      ['read ns=2;s=Speed Value', 'read i=2258 DisplayName'],
    ],
    ['a number', write(node('Speed'), { value: one(DOUBLE, 42.5) }), ['write ns=2;s=Speed Value 42.5 42.5']],
    [
      'a large number',
      write(node('Count'), { value: one(UINT64, 2n ** 60n) }),
      ['write ns=2;s=Count Value 922337203685477.5807 1152921504606846976'],
    ],
    [
      'a number between decimals',
      write(node('Speed'), { value: one(FLOAT, 0.1) }),
      ['write ns=2;s=Speed Value 0.1 0.1', 'write ns=2;s=Speed Value 0.1001 0.1'],
    ],
    ['no number', write(node('Speed'), { value: one(DOUBLE, Number.NaN) }), ['write ns=2;s=Speed Value NaN']],
    ['a switch', write(node('Pump'), { value: one(BOOLEAN, true) }), ['write ns=2;s=Pump Value 1.0 true']],
    ['a text', write(node('Name'), { value: one(STRING, '90') }), ['write ns=2;s=Name Value 90']],
    ['nothing', write(node('Name'), {}), ['write ns=2;s=Name Value']],
    ['a status alone', write(node('Name'), { status: 0x8000_0000 }), ['write ns=2;s=Name Value status Bad']],
    ['who may write', write(node('Name'), { value: one(BYTE, 3) }, 17), ['write ns=2;s=Name AccessLevel 3.0 3']],
    ['what is no attribute', write(node('Name'), { value: one(BYTE, 3) }, 99), ['write ns=2;s=Name 99 3.0 3']],
    [
      'part of an array',
      write(node('Levels'), { value: many(INT32, [5, 5, 900]) }, 13, '2:4'),
      ['write ns=2;s=Levels Value 2:4 5.0 5', 'write ns=2;s=Levels Value 2:4 900.0 900'],
    ],
    [
      'a known structure',
      write(node('Range'), { value: one(STRUCTURE, structure(886, 'Range', { low: 0, high: 9 })) }),
      ['write ns=2;s=Range Value Range'],
    ],
    [
      'calls',
      message('CallRequest', {
        methodsToCall: [
          { objectId: node('Plant'), methodId: node('Stop'), inputArguments: null },
          { objectId: node('Plant'), methodId: node('Set'), inputArguments: [one(INT32, 7), many(STRING, ['a', 'b'])] },
        ],
      }),
      [
        'execute ns=2;s=Plant ns=2;s=Stop',
        'execute ns=2;s=Plant ns=2;s=Set 0 7.0 7',
        'execute ns=2;s=Plant ns=2;s=Set 1 a',
        'execute ns=2;s=Plant ns=2;s=Set 1 b',
      ],
    ],
    [
      'browses',
      message('BrowseRequest', {
        view: { viewId: number(0), timestamp: 0n, viewVersion: 0 },
        requestedMaxReferencesPerNode: 0,
        nodesToBrowse: [
          {
            nodeId: number(85),
            browseDirection: 0,
            referenceTypeId: number(33),
            includeSubtypes: true,
            nodeClassMask: 0,
            resultMask: 63,
          },
        ],
      }),
      ['browse i=85'],
    ],
    [
      'browses on',
      message('BrowseNextRequest', { releaseContinuationPoints: false, continuationPoints: [Uint8Array.of(1)] }),
      ['browse'],
    ],
    [
      'monitors',
      message('CreateMonitoredItemsRequest', {
        subscriptionId: 1,
        timestampsToReturn: 2,
        itemsToCreate: [{ ...monitored, itemToMonitor: { ...readValue, nodeId: node('Speed') } }],
      }),
      ['read ns=2;s=Speed Value'],
    ],
    ['publishes', message('PublishRequest', { subscriptionAcknowledgements: null }), ['connect']],
    [
      'takes over',
      message('TransferSubscriptionsRequest', { subscriptionIds: [1], sendInitialValues: true }),
      ['subscribe'],
    ],
    [
      'gives other names',
      message('RegisterNodesRequest', { nodesToRegister: [node('Speed')] }),
      ['opaque ns=2;s=Speed'],
    ],
    [
      'adds nodes',
      message('AddNodesRequest', {
        nodesToAdd: [{ ...add, parentNodeId: number(85), requestedNewNodeId: node('New') }],
      }),
      ['edit i=85', 'edit ns=2;s=New'],
    ],
    [
      'deletes nodes',
      message('DeleteNodesRequest', { nodesToDelete: [{ nodeId: node('New'), deleteTargetReferences: true }] }),
      ['edit ns=2;s=New'],
    ],
    [
      'rewrites history',
      message('HistoryUpdateRequest', {
        historyUpdateDetails: [
          structure(682, 'UpdateDataDetails', {
            nodeId: node('Speed'),
            performInsertReplace: 2,
            updateValues: [{ value: one(DOUBLE, 3) }],
          }),
          structure(688, 'DeleteRawModifiedDetails', {
            nodeId: node('Flow'),
            isDeleteModified: false,
            startTime: 0n,
            endTime: 1n,
          }),
          structure(886, 'Range', { low: 0, high: 1 }),
        ],
      }),
      ['write ns=2;s=Speed History 3.0 3', 'write ns=2;s=Flow History DeleteRawModifiedDetails', 'opaque Range'],
    ],
    ['writes nothing', message('WriteRequest', { nodesToWrite: null }), ['write']],
    ['closes', message('CloseSessionRequest', { deleteSubscriptions: true }), ['connect']],
  ])('%s', (_, sent, expected) => {
    const operations = found(sent);
    expect(operations.map(short)).toEqual(expected);
    for (const { facts, resource } of operations) {
      expect(facts.protocol).toBe('opcua');
      expect(resource).toMatchObject({ kind: 'thing', jid: 'plant@a.b' });
    }
  });

  it('says how channels are secured, and who signs in', () => {
    const open = message('OpenSecureChannelRequest', {
      clientProtocolVersion: 0,
      requestType: 0,
      securityMode: 1,
      clientNonce: null,
      requestedLifetime: 1000,
    });
    expect(found(open)).toMatchObject([
      { action: 'connect', facts: { name: 'openSecureChannel', securityMode: 'None' } },
    ]);
    const activate = (userIdentityToken: ExtensionObject) =>
      found(
        message('ActivateSessionRequest', {
          clientSignature: { algorithm: null, signature: null },
          clientSoftwareCertificates: null,
          localeIds: null,
          userIdentityToken,
          userTokenSignature: { algorithm: null, signature: null },
        }),
      ).map(({ action, facts }) => [action, facts.userToken, facts.text]);
    expect(activate(NOTHING)).toEqual([['connect', 'Anonymous', undefined]]);
    expect(activate(structure(321, 'AnonymousIdentityToken', { policyId: '0' }))).toEqual([
      ['connect', 'Anonymous', undefined],
    ]);
    const user = { policyId: '1', userName: 'ana', password: Uint8Array.of(1), encryptionAlgorithm: null };
    expect(activate(structure(324, 'UserNameIdentityToken', user))).toEqual([['connect', 'UserName', 'ana']]);
    expect(activate(structure(886, 'Range', { low: 0, high: 1 }))).toEqual([['opaque', undefined, 'Range']]);
    expect(activate(hidden(number(9, 3)))[0]?.[0]).toBe('opaque');
  });
});
