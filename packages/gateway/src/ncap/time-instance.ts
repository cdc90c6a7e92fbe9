const NANOSECONDS_IN_MS = 1_000_000;
/** Octets of the seconds, by those of the whole: 4 in the edition of 2007, 6 in that of 2024; 4 of nanoseconds follow. */
const SECONDS_OCTETS: Readonly<Record<number, number>> = { 8: 4, 10: 6 };

/** The time that a TIM tells: seconds since 1970 and nanoseconds, UTC. Undefined for what has another length or no whole second. */
export function instantOf(octets: Uint8Array): Date | undefined {
  const secondsOctets = SECONDS_OCTETS[octets.length];
  if (secondsOctets === undefined) return undefined;
  const number = (part: Uint8Array) => part.reduce((sum, octet) => sum * 256 + octet, 0);
  const seconds = number(octets.subarray(0, secondsOctets));
  const nanoseconds = number(octets.subarray(secondsOctets));
  if (nanoseconds >= 1e9) return undefined;
  const time = new Date(seconds * 1000 + Math.floor(nanoseconds / NANOSECONDS_IN_MS));
  return Number.isNaN(time.getTime()) ? undefined : time;
}
