// The table catches what it is for: a reference with one mistake built in must fail cases of that op, and only of that op.
import { describe, expect, test } from "vitest";
import { type Fault, ROW_FAULTS } from "../../../test-support/row-faults.js";
import type { Backend } from "../../backend.js";
import type { Batch } from "../../batch.js";
import { OctavoError } from "../../errors.js";
import type { AttentionOptions, Ops } from "../../ops.js";
import { ROW_INIT_WORDS, RowInit } from "../../plan/layout.js";
import { hostStorage } from "../../storage.js";
import { type Tensor, tensor } from "../../tensor.js";
import { intsOf, load, store } from "../elements.js";
import { createReferenceBackend, opCases, runOpCase } from "../index.js";

const reference = createReferenceBackend();

function faulty(change: (right: Ops, backend: Backend) => Partial<Ops>): Backend {
  const backend = createReferenceBackend();
  const ops = { ...backend.ops, ...change(backend.ops, backend) };
  return Object.create(backend, { ops: { value: ops }, ...bound(backend) });
}

/** Private fields are reachable only through the object that has them. */
function bound(backend: Backend): PropertyDescriptorMap {
  const names = [
    "allocate",
    "allocateHost",
    "memory",
    "upload",
    "copy",
    "prepareLinear",
    "updateLinear",
    "prepareExperts",
    "createEvent",
  ];
  const methods = backend as unknown as Record<string, (...values: unknown[]) => unknown>;
  return Object.fromEntries(names.map((name) => [name, { value: methods[name]!.bind(backend), writable: true }]));
}

/** The batch with its plan or row parameters changed, as a fault of the op would see it. */
function altered(
  batch: Batch,
  changePlan: (plan: Int32Array) => void,
  changeRow?: (record: Int32Array) => void,
): Batch {
  const copyOf = (t: Tensor): Tensor => {
    return tensor("int32", t.shape, hostStorage(new Uint8Array(intsOf(t).slice().buffer)));
  };
  const plan = copyOf(batch.plan);
  const sampling = copyOf(batch.tables.sampling);
  changePlan(intsOf(plan));
  for (let row = 0; changeRow && row < batch.layout.capacity.maxRows; row++) {
    changeRow(intsOf(sampling).subarray(row * ROW_INIT_WORDS, (row + 1) * ROW_INIT_WORDS));
  }
  return { ...batch, plan, tables: { ...batch.tables, sampling } };
}

function shiftContext(batch: Batch, by: number): Batch {
  return altered(batch, (plan) => {
    for (let i = 0; i < batch.numRows; i++) plan[batch.layout.contextLens + i]! += by;
  });
}

const noChange = () => {};
const setFloat = (record: Int32Array, word: number, change: (value: number) => number): void => {
  const floats = new Float32Array(record.buffer, record.byteOffset, record.length);
  floats[word] = change(floats[word]!);
};

/** Multiplies element 0 of a tensor. */
function scaleFirst(t: Tensor, factor: number): void {
  const value = new Float64Array(1);
  load(value, t, 0);
  value[0] = value[0]! * factor;
  store(t, 0, value);
}

const sampleWith =
  (change: (record: Int32Array) => void) =>
  (right: Ops): Partial<Ops> => ({
    sample: (tokens, logits, batch) => right.sample(tokens, logits, altered(batch, noChange, change)),
  });

const adjustWith =
  (change: (record: Int32Array) => void) =>
  (right: Ops): Partial<Ops> => ({
    adjustLogits: (logits, batch) => right.adjustLogits(logits, altered(batch, noChange, change)),
  });

/** @param change `undefined` or 0: as it was */
function attentionFault(
  what: string,
  change: (options: AttentionOptions) => AttentionOptions | undefined | 0 | false,
): Fault {
  return [
    "pagedAttention",
    what,
    (right) => ({
      pagedAttention: (o, q, k, v, batch, options) =>
        right.pagedAttention(o, q, k, v, batch, change(options) || options),
    }),
  ];
}

