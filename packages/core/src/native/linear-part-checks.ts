// What a part of a linear layer is checked for before native code sees it, the same for every backend.
import { isFloatDType } from "../dtype.js";
import { checkArgument } from "../errors.js";
import { checkedBlocks, isDense, type LinearPart } from "../linear.js";
import { elementCount, isContiguous, type Tensor } from "../tensor.js";

/** @throws INVALID_ARGUMENT unless planes and bias are contiguous, of float dtypes or blocks, and [rows, inFeatures] and [rows] */
export function checkLinearPart({ name, planes, bias }: LinearPart, rows: number, inFeatures: number): void {
  if (isDense(planes)) checkDense(name, planes.weight, rows, inFeatures);
  else checkedBlocks(planes, name, rows, inFeatures);
  if (!bias) return;
  checkArgument(isFloatDType(bias.dtype), `${name} has a bias of ${bias.dtype}, a float dtype was expected`, name);
  checkArgument(
    elementCount(bias.shape) === rows && isContiguous(bias),
    `${name} has a bias [${bias.shape}], [${rows}] was expected`,
    name,
  );
}

/** @param hadBias whether the part came with a bias when the layer was prepared @throws INVALID_ARGUMENT when that differs */
export function checkSameBias({ name, bias }: LinearPart, hadBias: boolean): void {
  const [now, then] = bias ? ["with", "without"] : ["without", "with"];
  checkArgument((bias !== undefined) === hadBias, `${name} comes ${now} a bias, it was prepared ${then} one`, "bias");
}

function checkDense(name: string, weight: Tensor, rows: number, inFeatures: number): void {
  const [found, width] = weight.shape;
  checkArgument(
    weight.shape.length === 2 && found === rows && width === inFeatures && isContiguous(weight),
    `${name} has shape [${weight.shape}], contiguous [${rows},${inFeatures}] was expected`,
    name,
  );
  checkArgument(isFloatDType(weight.dtype), `${name} is ${weight.dtype}, a float dtype was expected`, name);
}
