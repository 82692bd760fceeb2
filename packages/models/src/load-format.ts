// Where a model's weights come from: the folder's files, or nowhere.
import { type Backend, checkArgument, type FloatDType, OctavoError } from "@octavo/core";
import { Checkpoint } from "./checkpoint.js";
import { DummySource } from "./dummy-source.js";
import type { ModelConfig } from "./model-config.js";
import { checkUnusedTensors, type LoadPlan } from "./unused-tensors.js";

/** "auto" reads what the folder has, which is safetensors for now; "dummy" makes random weights from config.json alone. */
export type LoadFormat = "auto" | "safetensors" | "dummy";

const FORMATS: readonly string[] = ["auto", "safetensors", "dummy"] satisfies LoadFormat[];

/** @throws INVALID_ARGUMENT for a format that there is not; UNSUPPORTED for dummy weights of a quantized config */
export function checkLoadFormat(format: LoadFormat, { quantization }: ModelConfig, folder: string): LoadFormat {
  checkArgument(
    FORMATS.includes(format),
    `load_format must be one of ${FORMATS.join(", ")}, got ${JSON.stringify(format)}`,
    "load_format",
  );
  if (format !== "dummy" || (quantization ?? null) === null) return format;
  throw new OctavoError({
    code: "UNSUPPORTED",
    message:
      `load_format dummy makes plain weights only, and ${folder}/config.json has a quantization_config: ` +
      "remove that from the file, or load real weights",
    param: "load_format",
  });
}

/** Opens the weights. @throws CHECKPOINT when the folder's files are missing, damaged or another model's */
export function openSource(
  folder: string,
  plan: LoadPlan & { readonly loadFormat: LoadFormat; readonly dtype: FloatDType },
  backend: Backend,
): Checkpoint | DummySource {
  if (plan.loadFormat === "dummy") {
    return new DummySource(plan.architecture.parameters(plan.config), plan.scheme, backend, plan.dtype);
  }
  const checkpoint = Checkpoint.open(folder, (path) => backend.mapFile(path));
  try {
    checkUnusedTensors(checkpoint, plan);
    return checkpoint;
  } catch (error) {
    checkpoint.dispose();
    throw error;
  }
}
