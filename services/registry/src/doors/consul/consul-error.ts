/** What a caller of the Consul door is told in plain text, as Consul does. Anything else that is thrown is a 500. */
export class ConsulError extends Error {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.name = 'ConsulError';
    this.status = status;
    this.headers = headers;
  }
}

/** 400: what was sent is not what can be asked. */
export function badRequest(message: string): ConsulError {
  return new ConsulError(400, message);
}
