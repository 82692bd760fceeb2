// Element types. The numeric codes cross the native border and stand in the generated C++ header.

/** The element types of tensors, by the names that checkpoints and `--dtype` use. */
export type DType = "float32" | "float16" | "bfloat16" | "int32" | "uint8" | "int8" | "int64" | "float64" | "bool";

/** The dtypes that activations and the KV cache may have. */
export type FloatDType = "float32" | "float16" | "bfloat16";

/** What a dtype is in memory and in native calls. */
export interface DTypeInfo {
  /** The number that stands for the dtype in native calls. */
  readonly code: number;
  /** Bytes an element. */
  readonly size: number;
}

/** Every dtype with its size and code. */
export const DTYPES: Readonly<Record<DType, DTypeInfo>> = Object.freeze({
  float32: { code: 0, size: 4 },
  float16: { code: 1, size: 2 },
  bfloat16: { code: 2, size: 2 },
  int32: { code: 3, size: 4 },
  uint8: { code: 4, size: 1 },
  int8: { code: 5, size: 1 },
  int64: { code: 6, size: 8 },
  float64: { code: 7, size: 8 },
  bool: { code: 8, size: 1 },
});

/** The dtypes of activations, weights and KV cache. */
export const FLOAT_DTYPES: readonly FloatDType[] = ["float32", "float16", "bfloat16"];

/** Whether ops compute in this dtype. */
export function isFloatDType(dtype: string): dtype is FloatDType {
  return (FLOAT_DTYPES as readonly string[]).includes(dtype);
}
