// One rank of collectives.mjs: what each process does on its GPU. All ranks run the same checks in the same order.
import { heldBytes, slice } from "@octavo/core";
import { connectCollectives, createBackend, createUniqueId } from "@octavo/kernels-cuda";
import { Buffers, DTYPES, reducedValuesOf, valuesOf } from "./collectives-buffers.mjs";
import { errorOf, manyAllReduces, timeAllReduces, wrongArguments } from "./collectives-checks.mjs";

const SIZES = [1, 1000, 1 << 20];
const REDUCTIONS = {
  sum: (a, b) => a + b,
  max: (a, b) => Math.max(a, b),
  min: (a, b) => Math.min(a, b),
};

/** Ids arrive one after the other; whoever asks gets the next one. */
function uniqueIdReceiver() {
  const ids = [];
  const waiting = [];
  process.on("message", ({ uniqueId }) => {
    if (!uniqueId) return;
    const next = waiting.shift();
    if (next) next(uniqueId);
    else ids.push(uniqueId);
  });
  return () => (ids.length > 0 ? Promise.resolve(ids.shift()) : new Promise((resolve) => waiting.push(resolve)));
}

export async function runRank(rank, worldSize) {
  const nextId = uniqueIdReceiver();
  const ranks = Array.from({ length: worldSize }, (_, i) => i);
  const [next, previous] = [(rank + 1) % worldSize, (rank + worldSize - 1) % worldSize];
  let backend = createBackend({ deviceIndex: rank });
  const fresh = heldBytes(backend.memory());

  async function connect(to = backend) {
    if (rank === 0) process.send({ uniqueId: createUniqueId() });
    return connectCollectives(to, { rank, worldSize, uniqueId: await nextId() });
  }

  async function check(name, body) {
    let failure;
    try {
      failure = (await body()) || undefined;
    } catch (error) {
      failure = `threw ${error.stack}`;
    }
    process.send({ check: name, failure });
  }

  const started = performance.now();
  let comm = await connect();
  if (rank === 0) process.send({ line: `connected in ${((performance.now() - started) / 1000).toFixed(2)} s` });
  let buffers = new Buffers(backend, worldSize * SIZES.at(-1) * 8);

  /** Runs `call(out, x)` and says how `out` differs from `expected(i)`. */
  function compare(dtype, inputs, outputs, input, expected, call) {
    const x = buffers.input(dtype, inputs, input);
    const out = buffers.output(dtype, outputs);
    call(out, x);
    return buffers.difference(out, expected);
  }

  for (const dtype of Object.keys(DTYPES)) {
    for (const size of SIZES) {
      const value = valuesOf(dtype);
      const mine = (i) => value(rank, i);
      await check(`${dtype}, ${size} elements`, () => {
        const problems = [];
        const add = (name, problem) => problem && problems.push(`${name}: ${problem}`);
        for (const [reduction, combine] of Object.entries(REDUCTIONS)) {
          const reduced = reducedValuesOf(dtype, worldSize, combine);
          const mineOfAll = (i) => reduced(rank * size + i);
          add(
            `allReduce ${reduction}`,
            compare(dtype, [size], [size], mine, reduced, (out, x) => comm.allReduce(out, x, reduction)),
          );
          add(
            `reduceScatter ${reduction}`,
            compare(dtype, [worldSize * size], [size], mine, mineOfAll, (out, x) =>
              comm.reduceScatter(out, x, reduction),
            ),
          );
        }
        const gathered = (i) => value(Math.floor(i / size), i % size);
        add(
          "allGather",
          compare(dtype, [size, 1], [worldSize * size, 1], mine, gathered, (out, x) => comm.allGather(out, x)),
        );
        for (const root of [0, worldSize - 1]) {
          const x = buffers.input(dtype, [size], mine);
          comm.broadcast(x, root);
          add(
            `broadcast from ${root}`,
            buffers.difference(x, (i) => value(root, i)),
          );
        }
        add(
          "ring",
          compare(
            dtype,
            [size],
            [size],
            mine,
            (i) => value(previous, i),
            (out, x) =>
              comm.group(() => {
                comm.send(x, next);
                comm.recv(out, previous);
              }),
          ),
        );
        return problems.join(", ");
      });
    }
  }

  await check("in place", () => {
    const value = valuesOf("float32");
    const sum = reducedValuesOf("float32", worldSize, REDUCTIONS.sum);
    const size = 1000;
    const isOwn = (i) => Math.floor(i / size) === rank;
    const x = buffers.input("float32", [size], (i) => value(rank, i));
    comm.allReduce(x, x);
    const reduced = buffers.difference(x, sum);
    const all = buffers.input("float32", [worldSize * size], (i) => (isOwn(i) ? value(rank, i % size) : 99));
    comm.allGather(all, slice(all, 0, rank * size, (rank + 1) * size));
    const gathered = buffers.difference(all, (i) => value(Math.floor(i / size), i % size));
    const parts = buffers.input("float32", [worldSize * size], (i) => value(rank, i));
    comm.reduceScatter(slice(parts, 0, rank * size, (rank + 1) * size), parts);
    const part = buffers.difference(parts, (i) => (isOwn(i) ? sum(i) : undefined));
    return [reduced, gathered, part].filter(Boolean).join(", ");
  });

  await check("a chain of sends without a group", () => {
    const value = valuesOf("int32");
    const x = buffers.input("int32", [1000], (i) => value(rank, i));
    if (rank > 0) comm.recv(x, rank - 1);
    if (rank < worldSize - 1) comm.send(x, rank + 1);
    return buffers.difference(x, (i) => value(0, i));
  });

  await check("all to all in a group, with itself too", () => {
    const size = 777;
    const value = valuesOf("bfloat16");
    const x = buffers.input("bfloat16", [worldSize, size], (i) => value(rank, i));
    const out = buffers.output("bfloat16", [worldSize, size]);
    comm.group(() => {
      for (const peer of ranks) comm.send(slice(x, 0, peer, peer + 1), peer);
      for (const peer of ranks) comm.recv(slice(out, 0, peer, peer + 1), peer);
    });
    return buffers.difference(out, (i) => value(Math.floor(i / size), rank * size + (i % size)));
  });

  await check("a group whose body throws is ended", () => {
    const value = valuesOf("float32");
    const x = buffers.input("float32", [64], (i) => value(rank, i));
    let thrown;
    try {
      comm.group(() => {
        comm.allReduce(x, x, "max");
        throw new Error("on purpose");
      });
    } catch (error) {
      thrown = error.message;
    }
    if (thrown !== "on purpose") return `threw ${thrown}`;
    return buffers.difference(x, reducedValuesOf("float32", worldSize, REDUCTIONS.max));
  });

  await check("200 all-reduces between ops", () => manyAllReduces(backend, comm, rank, ranks));
  await check("wrong arguments", () => wrongArguments(backend, comm, buffers, worldSize));
  await check("no rank has failed", () => comm.check());

  await check("a second communicator, before and after the first is gone", async () => {
    const second = await connect();
    const both = () => {
      const problems = [];
      for (const used of comm ? [comm, second, comm] : [second]) {
        const x = buffers.input("int64", [1000], (i) => i + rank);
        used.allReduce(x, x, "min");
        problems.push(buffers.difference(x, (i) => i));
      }
      return problems.filter(Boolean).join(", ");
    };
    const before = both();
    const x = buffers.input("float32", [4], () => 1);
    comm.dispose();
    comm.dispose();
    const error = errorOf(() => comm.allReduce(x, x));
    comm = null;
    const after = both();
    comm = second;
    return [before, after, error?.code === "DISPOSED" ? "" : `after dispose: ${error?.code}`]
      .filter(Boolean)
      .join(", ");
  });

  timeAllReduces(backend, comm, rank, worldSize);

  await check("a backend that is disposed before its communicator", async () => {
    buffers.dispose();
    const held = heldBytes(backend.memory()) - fresh;
    backend.dispose();
    comm.dispose();
    backend = createBackend({ deviceIndex: rank });
    buffers = new Buffers(backend, 1 << 16);
    comm = await connect();
    const x = buffers.input("float32", [1000], (i) => i);
    comm.allReduce(x, x);
    const problem = buffers.difference(x, (i) => i * worldSize);
    comm.dispose();
    return [problem, held === 0 ? "" : `${held} bytes were left`].filter(Boolean).join(", ");
  });

  if (worldSize > 1) {
    await check("two ranks on one GPU", async () => {
      if (rank === 0) process.send({ uniqueId: createUniqueId() });
      const uniqueId = await nextId();
      if (rank > 1) return;
      const shared = createBackend({ deviceIndex: 0 });
      const error = errorOf(() => connectCollectives(shared, { rank, worldSize: 2, uniqueId }));
      shared.dispose();
      const said = error?.code === "INVALID_ARGUMENT" && /duplicate GPU/i.test(error.message);
      return said ? undefined : `${error?.code} ${error?.message}`;
    });
  }
  buffers.dispose();
  backend.dispose();
  process.channel.unref();
}
