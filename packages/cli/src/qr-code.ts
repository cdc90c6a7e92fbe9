import encodeQR from 'qr';

/** A QR code of half blocks, for terminals. */
export function qrText(text: string): string {
  return encodeQR(text, 'ascii', { border: 2 }).trimEnd();
}

export function qrSvg(text: string): string {
  return encodeQR(text, 'svg', { border: 4 });
}
