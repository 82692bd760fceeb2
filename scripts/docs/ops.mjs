// docs/ops.md: what each op computes, from its docstring, and what is checked of it, from the op-case table.
import { BLOCK_FORMATS, FLOAT_DTYPES } from "@octavo/core";
import { CaseBench, createNullBackend, opCases, seedOf, TOLERANCES } from "@octavo/core/testing";
import { ReflectionKind } from "typedoc";

/** @param project TypeDoc's model of the packages. @returns the page */
export function opsPage(project) {
  const core = project.children.find(({ name }) => name === "@octavo/core");
  const ops = core.children.find(({ name }) => name === "Ops").children;
  const untested = ops.filter(({ name }) => !opCases.some(({ op }) => op === name));
  if (untested.length > 0) throw new Error(`no op case calls ${untested.map(({ name }) => name).join(", ")}`);
  const order = [...new Set(opCases.map(({ op }) => op))];
  const sections = order.map((op) => section(ops.find(({ name }) => name === op)));
  return `# Ops

What a backend computes, and what it is held to. \`npm run docs\` writes this page from the docstrings in
[packages/core/src/ops.ts](../packages/core/src/ops.ts) and from the ${opCases.length} cases in
[packages/core/src/testing/op-cases](../packages/core/src/testing/op-cases). A case makes its inputs from a seed, calls a backend and the
[reference backend](../packages/core/src/testing/reference), plain loops in float64, and compares. It also checks that nothing beside
the outputs was written. To add an op or a case, see the [recipe](recipes/adding-an-op.md).

T tokens, R rows (requests), S samples, H hidden size, I intermediate size, V vocabulary, D head size. Every op writes into its first
argument, allocates nothing, and gives a row the same result whatever the other rows are (on a GPU: with batch invariance).

## Backends

${backends(project)}

The type \`Ops\` has every op, so the compiler refuses a backend that lacks one. \`npm test\` runs all cases on the CPU backend, with each
instruction set that the machine has; \`octavo-kernels-cuda verify\` runs them on a GPU. Weights in blocks (${blockFormats()}) are computed
as they are by a backend whose \`info.blockFormats\` names the format; for others the cases decode them first, as the loading of a model does.

## Tolerances

An element passes within \`absolute + relative * |expected|\`, and a whole output within the sum of squared errors over the sum of squares.
"2 x" in the tables below is twice the absolute bound, for outputs of that magnitude; "exact" means the same bytes.

${table(
  ["dtype", "absolute", "relative", "squared errors over squares"],
  FLOAT_DTYPES.map((dtype) => {
    const { absolute, relative, nmse } = TOLERANCES[dtype];
    return [dtype, absolute, relative, nmse];
  }),
)}

${sections.join("\n\n")}
`;
}

function section(op) {
  const [signature] = op.signatures;
  const parameters = signature.parameters
    .filter(({ comment }) => comment)
    .map(({ name, comment }) => `- \`${name}\`: ${words(comment.summary)}`);
  const call = `${op.name}(${signature.parameters.map(({ name }) => name).join(", ")})`;
  return [`## ${op.name}`, `\`${call}\``, words(signature.comment.summary), parameters.join("\n"), caseTable(op.name)]
    .filter((part) => part)
    .join("\n\n");
}

/** Cases that differ in their dtypes alone share a line. */
function caseTable(op) {
  const lines = new Map();
  for (const opCase of opCases.filter((candidate) => candidate.op === op)) {
    const { name, dtypes } = withoutDtypes(opCase, op);
    const bound = boundOf(opCase);
    const tensors = tensorsOf(opCase);
    const key = [name, opCase.why, bound, tensors].join("\n");
    if (!lines.has(key)) lines.set(key, { name, why: opCase.why, bound, tensors, dtypes: new Set() });
    lines.get(key).dtypes.add(dtypes);
  }
  return table(
    ["case", "why", "tensors", "dtypes", "tolerance"],
    [...lines.values()].map(({ name, why, bound, tensors, dtypes }) => [name, why, tensors, listed(dtypes), bound]),
  );
}

/** "all", then what goes beyond; block formats that share x's dtype stand together. */
function listed(dtypes) {
  const plain = FLOAT_DTYPES.every((dtype) => dtypes.has(dtype))
    ? ["all"]
    : FLOAT_DTYPES.filter((dtype) => dtypes.has(dtype));
  const others = [...dtypes].filter((dtype) => !FLOAT_DTYPES.includes(dtype));
  const mixed = others.filter((text) => !isOfBlocks(text));
  const formats = new Map();
  for (const [x, format] of others.filter(isOfBlocks).map((text) => text.split(" x "))) {
    formats.set(x, [...(formats.get(x) ?? []), format]);
  }
  const blocks = [...formats].map(([x, names]) => `${x} x ${names.join(" / ")}`);
  return [...plain, ...mixed, ...blocks].join(", ");
}

