// Where a model's weights come from: its files, or nowhere.
import { type Backend, checkArgument, type FloatDType, OctavoError } from "@octavo/core";
import { withBlueprintNames } from "./base-prefix.js";
import { DummySource } from "./dummy-source.js";
import type { ModelSource, WeightFiles, WeightFormat } from "./model-source.js";
import { checkUnusedTensors, type LoadPlan, tensorNames } from "./unused-tensors.js";

/**
 * "auto" reads what MODEL has, safetensors before PyTorch's files ("pt": pytorch_model.bin and others); "dummy" makes random weights
 * from the config alone.
 */
export type LoadFormat = "auto" | WeightFormat | "dummy";

const FORMATS: readonly string[] = ["auto", "safetensors", "pt", "gguf", "dummy"] satisfies LoadFormat[];

/** @throws INVALID_ARGUMENT for a format that is not MODEL's; UNSUPPORTED for dummy weights of a quantized config */
export function checkLoadFormat(format: LoadFormat, source: ModelSource): LoadFormat {
  checkArgument(
    FORMATS.includes(format),
    `load_format must be one of ${FORMATS.join(", ")}, got ${JSON.stringify(format)}`,
    "load_format",
  );
  checkArgument(
    format === "auto" || format === "dummy" || source.formats.includes(format) || isEmptyFolder(source, format),
    () =>
      `load_format is ${format}, but ${source.path} has ${source.formats.join(" and ") || "no weights"}; leave it at auto`,
    "load_format",
  );
  if (format !== "dummy" || (source.config.quantization ?? null) === null) return format;
  throw new OctavoError({
    code: "UNSUPPORTED",
    message:
      `load_format dummy makes plain weights only, and ${source.configFile} has a quantization_config: ` +
      "remove that from the file, or load real weights",
    param: "load_format",
  });
}

/** Then opening says which files are missing. */
function isEmptyFolder({ formats }: ModelSource, format: LoadFormat): boolean {
  return formats.length === 0 && format !== "gguf";
}

/** Opens the weights. @throws CHECKPOINT when files are missing, damaged or another model's */
export function openSource(
  plan: LoadPlan & { readonly loadFormat: LoadFormat; readonly dtype: FloatDType },
  backend: Backend,
): WeightFiles | DummySource {
  const { architecture, source, scheme, specs, dtype } = plan;
  if (plan.loadFormat === "dummy") return new DummySource(specs, scheme, backend, dtype);
  const checkpoint = source.openWeights((path) => backend.mapFile(path), plan.loadFormat);
  try {
    const named = withBlueprintNames(checkpoint, tensorNames(plan), architecture.basePrefix ?? "model.");
    checkUnusedTensors(named, plan);
    return named;
  } catch (error) {
    checkpoint.dispose();
    throw error;
  }
}
