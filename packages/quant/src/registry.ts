// Chooses the scheme from a checkpoint's quantization_config.
import { type BlockFormat, OctavoError } from "@octavo/core";
import { ggufScheme } from "./gguf.js";
import type { QuantScheme } from "./scheme.js";
import { unquantized } from "./unquantized.js";

/** What a backend makes of quantized weights. */
export interface QuantSchemeOptions {
  /** Block formats that it computes as they are (`BackendInfo.blockFormats`). Default: none, everything is decoded. */
  readonly packed?: readonly BlockFormat[];
}

/** Makes a scheme from its `quantization_config`. @throws CHECKPOINT or UNSUPPORTED for values it cannot use */
type SchemeFactory = (config: Readonly<Record<string, unknown>>, options: QuantSchemeOptions) => QuantScheme;

/** By `quant_method`. A new scheme is one file and one line here. */
const SCHEMES: ReadonlyMap<string, SchemeFactory> = new Map([
  // The source shows experts as a GGUF file has them.
  ["mxfp4", (_, options) => ({ ...ggufScheme(options), name: "mxfp4" })],
]);

/** The methods that {@link quantScheme} accepts, beside the absence of any. */
export function supportedQuantMethods(): string[] {
  return [...SCHEMES.keys()].sort();
}

/**
 * The scheme of a checkpoint.
 * @param config `quantization_config` of config.json as it stands there; undefined or null means unquantized
 * @param file config.json's path, for error messages
 * @param options what the backend computes
 * @throws UNSUPPORTED that names the method found and what there is; CHECKPOINT when the config names no method
 */
export function quantScheme(config: unknown, file = "config.json", options: QuantSchemeOptions = {}): QuantScheme {
  if (config === undefined || config === null) return unquantized;
  if (typeof config !== "object" || Array.isArray(config)) {
    throw damaged(file, `field "quantization_config" is ${JSON.stringify(config)}, expected an object`);
  }
  const fields = config as Record<string, unknown>;
  const method = fields.quant_method;
  if (typeof method !== "string") {
    const found = JSON.stringify(method) ?? "missing";
    throw damaged(file, `field "quantization_config.quant_method" is ${found}, expected a method's name`);
  }
  const factory = SCHEMES.get(method);
  if (factory !== undefined) return factory(fields, options);
  const supported = ["unquantized checkpoints", ...supportedQuantMethods()].join(", ");
  throw new OctavoError({
    code: "UNSUPPORTED",
    message:
      `${file}: the checkpoint is quantized with "${method}", which Octavo does not read; it reads: ${supported}. ` +
      "Take the model's unquantized version (float32, float16 or bfloat16).",
    param: "quantization_config.quant_method",
  });
}

function damaged(file: string, found: string): OctavoError {
  const message = `${file}: ${found}. Remove quantization_config if the weights are plain, or download the file again.`;
  return new OctavoError({ code: "CHECKPOINT", message, param: "quantization_config" });
}