const FAULTS: Fault[] = [
  [
    "prepareBatch",
    "positions one too far",
    (right) => ({
      prepareBatch(batch) {
        right.prepareBatch(batch);
        intsOf(batch.positions)[batch.numTokens - 1]!++;
      },
    }),
  ],
  [
    "prepareBatch",
    "a stale table entry cleared",
    (right) => ({
      prepareBatch(batch) {
        right.prepareBatch(batch);
        const table = intsOf(batch.tables.blockTables);
        table[table.length - 1] = 0;
      },
    }),
  ],
  ...(["tokenCounts", "recentTokens", "tokenMasks", "edits"] as const).map(
    (name): Fault => [
      "prepareBatch",
      `one bit of ${name} changed`,
      (right) => ({
        prepareBatch(batch) {
          right.prepareBatch(batch);
          const table = batch.tables.records && intsOf(batch.tables.records[name]);
          if (table) table[table.length - 1]! ^= 1;
        },
      }),
    ],
  ),
  [
    "embedding",
    "ids clamped to the vocabulary",
    (right) => ({
      embedding(out, table, ids) {
        const clamped = intsOf(ids).map((id) => Math.min(Math.max(id, 0), table.shape[0]! - 1));
        right.embedding(out, table, tensor("int32", ids.shape, hostStorage(new Uint8Array(clamped.buffer))));
      },
    }),
  ],
  [
    "gatherRows",
    "rows in order",
    (right) => ({
      gatherRows(out, x, indices) {
        const inOrder = intsOf(indices).map((_, i) => i % x.shape[0]!);
        right.gatherRows(out, x, tensor("int32", indices.shape, hostStorage(new Uint8Array(inOrder.buffer))));
      },
    }),
  ],
  [
    "rmsNorm",
    "eps outside of the root",
    (right) => ({ rmsNorm: (o, x, w, eps, from) => right.rmsNorm(o, x, w, eps * eps, from) }),
  ],
  [
    "rmsNorm",
    "one element off by 1 %",
    (right) => ({
      rmsNorm(out, x, ...rest) {
        right.rmsNorm(out, x, ...rest);
        scaleFirst(out, 1.01);
      },
    }),
  ],
  [
    "rmsNorm",
    "x scaled in place",
    (right) => ({
      rmsNorm(out, x, ...rest) {
        right.rmsNorm(out, x, ...rest);
        scaleFirst(x, 2);
      },
    }),
  ],
  [
    "rmsNorm",
    "a byte written after the output",
    (right) => ({
      rmsNorm(out, x, ...rest) {
        right.rmsNorm(out, x, ...rest);
        out.storage.bytes![out.storage.byteLength - 256] = 0;
      },
    }),
  ],
  [
    "rmsNorm",
    "a byte written before the output",
    (right) => ({
      rmsNorm(out, x, ...rest) {
        right.rmsNorm(out, x, ...rest);
        out.storage.bytes![out.byteOffset - 1] = 0;
      },
    }),
  ],
  [
    "addRmsNorm",
    "the residual kept as it was",
    (right) => ({
      addRmsNorm(out, residual, ...rest) {
        const before = residual.storage.bytes!.slice();
        right.addRmsNorm(out, residual, ...rest);
        residual.storage.bytes!.set(before);
      },
    }),
  ],
  ["rope", "only the queries rotated", (right) => ({ rope: (q, _k, p, angles) => right.rope(q, q, p, angles) })],
  [
    "rope",
    "positions by token",
    (right) => ({
      rope(q, k, positions, angles) {
        const byToken = intsOf(positions).map((_, t) => t);
        right.rope(q, k, tensor("int32", positions.shape, hostStorage(new Uint8Array(byToken.buffer))), angles);
      },
    }),
  ],
  [
    "writeKv",
    "keys and values exchanged",
    (right) => ({ writeKv: (kc, vc, k, v, batch) => right.writeKv(kc, vc, v ?? k, v && k, batch) }),
  ],
  [
    "writeKv",
    "the last token forgotten",
    (right) => ({
      writeKv: (kc, vc, k, v, batch) => right.writeKv(kc, vc, k, v, { ...batch, numTokens: batch.numTokens - 1 }),
    }),
  ],
  [
    "pagedAttention",
    "one key too many",
    (right) => ({
      pagedAttention: (o, q, k, v, batch, options) => right.pagedAttention(o, q, k, v, shiftContext(batch, 1), options),
    }),
  ],
  attentionFault("no scale", (options) => ({ ...options, scale: 1 })),
  attentionFault("scale 0.1 % off", (options) => ({ ...options, scale: 1.001 * options.scale })),
  attentionFault("the window one too wide", (options) => options.window && { ...options, window: options.window + 1 }),
  attentionFault("the window one too narrow", (options) => {
    return options.window && options.window > 1 && { ...options, window: options.window - 1 };
  }),
  attentionFault("no softcap", ({ softcap, ...options }) => softcap && options),
  attentionFault("softcap 1 % off", (options) => options.softcap && { ...options, softcap: 1.01 * options.softcap }),
  attentionFault("no sinks", ({ sinks, ...options }) => sinks && options),
  attentionFault("no slopes", ({ slopes, ...options }) => slopes && options),
  [
    "pagedAttention",
    "the last row left out",
    (right) => ({
      pagedAttention: (o, q, k, v, batch, options) =>
        right.pagedAttention(o, q, k, v, { ...batch, numRows: batch.numRows - 1 }, options),
    }),
  ],
  [
    "encoderAttention",
    "the last row left out",
    (right) => ({
      encoderAttention: (o, q, k, v, batch, options) =>
        right.encoderAttention(o, q, k, v, { ...batch, numRows: batch.numRows - 1 }, options),
    }),
  ],
  [
    "encoderAttention",
    "keys and values exchanged",
    (right) => ({
      encoderAttention: (o, q, k, v, batch, options) => right.encoderAttention(o, q, v, k, batch, options),
    }),
  ],
  [
    "encoderAttention",
    "the window one too wide",
    (right) => ({
      encoderAttention: (o, q, k, v, batch, options) =>
        right.encoderAttention(
          o,
          q,
          k,
          v,
          batch,
          options.window ? { ...options, window: options.window + 1 } : options,
        ),
    }),
  ],
  [
    "linear",
    "the last token left out",
    (right) => ({
      linear(out, x, weight) {
        const tokens = x.shape[0]! - 1;
        right.linear(out, { ...x, shape: [tokens, x.shape[1]!] }, weight);
      },
    }),
  ],
  [
    "routeExperts",
    "the bias in the weights",
    (right) => ({
      routeExperts(routing, logits, options) {
        right.routeExperts(routing, logits, options);
        if (options.bias) scaleFirst(routing.weights, 1.01);
      },
    }),
  ],
  [
    "routeExperts",
    "groups ignored",
    (right) => ({
      routeExperts: (routing, logits, { groups: _groups, topGroups: _topGroups, ...options }) =>
        right.routeExperts(routing, logits, options),
    }),
  ],
  [
    "routeExperts",
    "never renormalized",
    (right) => ({
      routeExperts: (routing, logits, options) =>
        right.routeExperts(routing, logits, { ...options, renormalize: false }),
    }),
  ],
  [
    "expertLinear",
    "the next expert",
    (right) => ({
      expertLinear(out, x, experts, routing) {
        const ids = intsOf(routing.experts).map((id) => (id + 1) % experts.count);
        const shifted = tensor("int32", routing.experts.shape, hostStorage(new Uint8Array(ids.buffer)));
        right.expertLinear(out, x, experts, { ...routing, experts: shifted });
      },
    }),
  ],
  [
    "headLinear",
    "all heads through the first one's layer",
    (right) => ({
      headLinear(out, x, heads) {
        const shape = [out.shape[0]! / heads.count, heads.count];
        const zeros = () => hostStorage(new Uint8Array(4 * out.shape[0]!));
        const routing = { experts: tensor("int32", shape, zeros()), weights: tensor("float32", shape, zeros()) };
        right.expertLinear(out, x, heads, routing);
      },
    }),
  ],
  [
    "pagedAttention",
    "values that begin where the keys do",
    (right) => ({
      pagedAttention: (o, q, k, v, batch, options) =>
        right.pagedAttention(o, q, k, { ...v, byteOffset: k.byteOffset }, batch, options),
    }),
  ],
  [
    "combineExperts",
    "a weight a little too large",
    (right) => ({
      combineExperts(out, x, routing) {
        const ones = tensor(
          "float32",
          routing.weights.shape,
          hostStorage(routing.weights.storage.bytes!.slice()),
          routing.weights.byteOffset,
        );
        scaleFirst(ones, 1.01);
        right.combineExperts(out, x, { ...routing, weights: ones });
      },
    }),
  ],
  ...ROW_FAULTS,
  ...([1, 2, 4] as const).map(
    (flag): Fault => [
      "adjustLogits",
      `flag ${flag} ignored`,
      adjustWith((record) => {
        record[RowInit.flags]! &= ~flag;
      }),
    ],
  ),
  [
    "adjustLogits",
    "positions one too far",
    (right) => ({ adjustLogits: (logits, batch) => right.adjustLogits(logits, shiftContext(batch, 1)) }),
  ],
  [
    "adjustLogits",
    "the prompt one too long",
    adjustWith((record) => {
      record[RowInit.promptLength]!++;
    }),
  ],
  [
    "adjustLogits",
    "drafts left out",
    (right) => ({
      adjustLogits(logits, batch) {
        const ids = tensor(
          "int32",
          batch.inputIds.shape,
          hostStorage(new Uint8Array(intsOf(batch.inputIds).length * 4)),
        );
        right.adjustLogits(logits, { ...batch, inputIds: ids });
      },
    }),
  ],
  ...(["repetitionPenalty", "presencePenalty", "frequencyPenalty"] as const).map(
    (name): Fault => [
      "adjustLogits",
      `${name} a hundred-thousandth off`,
      adjustWith((record) => setFloat(record, RowInit[name], (value) => value * 1.00001)),
    ],
  ),
  [
    "filterLogits",
    "greedy rows divided",
    (right) => ({
      filterLogits: (logits, batch) =>
        right.filterLogits(
          logits,
          altered(batch, noChange, (record) => setFloat(record, RowInit.temperature, (t) => t || 2)),
        ),
    }),
  ],
  [
    "filterLogits",
    "top_k one too many",
    (right) => ({
      filterLogits: (logits, batch) =>
        right.filterLogits(
          logits,
          altered(batch, noChange, (record) => {
            if (record[RowInit.topK]! > 0) record[RowInit.topK]!++;
          }),
        ),
    }),
  ],
  [
    "sample",
    "lastTokens not written",
    (right) => ({
      sample(tokens, logits, batch) {
        const before = batch.tables.lastTokens.storage.bytes!.slice();
        right.sample(tokens, logits, batch);
        batch.tables.lastTokens.storage.bytes!.set(before);
      },
    }),
  ],
  [
    "sample",
    "the position of the token before",
    (right) => ({
      sample: (tokens, logits, batch) => right.sample(tokens, logits, shiftContext(batch, -1)),
    }),
  ],
  [
    "sample",
    "the choice ignored",
    sampleWith((record) => {
      record[RowInit.choice] = 0;
    }),
  ],
  [
    "sample",
    "half of the seed ignored",
    sampleWith((record) => {
      record[RowInit.seedHigh] = 0;
    }),
  ],
  [
    "sample",
    "top_k one too many",
    sampleWith((record) => {
      if (record[RowInit.topK]! > 0) record[RowInit.topK]!++;
    }),
  ],
  [
    "sample",
    "no top_k",
    sampleWith((record) => {
      record[RowInit.topK] = 0;
    }),
  ],
  [
    "sample",
    "top_p a little too large",
    sampleWith((record) => setFloat(record, RowInit.topP, (p) => Math.min(1, p * 1.05))),
  ],
  ["sample", "no min_p", sampleWith((record) => setFloat(record, RowInit.minP, () => 0))],
  ["sample", "temperature squared", sampleWith((record) => setFloat(record, RowInit.temperature, (t) => t * t))],
  [
    "sample",
    "logits changed",
    (right) => ({
      sample(tokens, logits, batch) {
        right.sample(tokens, logits, batch);
        scaleFirst(logits, 0.5);
      },
    }),
  ],
  [
    "logprobs",
    "ranks from 0",
    (right) => ({
      logprobs(out, logits, picked) {
        right.logprobs(out, logits, picked);
        intsOf(out.ranks)[0]!--;
      },
    }),
  ],
  [
    "logprobs",
    "the last alternative forgotten",
    (right) => ({
      logprobs(out, logits, picked) {
        right.logprobs(out, logits, picked);
        intsOf(out.tokens)[out.tokens.shape[1]! - 1] = 0;
      },
    }),
  ],
  [
    "logprobs",
    "a hundred-thousandth off",
    (right) => ({
      logprobs(out, logits, picked) {
        right.logprobs(out, logits, picked);
        scaleFirst(out.logprobs, 1.00001);
      },
    }),
  ],
];

