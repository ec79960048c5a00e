// Cards of overviews: each answers one question with a figure, and says where to go on.

import type { ComponentChildren } from "preact";
import type { Problem } from "../api/client.ts";
import { Fault } from "./form.tsx";
import type { Tone } from "./records.tsx";

interface CardProps {
  title: string;
  testid: string;
  figure?: ComponentChildren;
  tone?: Tone;
  /** Where to go on, and what that is called. */
  href?: string;
  more?: string;
  children: ComponentChildren;
}

export function OverviewCard({ title, testid, figure, tone = "quiet", href, more, children }: CardProps) {
  return (
    <section class="card overview-card" data-testid={testid} aria-label={title}>
      <h2>{title}</h2>
      {figure !== undefined && <p class={`overview-number ${tone}`}>{figure}</p>}
      {children}
      {href && (
        <a class="link overview-more" href={href}>
          {more}
        </a>
      )}
    </section>
  );
}

interface LinesProps<Item> {
  of: readonly Item[];
  none: ComponentChildren;
  line(item: Item): ComponentChildren;
}

/** A line for each of a few things. */
export function Lines<Item>({ of, none, line }: LinesProps<Item>) {
  if (of.length === 0) return <p class="muted">{none}</p>;
  return <ul class="lines">{of.map(line)}</ul>;
}

/** A card in whose place there is no answer yet, or none to be had. */
export function NotYet({ problem }: { problem: Problem | null }) {
  if (!problem) return <div class="card overview-card skeleton" role="status" aria-label="Loading" />;
  return (
    <div class="card overview-card">
      <Fault problem={problem} />
    </div>
  );
}
