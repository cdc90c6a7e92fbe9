/** Contact data in the form of RFC 2426. @see XEP-0054 */
export const VCARD_TEMP = 'vcard-temp';
