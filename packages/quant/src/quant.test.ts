import { byteSize, type DType, hostStorage, isDense, OctavoError, type Tensor, tensor } from "@octavo/core";
import { describe, expect, test } from "vitest";
import { quantScheme } from "./registry.js";
import type { TensorSource } from "./tensor-source.js";
import { unquantized } from "./unquantized.js";

const q = { name: "layers.0.q_proj", inFeatures: 8, outFeatures: 4, bias: false };

function zeros(dtype: DType, shape: number[]): Tensor {
  return tensor(dtype, shape, hostStorage(new Uint8Array(byteSize(dtype, shape))));
}

function sourceOf(tensors: Record<string, Tensor>): TensorSource {
  return {
    tensor(name) {
      const found = tensors[name];
      if (!found) throw new OctavoError({ code: "CHECKPOINT", message: `no ${name}`, param: name });
      return found;
    },
    origin: () => "model.safetensors",
  };
}

function errorOf(action: () => unknown): OctavoError {
  try {
    action();
  } catch (error) {
    if (error instanceof OctavoError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("quantScheme", () => {
  test.each([undefined, null])("%s means unquantized", (config) => {
    expect(quantScheme(config)).toBe(unquantized);
  });

  test("an unknown method is named, with what is supported", () => {
    const error = errorOf(() => quantScheme({ quant_method: "gptq", bits: 4 }, "folder/config.json"));
    expect(error.code).toBe("UNSUPPORTED");
    expect(error.message).toMatch(/^folder\/config\.json: .*"gptq".*it reads: unquantized checkpoints/);
    expect(error.param).toBe("quantization_config.quant_method");
  });

  test.each([[{}], [{ quant_method: 4 }], [[]], ["fp8"], [7]])("%j is damaged", (config) => {
    const error = errorOf(() => quantScheme(config, "folder/config.json"));
    expect(error.code).toBe("CHECKPOINT");
    expect(error.message).toMatch(/^folder\/config\.json: field "quantization_config.*or download the file again/);
  });
});

describe("unquantized", () => {
  test.each(["float32", "float16", "bfloat16"] as const)("passes a %s weight through without a copy", (dtype) => {
    const weight = zeros(dtype, [4, 8]);
    const part = unquantized.decode(q, sourceOf({ "layers.0.q_proj.weight": weight }));
    expect(isDense(part.planes) && part.planes.weight).toBe(weight);
    expect(part.bias).toBeUndefined();
    expect(part).toMatchObject({ name: q.name, outFeatures: 4, planes: { format: "dense" } });
  });

  test("reads a bias only where the layer has one", () => {
    const bias = zeros("float32", [4]);
    const source = sourceOf({ "layers.0.q_proj.weight": zeros("float32", [4, 8]), "layers.0.q_proj.bias": bias });
    expect(unquantized.decode({ ...q, bias: true }, source).bias).toBe(bias);
    expect(unquantized.decode(q, source).bias).toBeUndefined();
    expect(unquantized.tensors({ ...q, bias: true }).map((t) => t.name)).toEqual([
      "layers.0.q_proj.weight",
      "layers.0.q_proj.bias",
    ]);
    expect(unquantized.tensors(q)).toHaveLength(1);
  });

  test.each([
    ["a transposed weight", "float32", [8, 4]],
    ["a flat weight", "float32", [32]],
    ["an integer weight", "int32", [4, 8]],
  ] as const)("%s: name, file, found and expected", (_, dtype, shape) => {
    const source = sourceOf({ "layers.0.q_proj.weight": zeros(dtype, [...shape]) });
    const error = errorOf(() => unquantized.decode(q, source));
    expect(error.code).toBe("CHECKPOINT");
    expect(error.param).toBe("layers.0.q_proj.weight");
    expect(error.message).toContain(`layers.0.q_proj.weight in model.safetensors is ${dtype} [${shape}]`);
    expect(error.message).toContain("expected float32 or float16 or bfloat16 [4,8]");
  });

  test("a bias of another length is refused", () => {
    const source = sourceOf({
      "layers.0.q_proj.weight": zeros("float32", [4, 8]),
      "layers.0.q_proj.bias": zeros("float32", [8]),
    });
    expect(errorOf(() => unquantized.decode({ ...q, bias: true }, source)).param).toBe("layers.0.q_proj.bias");
  });

  test("a missing tensor is the source's error", () => {
    expect(errorOf(() => unquantized.decode(q, sourceOf({}))).param).toBe("layers.0.q_proj.weight");
  });
});
