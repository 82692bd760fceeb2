import { expect, test } from "vitest";
import { layerGroups, oneGroup } from "./layer-groups.js";

const ALL = Number.POSITIVE_INFINITY;
const every = (numLayers: number, window: (layer: number) => number | null) => ({
  windows: Array.from({ length: numLayers }, (_, layer) => window(layer)),
});

test("layers that see the same are one group", () => {
  const { slidingWindows, layersPerGroup, groups, places } = layerGroups(
    every(3, () => 4096),
    32768,
  );
  expect([slidingWindows, layersPerGroup, groups, places]).toEqual([[4096], 3, [0, 0, 0], [0, 1, 2]]);
});

test("a window as long as the longest sequence is none", () => {
  expect(
    layerGroups(
      every(4, (layer) => (layer % 2 ? null : 4096)),
      4096,
    ).slidingWindows,
  ).toEqual([ALL]);
  expect(
    layerGroups(
      every(4, (layer) => (layer % 2 ? null : 4096)),
      4097,
    ).slidingWindows,
  ).toEqual([4096, ALL]);
});

test("Gemma 2 and gpt-oss: one group each", () => {
  const { slidingWindows, layersPerGroup, groups, places } = layerGroups(
    every(6, (layer) => (layer % 2 ? null : 128)),
    8192,
  );
  expect([slidingWindows, layersPerGroup]).toEqual([[128, ALL], 3]);
  expect([groups, places]).toEqual([
    [0, 1, 0, 1, 0, 1],
    [0, 0, 1, 1, 2, 2],
  ]);
});

test("Gemma 3 of 26 layers: the last group of the window is padded", () => {
  const { slidingWindows, layersPerGroup, groups, places } = layerGroups(
    every(26, (layer) => ((layer + 1) % 6 === 0 ? null : 512)),
    32768,
  );
  expect(layersPerGroup).toBe(4);
  expect(slidingWindows).toEqual([512, 512, 512, 512, 512, 512, ALL]);
  expect(groups.filter((group) => group === 5)).toHaveLength(2);
  // No two layers of a group have the same place.
  expect(new Set(groups.map((group, layer) => `${group} ${places[layer]}`)).size).toBe(26);
});

test("one layer of another window does not make a group of every layer", () => {
  const { slidingWindows, layersPerGroup } = layerGroups(
    every(40, (layer) => (layer === 39 ? 64 : null)),
    8192,
  );
  expect([slidingWindows.length, layersPerGroup]).toEqual([14, 3]);
});

test("one group keeps everything", () => {
  expect(oneGroup({ numLayers: 2 })).toEqual({
    slidingWindows: [ALL],
    layersPerGroup: 2,
    groups: [0, 0],
    places: [0, 1],
  });
});

test("a layer that reads another's keys and values takes no room of its own", () => {
  const windows = [512, null, 512, 512, null];
  const { slidingWindows, layersPerGroup, groups, places } = layerGroups({ windows, cachedIn: [0, 1, 0, 0, 1] }, 4096);
  expect([slidingWindows, layersPerGroup]).toEqual([[512, ALL], 1]);
  expect([groups, places]).toEqual([
    [0, 1, 0, 0, 1],
    [0, 0, 0, 0, 0],
  ]);
});
