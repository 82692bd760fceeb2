/** What backends with a Node-API addon share. @module @octavo/core/native */
export { checkByteLength, mebibytes, outOfMemory } from "./allocation.js";
export { checkLinearPart, checkSameBias } from "./linear-part-checks.js";
export { type AddonCarrier, type AddonSource, addonPath, loadAddon, type NativeAddonBase } from "./load-addon.js";
export type { NativeOpCalls } from "./native-op-calls.js";
export { type NativeLinearWeight, NativeOps } from "./native-ops.js";
