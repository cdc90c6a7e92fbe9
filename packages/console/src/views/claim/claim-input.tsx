import { useSignal } from '@preact/signals';
import { Icon } from '../../components/icon.tsx';
import { Notice } from '../../components/notice.tsx';
import type { Claim } from '../../model/claim.ts';
import { decodeFile } from '../../qr/decode-image.ts';
import { CameraScanner } from './camera-scanner.tsx';

/** Three ways to give the code: the camera, a picture, the keyboard. */
export function ClaimInput({ claim, problem }: { readonly claim: Claim; readonly problem: string | undefined }) {
  const text = useSignal('');
  const isScanning = useSignal(false);
  const stopScanning = () => {
    isScanning.value = false;
  };
  const takeFile = async (file: File | undefined) => {
    if (!file) return;
    try {
      const found = await decodeFile(file);
      if (found === undefined) claim.fail('There is no QR code to be found in this picture.');
      else claim.enter(found);
    } catch {
      claim.fail('This file is not a picture that the browser can open.');
    }
  };
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    claim.enter(text.value);
  };
  return (
    <section class="panel claim-input" aria-label="Code of the Thing">
      {isScanning.value ? (
        <CameraScanner
          onFound={(found) => claim.enter(found)}
          onProblem={(why) => {
            stopScanning();
            claim.fail(why);
          }}
          onClose={stopScanning}
        />
      ) : (
        <div class="scan-ways">
          <button
            type="button"
            class="button primary"
            onClick={() => {
              isScanning.value = true;
            }}
          >
            <Icon name="camera" />
            Scan with the camera
          </button>
          <label class="button file-button">
            <Icon name="picture" />
            From a picture
            <input
              type="file"
              accept="image/*"
              class="visually-hidden"
              onChange={(event) => {
                const input = event.currentTarget;
                void takeFile(input.files?.[0]).finally(() => {
                  input.value = '';
                });
              }}
            />
          </label>
        </div>
      )}
      <form onSubmit={submit} class="claim-form">
        <label class="field">
          <span class="field-label">Or enter the text of the code</span>
          <textarea
            name="uri"
            rows={3}
            spellcheck={false}
            autocomplete="off"
            placeholder="IoTDisco;SN:…;MAN:…;KEY:…"
            value={text}
            onInput={(event) => {
              text.value = event.currentTarget.value;
            }}
          />
        </label>
        <button type="submit" class="button" disabled={text.value.trim() === ''}>
          Continue
        </button>
      </form>
      {problem !== undefined && (
        <Notice kind="error" testId="claim-problem">
          {problem}
        </Notice>
      )}
    </section>
  );
}
