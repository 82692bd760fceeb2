// What persistent ids say: ("storage", type, key, location, count), in older files with the view of another storage behind it.
import { type Fail, quoted } from "./fail.js";
import { TorchDType, TorchStorage, UNTYPED } from "./torch-globals.js";

/** The storage that a persistent id names. @throws CHECKPOINT, by `fail` */
export function storageOf(id: unknown, fail: Fail): TorchStorage {
  if (!Array.isArray(id) || id[0] !== "storage") return fail("its pickle refers to something that is no storage");
  const [, type, key, , count, view] = id as unknown[];
  if (typeof key !== "string" || !isSize(count)) return fail("its pickle has a storage without a name or a size");
  if ((view ?? null) !== null)
    fail(`its storage ${quoted(key)} is a part of another, as PyTorch before 0.4 wrote it`, RESAVE);
  if (type instanceof TorchDType) return new TorchStorage(key, type, count);
  if (type === UNTYPED) return new TorchStorage(key, undefined, count);
  return fail(`its storage ${quoted(key)} has no element type`);
}

const RESAVE = "Save it anew with torch.save.";

/** Bytes that a storage must have. */
export function storageBytes({ dtype, count }: TorchStorage): number {
  return count * (dtype?.size ?? 1);
}

/** A whole number that a size, stride or offset can be. */
export function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
