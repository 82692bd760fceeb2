// Runs an encoder on a batch of prompts without an engine: hidden states of every position.
import {
  type Backend,
  byteSize,
  type DType,
  elementCount,
  type FloatDType,
  PlanHeader,
  planLayout,
  planSection,
  ROW_INIT_WORDS,
  StepPlan,
  tensor,
  Workspace,
} from "@octavo/core";
import { type ForwardContext, loadTextModel } from "@octavo/models";
import { hostFloats } from "./run-model.js";

const BLOCK_SIZE = 16;

/**
 * The hidden states of each prompt, float32 [prompt length * hidden], computed in one step.
 * @param tap sees intermediates of the whole batch
 */
export function encode(
  folder: string,
  backend: Backend,
  prompts: readonly (readonly number[])[],
  { dtype = "float32", tap }: { readonly dtype?: FloatDType; readonly tap?: ForwardContext["tap"] } = {},
): Float32Array[] {
  using model = loadTextModel(folder, backend, { dtype });
  const maxTokens = prompts.reduce((sum, { length }) => sum + length, 0);
  const maxRows = prompts.length;
  const maxBlocksPerRow = Math.ceil(maxTokens / BLOCK_SIZE);
  const layout = planLayout({ maxRows, maxTokens, maxBlocksPerRow, blockSize: BLOCK_SIZE });
  const table = (type: DType, shape: number[]) =>
    tensor(type, shape, backend.allocate(byteSize(type, shape), "tables"));
  const planTensor = table("int32", [layout.totalWords]);
  const hostPlan = tensor("int32", [layout.totalWords], backend.allocateHost(4 * layout.totalWords));
  const { buffer, byteOffset } = hostPlan.storage.bytes!;
  const plan = new StepPlan(layout, new Int32Array(buffer, byteOffset, layout.totalWords));
  plan.begin(0);
  for (const [row, prompt] of prompts.entries()) {
    plan.addRowInit(row, new Int32Array(ROW_INIT_WORDS));
    plan.addRow(row, 0, prompt.length, 1);
    for (const id of prompt) plan.addToken(id);
  }
  backend.copy(planTensor, hostPlan, 4 * plan.finish());
  const batch = {
    layout,
    plan: planTensor,
    tables: {
      blockTables: table("int32", [maxRows, maxBlocksPerRow]),
      lastTokens: table("int32", [maxRows]),
      sampling: table("int32", [maxRows, ROW_INIT_WORDS]),
    },
    inputIds: table("int32", [maxTokens]),
    positions: table("int32", [maxTokens]),
    slots: table("int32", [maxTokens]),
    sampleTokens: planSection(planTensor, layout.sampleTokens, layout.capacity.maxSamples),
    numRows: maxRows,
    numTokens: maxTokens,
    numSamples: maxRows,
    maxQueryLen: plan.words[PlanHeader.maxQueryLen]!,
    maxSeqLen: plan.words[PlanHeader.maxSeqLen]!,
  };
  backend.ops.prepareBatch(batch);
  using workspace = new Workspace(backend, model.workspaceBytes(maxTokens, maxRows));
  const context = { ops: backend.ops, workspace, batch, kvCache: { keys: [], values: [] }, tap };
  const hidden = hostFloats(backend, model.forward(context));
  const { blockTables, lastTokens, sampling } = batch.tables;
  const used = [planTensor, hostPlan, batch.inputIds, batch.positions, batch.slots, blockTables, lastTokens, sampling];
  for (const { storage } of used) storage.dispose();
  const width = model.config.hiddenSize;
  let at = 0;
  return prompts.map(({ length }) => {
    const rows = hidden.subarray(at * width, (at + length) * width);
    at += length;
    if (rows.length !== elementCount([length, width])) throw new Error("rows are missing");
    return rows;
  });
}
