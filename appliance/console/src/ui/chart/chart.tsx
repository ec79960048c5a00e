import "uplot/dist/uPlot.min.css";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { theme } from "../../model/theme.ts";
import { type ChartActions, type ChartView, dataOf, optionsFor } from "./options.ts";

interface Props {
  view: ChartView;
  actions: ChartActions;
  label: string;
  height?: number;
}

/** A time series on a canvas. Made anew only when its series or the theme change; data and range flow into the old one. */
export function Chart({ view, actions, label, height = 190 }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const latest = useRef({ view, actions });
  latest.current = { view, actions };
  const identity = [
    theme.value,
    view.unit,
    view.stack,
    view.heat,
    ...view.series.map(({ name }) => name),
  ].join("|");

  // The identity stands for all that the options depend on.
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const size = () => ({ width: Math.max(120, element.clientWidth), height });
    const relay: ChartActions = {
      zoom: (bounds) => latest.current.actions.zoom(bounds),
      zoomOut: () => latest.current.actions.zoomOut(),
      pin: (ms) => latest.current.actions.pin(ms),
      hover: (index) => latest.current.actions.hover(index),
    };
    const made = new uPlot(
      optionsFor(() => latest.current.view, relay, size()),
      dataOf(latest.current.view),
      element,
    );
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize(size()));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [identity, height]);

  useEffect(() => plot.current?.setData(dataOf(view)), [view]);

  return <div ref={box} class="chart" role="img" aria-label={label} style={{ height: `${height}px` }} />;
}