const DTYPE = `(?:${FLOAT_DTYPES.join("|")})`;
const DTYPES_IN_NAME = new RegExp(`(${DTYPE})(?: x (${DTYPE}) to (${DTYPE}))?,? *`);
const FORMAT_IN_NAME = new RegExp(` (?:in|x) (${Object.keys(BLOCK_FORMATS).join("|")})$`);

function isOfBlocks(dtypes) {
  return FORMAT_IN_NAME.test(dtypes);
}

/** A case's name without its op, and without its dtypes; of linear these are x, weight and out, and one where they are the same. */
function withoutDtypes(opCase, op) {
  const full = opCase.name.slice(op.length).trim();
  const [inName, format] = FORMAT_IN_NAME.exec(full) ?? [""];
  const [match, x = opCase.dtype, weight = x, out = x] = DTYPES_IN_NAME.exec(full) ?? [""];
  const name = full.replace(inName, "").replace(match, "").replace(/^x /, "");
  if (format) return { name, dtypes: `${x} x ${format}` };
  return { name: name || "plain", dtypes: x === weight && x === out ? x : `${x} x ${weight} to ${out}` };
}

function boundOf({ tolerance, dtype }) {
  if (tolerance === "exact") return "exact";
  const { absolute, relative, nmse } = TOLERANCES[dtype];
  const factor = Number((tolerance.absolute / absolute).toPrecision(6));
  if (Number.isInteger(factor) && tolerance.relative === relative && tolerance.nmse === nmse) return `${factor} x`;
  return `absolute ${round(tolerance.absolute)}, relative ${tolerance.relative}, squares ${round(tolerance.nmse)}`;
}

function round(value) {
  return Number(value.toPrecision(3));
}

/** The op's own tensors with their shapes, as the case makes them; those of a batch follow from its plan. */
function tensorsOf(opCase) {
  const bench = new ShapeRecorder(createNullBackend(), seedOf(opCase));
  try {
    opCase.prepare(bench);
    const own = bench.tensors.filter(([name]) => !OF_A_BATCH.has(name));
    return (own.length > 0 ? own : bench.tensors).map(([name, shape]) => `${name} [${shape.join(", ")}]`).join(", ");
  } finally {
    bench.dispose();
  }
}

const OF_A_BATCH = new Set("plan blockTables lastTokens sampling inputIds positions slots sampleTokens".split(" "));

class ShapeRecorder extends CaseBench {
  tensors = [];

  input(name, dtype, shape, fill) {
    this.#record(name, shape);
    return super.input(name, dtype, shape, fill);
  }

  output(name, dtype, shape, options) {
    this.#record(name, shape);
    return super.output(name, dtype, shape, options);
  }

  linear(spec) {
    const parts = spec.parts.map(({ outFeatures }) => outFeatures);
    this.tensors.push(["weight", [parts.join(" + "), spec.inFeatures]]);
    return super.linear(spec);
  }

  #record(name, shape) {
    this.tensors.push([name, shape]);
  }
}

/** Classes that implement `Backend`, and functions that make one. */
function backends(project) {
  const rows = [];
  for (const module of project.children) {
    for (const child of module.children ?? []) {
      const page = `api/${module.name.replace("@octavo/", "")}.md#${child.name.toLowerCase()}`;
      const made = child.signatures?.[0]?.type?.name === "Backend" && module.name === "@octavo/core/testing";
      const implemented =
        child.kindOf(ReflectionKind.Class) && child.implementedTypes?.some((t) => t.name === "Backend");
      if (!made && !implemented) continue;
      const comment = child.comment ?? child.signatures[0].comment;
      rows.push([`[${child.name}](${page})`, `\`${module.name}\``, words(comment.summary)]);
    }
  }
  return table(["backend", "package", "what"], rows);
}

function blockFormats() {
  return Object.keys(BLOCK_FORMATS).join(", ");
}

function words(parts) {
  return parts
    .map(({ text }) => text)
    .join("")
    .trim();
}

function table(head, rows) {
  const line = (cells) =>
    `| ${cells.map((cell) => String(cell).replaceAll("|", "\\|").replaceAll("\n", " ")).join(" | ")} |`;
  return [line(head), `|${"---|".repeat(head.length)}`, ...rows.map(line)].join("\n");
}
