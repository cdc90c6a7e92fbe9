import { row } from './row.ts';

/** Subscriptions and what they notify of. @see OPC 10000-4 §5.14 and §7.25 */
export const SUBSCRIPTION_STRUCTURES = {
  CreateSubscriptionRequest: row(787, {
    requestHeader: 'RequestHeader',
    requestedPublishingInterval: 'Double',
    requestedLifetimeCount: 'UInt32',
    requestedMaxKeepAliveCount: 'UInt32',
    maxNotificationsPerPublish: 'UInt32',
    publishingEnabled: 'Boolean',
    priority: 'Byte',
  }),
  CreateSubscriptionResponse: row(790, {
    responseHeader: 'ResponseHeader',
    subscriptionId: 'UInt32',
    revisedPublishingInterval: 'Double',
    revisedLifetimeCount: 'UInt32',
    revisedMaxKeepAliveCount: 'UInt32',
  }),
  ModifySubscriptionRequest: row(793, {
    requestHeader: 'RequestHeader',
    subscriptionId: 'UInt32',
    requestedPublishingInterval: 'Double',
    requestedLifetimeCount: 'UInt32',
    requestedMaxKeepAliveCount: 'UInt32',
    maxNotificationsPerPublish: 'UInt32',
    priority: 'Byte',
  }),
  ModifySubscriptionResponse: row(796, {
    responseHeader: 'ResponseHeader',
    revisedPublishingInterval: 'Double',
    revisedLifetimeCount: 'UInt32',
    revisedMaxKeepAliveCount: 'UInt32',
  }),
  SetPublishingModeRequest: row(799, {
    requestHeader: 'RequestHeader',
    publishingEnabled: 'Boolean',
    subscriptionIds: 'UInt32[]',
  }),
  SetPublishingModeResponse: row(802, {
    responseHeader: 'ResponseHeader',
    results: 'StatusCode[]',
    diagnosticInfos: 'DiagnosticInfo[]',
  }),
  PublishRequest: row(826, {
    requestHeader: 'RequestHeader',
    subscriptionAcknowledgements: 'SubscriptionAcknowledgement[]',
  }),
  SubscriptionAcknowledgement: row(823, { subscriptionId: 'UInt32', sequenceNumber: 'UInt32' }),
  PublishResponse: row(829, {
    responseHeader: 'ResponseHeader',
    subscriptionId: 'UInt32',
    availableSequenceNumbers: 'UInt32[]',
    moreNotifications: 'Boolean',
    notificationMessage: 'NotificationMessage',
    results: 'StatusCode[]',
    diagnosticInfos: 'DiagnosticInfo[]',
  }),
  NotificationMessage: row(805, {
    sequenceNumber: 'UInt32',
    publishTime: 'DateTime',
    notificationData: 'ExtensionObject[]',
  }),
  RepublishRequest: row(832, {
    requestHeader: 'RequestHeader',
    subscriptionId: 'UInt32',
    retransmitSequenceNumber: 'UInt32',
  }),
  RepublishResponse: row(835, { responseHeader: 'ResponseHeader', notificationMessage: 'NotificationMessage' }),
  TransferSubscriptionsRequest: row(841, {
    requestHeader: 'RequestHeader',
    subscriptionIds: 'UInt32[]',
    sendInitialValues: 'Boolean',
  }),
  TransferSubscriptionsResponse: row(844, {
    responseHeader: 'ResponseHeader',
    results: 'TransferResult[]',
    diagnosticInfos: 'DiagnosticInfo[]',
  }),
  TransferResult: row(838, { statusCode: 'StatusCode', availableSequenceNumbers: 'UInt32[]' }),
  DeleteSubscriptionsRequest: row(847, { requestHeader: 'RequestHeader', subscriptionIds: 'UInt32[]' }),
  DeleteSubscriptionsResponse: row(850, {
    responseHeader: 'ResponseHeader',
    results: 'StatusCode[]',
    diagnosticInfos: 'DiagnosticInfo[]',
  }),
  DataChangeNotification: row(811, {
    monitoredItems: 'MonitoredItemNotification[]',
    diagnosticInfos: 'DiagnosticInfo[]',
  }),
  MonitoredItemNotification: row(808, { clientHandle: 'UInt32', value: 'DataValue' }),
  EventNotificationList: row(916, { events: 'EventFieldList[]' }),
  EventFieldList: row(919, { clientHandle: 'UInt32', eventFields: 'Variant[]' }),
  StatusChangeNotification: row(820, { status: 'StatusCode', diagnosticInfo: 'DiagnosticInfo' }),
} as const;
