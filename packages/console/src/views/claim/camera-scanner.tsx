import { useEffect, useRef } from 'preact/hooks';
import { explain } from '../../model/explain.ts';
import { scanWithCamera } from '../../qr/camera.ts';

/** The picture of the camera, until it sees a code. */
export function CameraScanner({
  onFound,
  onProblem,
  onClose,
}: {
  readonly onFound: (text: string) => void;
  readonly onProblem: (problem: string) => void;
  readonly onClose: () => void;
}) {
  const video = useRef<HTMLVideoElement>(null);
  const handlers = useRef({ onFound, onProblem });
  handlers.current = { onFound, onProblem };
  useEffect(() => {
    const closed = new AbortController();
    if (video.current) {
      scanWithCamera(video.current, closed.signal).then(
        (text) => handlers.current.onFound(text),
        (error: unknown) => {
          if (!closed.signal.aborted) handlers.current.onProblem(explain(error));
        },
      );
    }
    return () => closed.abort(new Error('the scanner was closed'));
  }, []);
  return (
    <div class="scanner">
      <div class="scanner-view">
        <video ref={video} muted playsInline aria-label="Picture of the camera" />
        <span class="scanner-frame" aria-hidden="true" />
      </div>
      <div class="scanner-foot">
        <span class="muted" role="status">
          Hold the label before the camera.
        </span>
        <button type="button" class="button" onClick={onClose}>
          Stop
        </button>
      </div>
    </div>
  );
}
