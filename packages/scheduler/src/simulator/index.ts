/** The scheduler on a workload in virtual time: how an engine would do, without a model or a GPU. @module */
export { type CostFit, fitCost, type MeasuredStep } from "./cost/fit.js";
export { COST_PROFILES, type CostProfile, loadProfile } from "./cost/profiles.js";
export { type StepCost, stepSeconds } from "./cost/step-cost.js";
export { type Goodput, RequestTimes, RunMetrics } from "./metrics/run-metrics.js";
export { type Distribution, WeightedSamples } from "./metrics/weighted-samples.js";
export { chart } from "./report/chart.js";
export { formatResult } from "./report/table.js";
export { type SimulationOptions, simulate } from "./simulate.js";
export type { LatencyCurves, SimulationResult, TimeSeries } from "./simulation-result.js";
export { readTrace, type TraceOptions } from "./trace/read-trace.js";
export { promptTokenIds, type SharedTokens, type TracedRequest } from "./trace/traced-request.js";
export { PythonRandom } from "./workload/python-random.js";
export { createWorkload, type WorkloadOptions } from "./workload/workload.js";
