// The names that the one engine answers to.
import { ApiError } from "../errors/api-error.js";

/** The served name that a request's `model` stands for; the first one when it is left out. @throws ApiError 404 */
export function resolveModel(served: readonly string[], requested: string | undefined): string {
  if (!requested) return served[0]!;
  if (served.includes(requested)) return requested;
  throw new ApiError({
    status: 404,
    message: `The model \`${requested.slice(0, 256)}\` does not exist.`,
    param: "model",
  });
}
