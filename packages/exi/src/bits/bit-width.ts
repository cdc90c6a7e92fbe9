/** Bits it takes to tell so many values apart: none for one of one. @see EXI 1.0 §6.2 */
export function bitWidth(count: number): number {
  return count <= 1 ? 0 : 32 - Math.clz32(count - 1);
}
