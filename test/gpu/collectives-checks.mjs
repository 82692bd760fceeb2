// Parts of what a rank of collectives.mjs does that need no more than its communicator: order with the ops, errors, speed.
import { slice, tensor } from "@octavo/core";
import { connectCollectives, createBackend } from "@octavo/kernels-cuda";
import { firstDifference } from "./collectives-buffers.mjs";

/** Gathers rows (an op), reduces them, and permutes the rows of the result (an op): each step reads what the one before wrote. */
export function manyAllReduces(backend, comm, rank, ranks) {
  const [steps, rows, width, tableRows] = [200, 32, 512, 97];
  const entry = (r, row, column) => (row * 31 + column * 7 + r * 5) % 17;
  const picked = (r, step, s) => (s * 13 + step * 7 + r * 11) % tableRows;
  const moved = (s) => (s * 5 + 3) % rows;
  const storages = [];
  const filled = (dtype, shape, View, fill) => {
    const bytes = shape.reduce((a, b) => a * b) * 4;
    const host = tensor(dtype, shape, backend.allocateHost(bytes));
    const view = new View(host.storage.bytes.buffer, 0, bytes / 4);
    for (let i = 0; i < view.length; i++) view[i] = fill(i);
    const there = tensor(dtype, shape, backend.allocate(bytes, "workspace"));
    backend.copy(there, host, bytes);
    storages.push(host.storage, there.storage);
    return { there, host, view };
  };
  const poison = () => -1;
  const table = filled("float32", [tableRows, width], Float32Array, (i) =>
    entry(rank, Math.floor(i / width), i % width),
  );
  const ids = filled("int32", [steps * rows], Int32Array, (i) => picked(rank, Math.floor(i / rows), i % rows));
  const order = filled("int32", [rows], Int32Array, moved);
  const part = filled("float32", [rows, width], Float32Array, poison);
  const sum = filled("float32", [rows, width], Float32Array, poison);
  const out = filled("float32", [steps * rows, width], Float32Array, poison);
  for (let step = 0; step < steps; step++) {
    backend.ops.gatherRows(part.there, table.there, slice(ids.there, 0, step * rows, (step + 1) * rows));
    comm.allReduce(sum.there, part.there);
    backend.ops.gatherRows(slice(out.there, 0, step * rows, (step + 1) * rows), sum.there, order.there);
  }
  backend.copy(out.host, out.there, out.view.byteLength);
  const done = backend.createEvent();
  done.record();
  done.wait();
  done.dispose();
  const problem = firstDifference(out.view, (i) => {
    const [line, column] = [Math.floor(i / width), i % width];
    const [step, s] = [Math.floor(line / rows), moved(line % rows)];
    return ranks.reduce((total, r) => total + entry(r, picked(r, step, s), column), 0);
  });
  for (const storage of storages) storage.dispose();
  return problem;
}

export function errorOf(call) {
  try {
    call();
  } catch (error) {
    return error;
  }
}

/** None of these may enqueue anything: the other ranks would wait for it. */
export function wrongArguments(backend, comm, buffers, worldSize) {
  const other = createBackend({ deviceIndex: 0 });
  const x = buffers.input("float32", [8, 4], () => 1);
  const foreign = tensor("float32", [8, 4], other.allocate(128, "workspace"));
  const host = tensor("float32", [8, 4], backend.allocateHost(128));
  const ints = tensor("int32", [8, 4], x.storage, x.byteOffset);
  const bools = tensor("bool", [8, 4], x.storage, x.byteOffset);
  const gone = tensor("float32", [8, 4], backend.allocate(128, "workspace"));
  gone.storage.dispose();
  const wrong = {
    "another shape": () => comm.allReduce(slice(x, 0, 0, 4), x),
    "another dtype": () => comm.allReduce(ints, x),
    "a host tensor": () => comm.allReduce(host, x),
    "a foreign tensor": () => comm.allReduce(x, foreign),
    bool: () => comm.broadcast(bools, 0),
    "strided rows": () => comm.broadcast(slice(x, 1, 0, 2), 0),
    "no such reduction": () => comm.allReduce(x, x, "product"),
    "allGather rows": () => comm.allGather(slice(x, 0, 0, 7), slice(x, 0, 0, 8)),
    "reduceScatter columns": () => comm.reduceScatter(slice(x, 1, 0, 1), x),
    "no such root": () => comm.broadcast(x, worldSize),
    "no such peer": () => comm.send(x, -1),
    "half a peer": () => comm.recv(x, 0.5),
    "a rank that is none": () =>
      connectCollectives(backend, { rank: worldSize, worldSize, uniqueId: new Uint8Array(128) }),
  };
  const problems = [];
  for (const [name, call] of Object.entries(wrong)) {
    const code = errorOf(call)?.code;
    if (code !== "INVALID_ARGUMENT") problems.push(`${name}: ${code}`);
  }
  const disposed = errorOf(() => comm.broadcast(gone, 0))?.code;
  if (disposed !== "DISPOSED") problems.push(`a disposed tensor: ${disposed}`);
  comm.allReduce(slice(x, 0, 0, 0), slice(x, 0, 0, 0));
  host.storage.dispose();
  other.dispose();
  return problems.join(", ");
}

/** Prints, on rank 0, what an all-reduce takes; bus bandwidth as nccl-tests define it: what each rank sends and receives. */
export function timeAllReduces(backend, comm, rank, worldSize) {
  const event = backend.createEvent();
  const finish = () => {
    event.record();
    event.wait();
  };
  for (const [bytes, runs] of [
    [8 << 10, 500],
    [256 << 10, 500],
    [16 << 20, 100],
    [256 << 20, 20],
  ]) {
    const x = tensor("bfloat16", [bytes / 2], backend.allocate(bytes, "workspace"));
    for (let i = 0; i < 5; i++) comm.allReduce(x, x);
    finish();
    const started = performance.now();
    for (let i = 0; i < runs; i++) comm.allReduce(x, x);
    finish();
    const seconds = (performance.now() - started) / 1000 / runs;
    const bandwidth = (bytes / seconds / 1e9) * ((2 * (worldSize - 1)) / worldSize);
    const line = `all-reduce of ${bytes >> 10} KiB: ${(seconds * 1e6).toFixed(1)} us, bus bandwidth ${bandwidth.toFixed(1)} GB/s`;
    if (rank === 0) process.send({ line });
    x.storage.dispose();
  }
  event.dispose();
}
