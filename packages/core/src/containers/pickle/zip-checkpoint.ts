// The files of torch.save since PyTorch 1.6: a zip of a pickle and one entry for each storage.
import type { FileRange } from "../file-range.js";
import { type Fail, quoted } from "./fail.js";
import { MAX_PICKLE_BYTES } from "./pickle-bytes.js";
import type { StorageSpan, TorchFile } from "./torch-file.js";
import { storageBytes, storageOf } from "./torch-storages.js";
import { unpickle } from "./unpickler.js";
import { contentOffset, readZipDirectory, type ZipEntry } from "./zip-directory.js";

/** @throws CHECKPOINT, by `fail` */
export function readZipCheckpoint(file: FileRange, fail: Fail): TorchFile {
  const entries = readZipDirectory(file, fail);
  const pickles = [...entries.keys()].filter((name) => /^([^/]+\/)?data\.pkl$/.test(name));
  if (pickles.length !== 1) fail(`it is a zip file with ${pickles.length} entries data.pkl, one was expected`);
  const folder = pickles[0]!.slice(0, -"data.pkl".length);
  const contentOf = (entry: ZipEntry, most: number): Uint8Array => {
    if (entry.byteLength > most)
      fail(`its entry ${quoted(entry.name)} has ${entry.byteLength} bytes, at most ${most} were expected`);
    return file.read(contentOffset(file, entry, fail), entry.byteLength);
  };
  const order = entries.get(`${folder}byteorder`);
  const isLittle = order === undefined || Buffer.from(contentOf(order, 16)).toString("latin1") === "little";
  if (!isLittle) fail("it is in big-endian byte order", "Save it on a little-endian computer.");
  const pickle = contentOf(entries.get(pickles[0]!)!, MAX_PICKLE_BYTES);
  const spans = new Map<string, StorageSpan>();
  const { value } = unpickle(
    { byteLength: pickle.byteLength, atLeast: () => pickle },
    0,
    (id) => {
      const storage = storageOf(id, fail);
      const { key } = storage;
      let span = spans.get(key);
      if (span === undefined) {
        const entry = entries.get(`${folder}data/${key}`) ?? fail(`its storage ${quoted(key)} is missing`);
        span = { offset: contentOffset(file, entry, fail), byteLength: entry.byteLength };
        spans.set(key, span);
      }
      const needed = storageBytes(storage);
      if (needed > span.byteLength) {
        fail(`its storage ${quoted(key)} is to have ${needed} bytes, it has ${span.byteLength}`);
      }
      return storage;
    },
    fail,
  );
  return { value, spans };
}
