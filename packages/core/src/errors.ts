// One base class for every error Octavo throws on purpose: a machine-readable code, a message for people.

const marker = Symbol.for("octavo.error");

/**
 * What went wrong, for programs. Codes never change meaning; new ones may be added.
 * - `INVALID_ARGUMENT`: the caller passed something that cannot work; `param` names it
 * - `UNSUPPORTED`: known, but Octavo does not do it (yet)
 * - `CHECKPOINT`: a model folder or file is missing something or is damaged
 * - `DOWNLOAD`: a model cannot be had from a hub or its cache: not there, not allowed, no network, damaged, disk full
 * - `BACKEND_LOAD`: a native backend could not be loaded
 * - `OUT_OF_MEMORY`: memory is short, of the host or of a device; the message has the sizes
 * - `QUEUE_FULL`: too many requests wait; retry later
 * - `TIMEOUT`: it was not done in the time that the caller gave it
 * - `ENGINE_DEAD`: the engine thread failed; `cause` says why
 * - `DISPOSED`: used after dispose()
 * - `INTERNAL`: a broken invariant: a bug of ours
 */
export type ErrorCode =
  | "INVALID_ARGUMENT"
  | "UNSUPPORTED"
  | "CHECKPOINT"
  | "DOWNLOAD"
  | "BACKEND_LOAD"
  | "OUT_OF_MEMORY"
  | "QUEUE_FULL"
  | "TIMEOUT"
  | "ENGINE_DEAD"
  | "DISPOSED"
  | "INTERNAL";

/** What an {@link OctavoError} is made of, and what crosses threads. */
export interface OctavoErrorOptions {
  /** What went wrong, for programs. */
  readonly code: ErrorCode;
  /** What was asked, what was found, what to do. */
  readonly message: string;
  /** The parameter, field, file or tensor at fault. */
  readonly param?: string;
  /** What was thrown below. */
  readonly cause?: unknown;
}

/** An error with a stable `code`. It keeps its identity across duplicate installs and, through {@link OctavoError.toJSON}, across threads. */
export class OctavoError extends Error {
  readonly [marker] = true;
  /** What went wrong, for programs. */
  readonly code: ErrorCode;
  /** The parameter, field, file or tensor at fault. */
  readonly param: string | undefined;

  constructor({ code, message, param, cause }: OctavoErrorOptions) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "OctavoError";
    this.code = code;
    this.param = param;
  }

  /** True for an OctavoError of any installed copy of this package; with `code`, only of that code. */
  static isInstance(value: unknown, code?: ErrorCode): value is OctavoError {
    return (
      typeof value === "object" && value !== null && marker in value && (!code || (value as OctavoError).code === code)
    );
  }

  /** A plain record that survives `postMessage`; {@link OctavoError.fromJSON} reads it back. */
  toJSON(): OctavoErrorOptions {
    const cause = this.cause instanceof Error ? (this.cause.stack ?? this.cause.message) : this.cause;
    return { code: this.code, message: this.message, param: this.param, cause: cause && String(cause) };
  }

  /** The error that {@link OctavoError.toJSON} wrote. */
  static fromJSON(options: OctavoErrorOptions): OctavoError {
    return new OctavoError(options);
  }

  /** Any thrown value as an OctavoError; foreign ones become `INTERNAL` with the original as cause. */
  static from(value: unknown): OctavoError {
    if (OctavoError.isInstance(value)) return value;
    const message = value instanceof Error ? value.message : String(value);
    return new OctavoError({ code: "INTERNAL", message, cause: value });
  }
}

/** A message, or a function that makes it: for checks on hot paths, which must not build a text that nobody reads. */
export type Message = string | (() => string);

/** Throws `INVALID_ARGUMENT` unless `condition` holds. */
export function checkArgument(condition: unknown, message: Message, param?: string): asserts condition {
  if (!condition) throw new OctavoError({ code: "INVALID_ARGUMENT", message: textOf(message), param });
}

/** Throws `INTERNAL` unless `condition` holds: for invariants of ours, with the numbers in the message. */
export function assertInternal(condition: unknown, message: Message): asserts condition {
  if (!condition) throw new OctavoError({ code: "INTERNAL", message: textOf(message) });
}

function textOf(message: Message): string {
  return typeof message === "function" ? message() : message;
}
