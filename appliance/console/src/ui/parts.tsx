// Small parts that every page uses.

import type { ComponentChildren } from "preact";
import icon from "../favicon.svg";
import type { Attributes, Status, Value } from "../api/types.ts";
import { MISSING, percent } from "../model/units.ts";

const STATUS_WORDS: Readonly<Record<Status, string>> = { up: "Up", late: "Late", down: "Down" };

export function StatusDot({ status }: { status: Status }) {
  const words = STATUS_WORDS[status];
  return <span class={`dot ${status}`} role="img" aria-label={words} title={words} />;
}

/** How full a ratio is: under four fifths is fine, above nine tenths someone should look. */
export function level(ratio: Value): "ok" | "warn" | "bad" {
  if (ratio === null || ratio < 0.8) return "ok";
  return ratio < 0.9 ? "warn" : "bad";
}

/** The bar of a meter, without its number. */
export function Track({ ratio }: { ratio: number }) {
  const shown = Math.min(1, Math.max(0, ratio));
  return (
    <div class="meter-track" aria-hidden="true">
      <div class={`meter-fill ${level(ratio)}`} style={{ transform: `scaleX(${shown.toFixed(3)})` }} />
    </div>
  );
}

export function Meter({ ratio }: { ratio: Value }) {
  if (ratio === null) return <span class="muted">{MISSING}</span>;
  return (
    <div class="meter">
      <Track ratio={ratio} />
      <span class={`meter-number ${level(ratio)}`}>{percent(ratio)}</span>
    </div>
  );
}

export function Labels({ labels, tags, onPick }: LabelsProps) {
  const texts = [
    ...Object.entries(labels).map(([key, value]) => `${key}=${value}`),
    ...tags.map((tag) => `tag=${tag}`),
  ];
  return (
    <>
      {texts.map((text) =>
        onPick ? (
          <button
            key={text}
            type="button"
            class="chip"
            title={`Filter by ${text}`}
            onClick={() => onPick(text)}
          >
            {text}
          </button>
        ) : (
          <span key={text} class="chip">
            {text}
          </span>
        ),
      )}
    </>
  );
}

interface LabelsProps {
  labels: Attributes;
  tags: readonly string[];
  onPick?: (text: string) => void;
}

export function Simulated() {
  return (
    <span class="chip simulated" title="This host does not exist; it replays recorded data.">
      simulated
    </span>
  );
}

/** A whole page that says one thing: what is the matter, and what to do about it. */
export function Notice({ title, testid, children }: NoticeProps) {
  return (
    <div class="notice" data-testid={testid}>
      <img src={icon} alt="" width="44" height="44" />
      <h1>{title}</h1>
      {children}
    </div>
  );
}

interface NoticeProps {
  title: string;
  testid: string;
  children: ComponentChildren;
}
