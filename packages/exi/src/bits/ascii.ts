const decoder = new TextDecoder('latin1');
/** Longer runs are cheaper to hand to TextDecoder. */
const LONG = 64;

/** The text in ASCII bytes `start` to `end`. Eight at a time make one flat string instead of a rope of characters. */
export function asciiText(bytes: Uint8Array, start: number, end: number): string {
  if (end - start > LONG) return decoder.decode(bytes.subarray(start, end));
  let text = '';
  let at = start;
  for (; at + 8 <= end; at += 8) {
    text += String.fromCharCode(
      bytes[at] as number,
      bytes[at + 1] as number,
      bytes[at + 2] as number,
      bytes[at + 3] as number,
      bytes[at + 4] as number,
      bytes[at + 5] as number,
      bytes[at + 6] as number,
      bytes[at + 7] as number,
    );
  }
  for (; at < end; at++) text += String.fromCharCode(bytes[at] as number);
  return text;
}
