// Where a model's weights come from: its files, or nowhere.
import { type Backend, checkArgument, type FloatDType, OctavoError } from "@octavo/core";
import { withBlueprintNames } from "./base-prefix.js";
import { blueprintParameters } from "./blueprint-parameters.js";
import { DummySource } from "./dummy-source.js";
import type { ModelSource, WeightFiles } from "./model-source.js";
import { checkpointTensors } from "./parameters.js";
import { checkUnusedTensors, type LoadPlan } from "./unused-tensors.js";

/** "auto" reads what MODEL has; "dummy" makes random weights from the config alone. */
export type LoadFormat = "auto" | "safetensors" | "gguf" | "dummy";

const FORMATS: readonly string[] = ["auto", "safetensors", "gguf", "dummy"] satisfies LoadFormat[];

/** @throws INVALID_ARGUMENT for a format that is not MODEL's; UNSUPPORTED for dummy weights of a quantized config */
export function checkLoadFormat(format: LoadFormat, source: ModelSource): LoadFormat {
  checkArgument(
    FORMATS.includes(format),
    `load_format must be one of ${FORMATS.join(", ")}, got ${JSON.stringify(format)}`,
    "load_format",
  );
  checkArgument(
    format === "auto" || format === "dummy" || format === source.format,
    `load_format is ${format}, but ${source.path} is ${source.format}; leave it at auto`,
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

/** Opens the weights. @throws CHECKPOINT when files are missing, damaged or another model's */
export function openSource(
  plan: LoadPlan & { readonly loadFormat: LoadFormat; readonly dtype: FloatDType },
  backend: Backend,
): WeightFiles | DummySource {
  const { architecture, source, scheme, dtype } = plan;
  if (plan.loadFormat === "dummy") {
    const specs = blueprintParameters(architecture.blueprint(source.config));
    return new DummySource(specs, scheme, backend, dtype);
  }
  const checkpoint = source.openWeights((path) => backend.mapFile(path));
  try {
    const wanted = checkpointTensors(blueprintParameters(architecture.blueprint(source.config)), scheme);
    const named = withBlueprintNames(
      checkpoint,
      new Set(wanted.map(({ name }) => name)),
      architecture.basePrefix ?? "model.",
    );
    checkUnusedTensors(named, plan);
    return named;
  } catch (error) {
    checkpoint.dispose();
    throw error;
  }
}
