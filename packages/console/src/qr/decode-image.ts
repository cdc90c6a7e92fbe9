/** Longest side of what is searched for a code, in pixels: more only takes longer. */
const MAX_SIDE = 1280;

type Source = ImageBitmap | HTMLVideoElement;

const canvas = document.createElement('canvas');

/** The text of a QR code in a picture; undefined when there is none. */
export async function decodeImage(source: Source, width: number, height: number): Promise<string | undefined> {
  const { decodeQR } = await import('qr/decode.js');
  const scale = Math.min(1, MAX_SIDE / Math.max(width, height));
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) return undefined;
  context.drawImage(source, 0, 0, canvas.width, canvas.height);
  try {
    return decodeQR(context.getImageData(0, 0, canvas.width, canvas.height));
  } catch {
    // The decoder throws for every picture without a code.
    return undefined;
  }
}

/** The text of a QR code in a file; undefined when there is none. @throws when the file is no picture */
export async function decodeFile(file: Blob): Promise<string | undefined> {
  const bitmap = await createImageBitmap(file);
  try {
    return await decodeImage(bitmap, bitmap.width, bitmap.height);
  } finally {
    bitmap.close();
  }
}
