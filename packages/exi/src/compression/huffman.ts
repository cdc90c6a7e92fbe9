/** Code lengths, none above the limit, of a Huffman code for symbols of these frequencies. */
export function huffmanLengths(frequencies: Uint32Array, limit: number): Uint8Array {
  const lengths = new Uint8Array(frequencies.length);
  const used = [...frequencies.keys()].filter((symbol) => (frequencies[symbol] as number) > 0);
  used.sort((a, b) => (frequencies[a] as number) - (frequencies[b] as number) || a - b);
  if (used.length <= 1) {
    for (const symbol of used) lengths[symbol] = 1;
    return lengths;
  }
  const counts = limited(depths(used.map((symbol) => frequencies[symbol] as number)), limit);
  // The rarest symbols get the longest codes.
  let next = 0;
  for (let length = limit; length > 0; length--) {
    for (let i = counts[length] as number; i > 0; i--) lengths[used[next++] as number] = length;
  }
  return lengths;
}

/** How deep each leaf is in the Huffman tree of these weights, which ascend. */
function depths(weights: readonly number[]): readonly number[] {
  const parents: number[] = [];
  const sums: number[] = [...weights];
  let leaf = 0;
  let node = weights.length;
  const take = () => {
    const takesLeaf =
      leaf < weights.length && (node >= sums.length || (sums[leaf] as number) <= (sums[node] as number));
    return takesLeaf ? leaf++ : node++;
  };
  while (sums.length < weights.length * 2 - 1) {
    const [one, two] = [take(), take()];
    parents[one] = parents[two] = sums.length;
    sums.push((sums[one] as number) + (sums[two] as number));
  }
  const depth: number[] = [];
  depth[sums.length - 1] = 0;
  for (let i = sums.length - 2; i >= 0; i--) depth[i] = (depth[parents[i] as number] as number) + 1;
  return depth.slice(0, weights.length);
}

/** How many codes of each length: too long ones shortened, others lengthened to make room. */
function limited(depth: readonly number[], limit: number): number[] {
  const counts = new Array<number>(limit + 1).fill(0);
  for (const each of depth) counts[Math.min(each, limit)] = (counts[Math.min(each, limit)] as number) + 1;
  let total = 0;
  for (let length = 1; length <= limit; length++) total += (counts[length] as number) * 2 ** (limit - length);
  while (total > 2 ** limit) {
    counts[limit] = (counts[limit] as number) - 1;
    let length = limit - 1;
    while (counts[length] === 0) length--;
    counts[length] = (counts[length] as number) - 1;
    counts[length + 1] = (counts[length + 1] as number) + 2;
    total--;
  }
  return counts;
}

/** The codes that go with these lengths, their bits in the order they are written. @see RFC 1951 §3.2.2 */
export function huffmanCodes(lengths: Uint8Array): Uint16Array {
  const counts = new Uint16Array(17);
  for (const length of lengths) if (length > 0) counts[length] = (counts[length] as number) + 1;
  const next = new Uint16Array(17);
  for (let bits = 1; bits < 16; bits++) next[bits + 1] = ((next[bits] as number) + (counts[bits] as number)) << 1;
  const codes = new Uint16Array(lengths.length);
  lengths.forEach((length, symbol) => {
    if (length === 0) return;
    const code = next[length] as number;
    next[length] = code + 1;
    let reversed = 0;
    for (let i = 0; i < length; i++) reversed |= ((code >> i) & 1) << (length - 1 - i);
    codes[symbol] = reversed;
  });
  return codes;
}
