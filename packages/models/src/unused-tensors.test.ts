import { join } from "node:path";
import { createNullBackend } from "@octavo/core/testing";
import { afterEach, describe, expect, test, vi } from "vitest";
import { modelFolder, safetensors, TINY_CONFIG, TINY_SHAPES } from "../test-support/model-folder.js";
import { loadModel } from "./load-model.js";

afterEach(() => vi.restoreAllMocks());

/** Loads the tiny model with more tensors in its file. @returns the warnings */
function load(more: readonly string[], config: object = {}): unknown[][] {
  const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
  const shapes = { ...TINY_SHAPES, ...Object.fromEntries(more.map((name) => [name, [4]])) };
  const folder = modelFolder({
    "config.json": { ...TINY_CONFIG, ...config },
    "model.safetensors": safetensors(shapes),
  });
  lastFolder = folder;
  loadModel(folder, createNullBackend()).dispose();
  return warn.mock.calls;
}
let lastFolder = "";

describe("parameters that another config would use are refused", () => {
  test.each([
    ["model.layers.0.self_attn.q_proj.bias", '"attention_bias": true'],
    ["model.layers.0.self_attn.o_proj.bias", '"attention_bias": true'],
    ["model.layers.0.mlp.down_proj.bias", '"mlp_bias": true'],
    ["model.layers.1.input_layernorm.weight", "num_hidden_layers is 1, the file has layers up to number 1"],
    ["model.layers.12.mlp.up_proj.bias", 'layers up to number 12 (the first is 0), correct "num_hidden_layers"'],
    ["model.norm.bias", 'LlamaForCausalLM has no such parameter, correct "architectures"'],
    ["lm_head.bias", 'correct "architectures"'],
  ])("%s", (name, advice) => {
    const message = expect.stringContaining(advice);
    // A number in a name that the architecture does not know is no layer's.
    expect(() => load([name, "vision_tower.layers.40.weight"])).toThrow(
      expect.objectContaining({ code: "CHECKPOINT", param: name, message }),
    );
  });

  test("of a layer that is there: its kind is at fault, not the number of layers", () => {
    const name = "model.layers.0.mlp.experts.0.down_proj.weight";
    const config = {
      ...{ architectures: ["Qwen3MoeForCausalLM"], num_hidden_layers: 2, mlp_only_layers: [0] },
      ...{ num_experts: 2, num_experts_per_tok: 1 },
    };
    const message = expect.stringMatching(/by it that layer has other modules(?!.*num_hidden_layers)/);
    expect(() => load([name], config)).toThrow(expect.objectContaining({ code: "CHECKPOINT", param: name, message }));
  });

  test("names tensor, file and config", () => {
    const name = "model.layers.0.mlp.up_proj.bias";
    let message = "";
    try {
      load([name]);
    } catch (error) {
      message = (error as Error).message;
    }
    expect(message).toContain(`tensor ${name} in ${join(lastFolder, "model.safetensors")} is`);
    expect(message).toContain(join(lastFolder, "config.json"));
  });

  test("before a weight is read", () => {
    const backend = createNullBackend();
    const prepare = vi.spyOn(backend, "prepareLinear");
    const shapes = { ...TINY_SHAPES, "model.layers.1.mlp.up_proj.weight": [4] };
    const folder = modelFolder({ "config.json": TINY_CONFIG, "model.safetensors": safetensors(shapes) });
    expect(() => loadModel(folder, backend)).toThrow(/num_hidden_layers/);
    expect(prepare).not.toHaveBeenCalled();
  });
});

test("buffers of old checkpoints and a tied head are ignored", () => {
  const attention = "model.layers.0.self_attn";
  const names = [`${attention}.rotary_emb.inv_freq`, `${attention}.bias`, `${attention}.masked_bias`];
  // Also of layers that the model does not have: a buffer is no weight.
  const others = ["model.rotary_emb.inv_freq", "model.layers.7.attn.bias", "lm_head.weight", "position_ids"];
  expect(load([...names, ...others])).toEqual([]);
});

test("other tensors give one warning with a code", () => {
  const names = Array.from({ length: 7 }, (_, i) => `vision_tower.layers.${i}.weight`);
  const warnings = load(["model.layers.0.self_attn.q_norm.weight", ...names]);
  expect(warnings).toHaveLength(1);
  const [message, options] = warnings[0]!;
  expect(message).toMatch(/LlamaForCausalLM does not use: .*q_norm\.weight, .*, and 3 more$/);
  expect(options).toEqual({ code: "OCTAVO_UNUSED_TENSORS" });
});