/** Whether a case fails, or makes the backend throw. */
function isCaught(op: keyof Ops, backend: Backend, cases = opCases): boolean {
  return cases.some((opCase) => {
    if (opCase.op !== op) return false;
    try {
      return !runOpCase(opCase, backend, reference).passed;
    } catch (error) {
      // A fault that itself fails to run proves nothing.
      if (OctavoError.isInstance(error)) return true;
      throw error;
    }
  });
}

test("without a mistake nothing is found", () => {
  const ops = Object.keys(reference.ops) as (keyof Ops)[];
  const cases = opCases.filter(({ dtype }) => dtype === "float32");
  expect(
    ops.filter(
      (op) =>
        op !== "writeKv" &&
        isCaught(
          op,
          faulty(() => ({})),
          cases,
        ),
    ),
  ).toEqual([]);
});

describe("a mistake is found", () => {
  test.each(FAULTS)("%s: %s", (op, _what, change) => {
    const backend = faulty(change);
    expect(isCaught(op, backend)).toBe(true);
  });

  test.each([
    [
      "biases dropped",
      (spec: Parameters<Backend["prepareLinear"]>[0]) => ({
        ...spec,
        parts: spec.parts.map(({ name, outFeatures, planes }) => ({ name, outFeatures, planes })),
      }),
    ],
    [
      "weights not rounded to the wanted dtype",
      (spec: Parameters<Backend["prepareLinear"]>[0]) => ({ ...spec, dtype: "float32" as const }),
    ],
  ])("linear: %s", (_what, change) => {
    const right = createReferenceBackend();
    const backend = faulty((ops) => ops);
    backend.prepareLinear = (spec) => right.prepareLinear(change(spec));
    expect(isCaught("linear", backend)).toBe(true);
  });
});
