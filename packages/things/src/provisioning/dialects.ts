import { PROVISIONING_NAMESPACE } from '../thing/friend-codec.ts';
import {
  decodeControlAnswer,
  decodeControlQuestion,
  decodeReadAnswer,
  decodeReadQuestion,
  encodeControlAnswer,
  encodeControlQuestion,
  encodeReadAnswer,
  encodeReadQuestion,
} from './codec.ts';
import type { ProvisioningDialect } from './dialect.ts';
import { harmonizedProvisioning } from './harmonized-codec.ts';

/** As XEP-0324 has it. */
export const XEP_PROVISIONING: ProvisioningDialect = {
  name: 'xep',
  namespace: PROVISIONING_NAMESPACE,
  tokenNamespace: PROVISIONING_NAMESPACE,
  ownerNamespace: undefined,
  acknowledgesByElement: true,
  encodeReadQuestion,
  decodeReadQuestion,
  encodeReadAnswer,
  decodeReadAnswer,
  encodeControlQuestion,
  decodeControlQuestion,
  encodeControlAnswer,
  decodeControlAnswer,
};

/** All that are spoken here, best first. */
export const PROVISIONING_DIALECTS: readonly ProvisioningDialect[] = [
  XEP_PROVISIONING,
  harmonizedProvisioning('nf'),
  harmonizedProvisioning('ieee'),
];

/** The namespaces of tokens, each once. */
export const TOKEN_NAMESPACES: readonly string[] = PROVISIONING_DIALECTS.map(({ tokenNamespace }) => tokenNamespace);
