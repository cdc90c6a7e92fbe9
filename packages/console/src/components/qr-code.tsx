import { useMemo } from 'preact/hooks';
import encodeQR from 'qr';

const QUIET_ZONE = 4;

/** A QR code, always dark on white so that it can be scanned from the screen. */
export function QrCode({ text, label }: { readonly text: string; readonly label: string }) {
  const { size, path } = useMemo(() => draw(text), [text]);
  return (
    <svg class="qr-code" viewBox={`0 0 ${size} ${size}`} role="img" aria-label={label} shape-rendering="crispEdges">
      <rect width={size} height={size} fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  );
}

/** Runs of dark modules as rectangles of one path. */
function draw(text: string): { size: number; path: string } {
  const rows = encodeQR(text, 'raw', { ecc: 'medium', border: QUIET_ZONE });
  let path = '';
  for (const [y, row] of rows.entries()) {
    for (let x = 0; x < row.length; x++) {
      if (!row[x]) continue;
      const begin = x;
      while (row[x]) x++;
      path += `M${begin} ${y}h${x - begin}v1h-${x - begin}z`;
    }
  }
  return { size: rows.length, path };
}
