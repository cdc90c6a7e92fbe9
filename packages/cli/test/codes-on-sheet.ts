import decodeQR from 'qr/decode.js';

/** Draws the codes of a sheet as a printer would, and reads them as a camera would. */
export function codesOn(sheet: string): readonly string[] {
  return [...sheet.matchAll(/<path transform="scale\([\d.]+\)" d="([^"]+)"/g)].map(([, path = '']) => {
    const runs = [...path.matchAll(/M(\d+) (\d+)h(\d+)v1h-\d+z/g)].map(([, ...numbers]) => numbers.map(Number));
    const side = Math.max(...runs.map(([, y = 0]) => y)) + 5;
    const scale = 4;
    const width = side * scale;
    const data = new Uint8Array(width * width * 4).fill(255);
    for (const [x = 0, y = 0, length = 0] of runs) {
      for (let row = y * scale; row < (y + 1) * scale; row++) {
        for (let column = x * scale; column < (x + length) * scale; column++) {
          data.fill(0, (row * width + column) * 4, (row * width + column) * 4 + 3);
        }
      }
    }
    return decodeQR({ width, height: width, data });
  });
}
