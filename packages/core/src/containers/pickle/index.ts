export { openPickle } from "./pickle.js";
export { toContiguous } from "./to-contiguous.js";
