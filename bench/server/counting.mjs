/** Counts how often a text ends in a stream of chunks. @returns a function that takes a chunk and gives the number of ends in it */
export function occurrences(text) {
  const needle = Buffer.from(text);
  let rest = Buffer.alloc(0);
  return (chunk) => {
    const bytes = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
    let count = 0;
    let from = 0;
    for (let at = bytes.indexOf(needle); at !== -1; at = bytes.indexOf(needle, from)) {
      count++;
      from = at + needle.length;
    }
    rest = Buffer.from(bytes.subarray(Math.max(from, bytes.length - needle.length + 1)));
    return count;
  };
}
