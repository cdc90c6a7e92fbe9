import { pause } from '@thingward/things';
import { decodeImage } from './decode-image.ts';

/** Between two looks; a code that is held before the camera is found soon enough. */
const LOOK_EVERY_MS = 150;

/** Why there is no picture from a camera, for people. */
export class CameraError extends Error {
  override readonly name = 'CameraError';
  readonly code = 'no-camera';
}

/**
 * Shows the camera in `video` until it sees a QR code or the signal is aborted; the camera is off afterwards.
 * @returns the text of the code
 * @throws CameraError; the signal's reason
 */
export async function scanWithCamera(video: HTMLVideoElement, signal: AbortSignal): Promise<string> {
  const stream = await openCamera();
  try {
    signal.throwIfAborted();
    video.srcObject = stream;
    await video.play();
    for (;;) {
      await pause(LOOK_EVERY_MS);
      signal.throwIfAborted();
      const text = video.videoWidth > 0 ? await decodeImage(video, video.videoWidth, video.videoHeight) : undefined;
      if (text !== undefined) return text;
    }
  } finally {
    for (const track of stream.getTracks()) track.stop();
    video.srcObject = null;
  }
}

async function openCamera(): Promise<MediaStream> {
  // There is none outside of secure contexts.
  if (!navigator.mediaDevices)
    throw new CameraError('Browsers let only pages over HTTPS (or on this machine) use the camera.');
  try {
    return await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' }, audio: false });
  } catch (error) {
    throw new CameraError(explainCamera(error), { cause: error });
  }
}

function explainCamera(error: unknown): string {
  const name = error instanceof DOMException ? error.name : '';
  if (name === 'NotAllowedError') return 'The camera may not be used: allow it for this page in the browser.';
  if (name === 'NotFoundError') return 'There is no camera on this device.';
  if (name === 'NotReadableError') return 'The camera is in use by another program.';
  return 'The camera can’t be opened.';
}
