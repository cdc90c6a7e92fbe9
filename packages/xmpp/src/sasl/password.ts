import { PrecisError } from '../precis/error.ts';
import { opaqueString } from '../precis/profiles.ts';
import { SaslError } from './error.ts';

/** The password in the form in which passwords are compared. @throws SaslError `malformed-request` @see RFC 8265 §4, §6.2 */
export function preparePassword(password: string): string {
  try {
    return opaqueString(password);
  } catch (error) {
    if (!(error instanceof PrecisError)) throw error;
    throw new SaslError('malformed-request', `this can't be a password: ${error.message}`);
  }
}
