/**
 * Devices could not be enrolled or revoked as asked: `exists` where an account is there that is no device, `unknown` where a device is not,
 * `authority` where the files of the device authority can't be used.
 */
export class DeviceError extends Error {
  override readonly name = 'DeviceError';
  readonly code: 'exists' | 'unknown' | 'authority';

  constructor(code: DeviceError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
