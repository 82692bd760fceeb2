// Whether a folder has the tensors that its config needs, from headers alone: what loading would refuse, known before.
import { readHeaderOnly } from "@octavo/core";
import { readTensor } from "@octavo/quant";
import { withBlueprintNames } from "./base-prefix.js";
import { blueprintParameters } from "./blueprint-parameters.js";
import type { ModelSource } from "./model-source.js";
import { checkpointTensors } from "./parameters.js";
import { architectureNamed } from "./registry.js";
import { tensorNames } from "./unused-tensors.js";

/**
 * Looks at names, dtypes and shapes. The head is left out: without one a model makes embeddings.
 * @param source with safetensors, whose headers suffice
 * @throws CHECKPOINT that names tensor and file; UNSUPPORTED for a quantization that Octavo lacks
 */
export function checkTensors(source: ModelSource): void {
  const architecture = architectureNamed(source.config.architecture);
  const blueprint = architecture.blueprint(source.config);
  const scheme = source.scheme({ dequantize: true });
  // How a quantization arranges its tensors, the backend decides with it.
  if (source.config.quantization != null) return;
  const names = tensorNames({ scheme, specs: blueprintParameters(blueprint) });
  using files = source.openWeights(readHeaderOnly, "safetensors");
  const weights = withBlueprintNames(files, names, architecture.basePrefix ?? "model.");
  const specs = blueprintParameters({ ...blueprint, head: undefined });
  for (const spec of checkpointTensors(specs, scheme, weights)) readTensor(weights, spec);
}
