/*
 * The tour in a file: all stations, and once what several of them have (tour_data.py).
 */

/** @import { Data } from "./sent.js" */

/** @typedef {Omit<Data, "meta"> & {meta: number}} Packed */

/**
 * Return what the stage of a station is given.
 * @param {{stations: Packed[], shared: any[], query: string}} tour
 * @param {number} number from 1; where there is none, the last one
 * @returns {Data}
 */
export function stationData({ stations, shared, query }, number) {
  const last = stations.length;
  const station = stations[Math.max(1, Math.min(Math.trunc(number) || 1, last)) - 1];
  /** @type {(at: number) => any} what stands there, with what is in it */
  const unpacked = (at) => {
    const value = shared[at];
    if (Array.isArray(value)) return value.map(unpacked);
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, unpacked(each)]));
  };
  const { numbers, place } = station;
  const meta = JSON.stringify(unpacked(station.meta));
  return { meta, numbers, place, query, edit: "", against: "" };
}
