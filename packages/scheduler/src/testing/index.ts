/** For tests of engines and schedulers: a device in plain integers that notices every wrong plan. @module @octavo/scheduler/testing */
export * from "./fake-device.js";
export * from "./fake-model.js";
export * from "./guessing-drafts.js";
