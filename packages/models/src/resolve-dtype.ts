// The dtype that a model runs in.
import { type BackendInfo, type FloatDType, OctavoError } from "@octavo/core";

/** `--dtype`'s words. */
export type DTypeOption = FloatDType | "auto" | "half" | "float";

/** @param found the checkpoint's @throws UNSUPPORTED for one that the backend does not compute */
export function resolveDType(asked: DTypeOption, found: FloatDType, { name, dtypes }: BackendInfo): FloatDType {
  const words = { auto: found, half: "float16", float: "float32" } as const;
  const dtype = asked === "auto" || asked === "half" || asked === "float" ? words[asked] : asked;
  if (dtypes.includes(dtype)) return dtype;
  throw new OctavoError({
    code: "UNSUPPORTED",
    message: `dtype ${dtype}${asked === "auto" ? " (the checkpoint's)" : ""} is not one of backend ${name}: ${dtypes.join(", ")}`,
    param: "dtype",
  });
}
