// An error that a client gets to see, in OpenAI's shape.

const TYPES: Readonly<Record<number, string>> = {
  400: "BadRequestError",
  401: "AuthenticationError",
  404: "NotFoundError",
  405: "MethodNotAllowedError",
  413: "RequestTooLargeError",
  415: "UnsupportedMediaTypeError",
  500: "InternalServerError",
  501: "NotImplementedError",
  503: "ServiceUnavailableError",
  504: "TimeoutError",
};

/** nginx's status for a client that went away before its reply. */
export const CLIENT_CLOSED_REQUEST = 499;

export interface ApiErrorOptions {
  readonly status: number;
  /** What was asked, what was found, what to do. */
  readonly message: string;
  /** The request field at fault, such as `messages[0].content`. */
  readonly param?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
}

/** OpenAI's error body; `code` is the HTTP status. */
export interface ErrorBody {
  readonly error: {
    readonly message: string;
    readonly type: string;
    readonly param: string | null;
    readonly code: number;
  };
}

/** Thrown anywhere below a route, it becomes the reply. */
export class ApiError extends Error {
  readonly status: number;
  readonly param: string | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor({ status, message, param, headers = {} }: ApiErrorOptions) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.param = param;
    this.headers = headers;
  }

  get body(): ErrorBody {
    const { message, param = null, status: code } = this;
    return { error: { message, type: TYPES[code] ?? "Error", param, code } };
  }

  toResponse(): Response {
    return Response.json(this.body, { status: this.status, headers: this.headers });
  }
}

/** A 400 that names the field. */
export function badRequest(message: string, param?: string): ApiError {
  return new ApiError({ status: 400, message, param });
}
