/** The name of a file for a localpart: what that may have and a file name had better not is written as its octets. */
export function fileNameOf(localpart: string): string {
  return localpart.replace(/[^\p{L}\p{N}._-]|^\./gu, (character) =>
    [...Buffer.from(character)].map((octet) => `%${octet.toString(16).padStart(2, '0')}`).join(''),
  );
}
