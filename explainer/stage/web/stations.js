/*
 * The tour in a file: all stations, and once what several of them have (tour_data.py).
 */

/** @import { Data } from "./sent.js" */

/**
 * @typedef {Data & {meta: Record<string, number>, quantities: Record<string, number>}} Packed
 */

/**
 * Return what the stage of a station is given.
 * @param {{stations: Packed[], shared: any[], query: string}} tour
 * @param {number} number from 1; where there is none, the last one
 * @returns {Data}
 */
export function stationData({ stations, shared, query }, number) {
  const last = stations.length;
  const station = stations[Math.max(1, Math.min(Math.trunc(number) || 1, last)) - 1];
  /** @type {(places: Record<string, number>) => Record<string, any>} */
  const unpacked = (places) =>
    Object.fromEntries(Object.entries(places).map(([name, at]) => [name, shared[at]]));
  const quantities = Object.entries(unpacked(station.quantities)).map(([name, each]) => [
    name,
    unpacked(each),
  ]);
  const meta = { ...unpacked(station.meta), quantities: Object.fromEntries(quantities) };
  const { numbers, quantised, place } = station;
  const nothing = { answers: "[]", edit: "", against: "" };
  return { meta: JSON.stringify(meta), numbers, quantised, place, query, ...nothing };
}
