// The vendored uPlot is loaded as a script and is a global; its types are those of its package.
import type Plot from "uplot";

declare global {
  type PlotOf = Plot;
  type PlotOptions = Plot.Options;
  type PlotData = Plot.AlignedData;
}
