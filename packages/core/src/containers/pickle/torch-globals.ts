// The names that a pickle of tensors refers to, and what calling one gives. A pickle can name any function of Python, which is
// how it runs code; here a name that is not in these lists ends the reading, and the functions are ours.
import type { DType } from "../../dtype.js";

/** The storage that a tensor lies in, as its persistent id describes it. */
export class TorchStorage {
  /** @param dtype undefined for bytes without a type @param count elements, or bytes without a type */
  constructor(
    readonly key: string,
    readonly dtype: TorchDType | undefined,
    readonly count: number,
  ) {}
}

/** A tensor as the pickle describes it; nothing of it is checked yet. */
export class TorchTensor {
  constructor(
    readonly storage: unknown,
    readonly offset: unknown,
    readonly shape: unknown,
    readonly strides: unknown,
    readonly dtype: TorchDType | undefined,
  ) {}
}

/** A name, resolved. */
export class TorchGlobal {
  /** @param call undefined for what stands for itself */
  constructor(
    readonly name: string,
    readonly call?: (args: readonly unknown[]) => unknown,
  ) {}
}

/** An element type by PyTorch's name. */
export class TorchDType {
  /** @param dtype undefined for one that Octavo has not @param size bytes an element */
  constructor(
    readonly name: string,
    readonly size: number,
    readonly dtype?: DType,
  ) {}
}

const DTYPES: readonly (readonly [storage: string, name: string, size: number, dtype?: DType])[] = [
  ["DoubleStorage", "float64", 8, "float64"],
  ["FloatStorage", "float32", 4, "float32"],
  ["HalfStorage", "float16", 2, "float16"],
  ["BFloat16Storage", "bfloat16", 2, "bfloat16"],
  ["LongStorage", "int64", 8, "int64"],
  ["IntStorage", "int32", 4, "int32"],
  ["ShortStorage", "int16", 2],
  ["CharStorage", "int8", 1, "int8"],
  ["ByteStorage", "uint8", 1, "uint8"],
  ["BoolStorage", "bool", 1, "bool"],
  ["ComplexFloatStorage", "complex64", 8],
  ["ComplexDoubleStorage", "complex128", 16],
  ["", "uint16", 2],
  ["", "uint32", 4],
  ["", "uint64", 8],
  ["", "float8_e4m3fn", 1],
  ["", "float8_e5m2", 1],
];

/** Stands for a storage without a type; the tensors over it have one. */
export const UNTYPED = new TorchGlobal("torch.storage.UntypedStorage");

const GLOBALS = new Map<string, TorchGlobal | TorchDType>();
for (const [storage, name, size, dtype] of DTYPES) {
  const type = new TorchDType(name, size, dtype);
  GLOBALS.set(`torch.${name}`, type);
  if (storage !== "") GLOBALS.set(`torch.${storage}`, type);
}
GLOBALS.set("torch.storage.UntypedStorage", UNTYPED);
GLOBALS.set("torch.UntypedStorage", UNTYPED);

const CALLS: readonly (readonly [name: string, call: (args: readonly unknown[]) => unknown])[] = [
  ["collections.OrderedDict", ([pairs]) => orderedDict(pairs)],
  ["torch.Size", ([sizes]) => sizes],
  ["torch.device", ([type]) => type],
  ["torch._utils._rebuild_tensor", rebuild],
  ["torch._utils._rebuild_tensor_v2", rebuild],
  ["torch._utils._rebuild_tensor_v3", (args) => rebuild(args, args[6])],
  ["torch._utils._rebuild_parameter", ([data]) => data],
  ["torch._utils._rebuild_parameter_with_state", ([data]) => data],
];
for (const [name, call] of CALLS) GLOBALS.set(name, new TorchGlobal(name, call));

/** What `name` ("torch._utils._rebuild_tensor_v2") stands for; undefined for one that no checkpoint needs. */
export function torchGlobal(name: string): TorchGlobal | TorchDType | undefined {
  return GLOBALS.get(name);
}

function rebuild([storage, offset, shape, strides]: readonly unknown[], dtype?: unknown): TorchTensor {
  return new TorchTensor(storage, offset, shape, strides, dtype instanceof TorchDType ? dtype : undefined);
}

function orderedDict(pairs: unknown): Map<unknown, unknown> {
  const dict = new Map<unknown, unknown>();
  if (!Array.isArray(pairs)) return dict;
  for (const pair of pairs) if (Array.isArray(pair) && pair.length === 2) dict.set(pair[0], pair[1]);
  return dict;
}
