import { useState } from "preact/hooks";
import { send } from "../../api/client.ts";
import { fleet } from "../../model/fleet.ts";
import type { Asked } from "../../model/storage.ts";
import { Confirm } from "../../ui/confirm.tsx";

type Job = Asked["job"];

const QUESTIONS: Readonly<Record<Job, { title: string; verb: string; words: string }>> = {
  seal: {
    title: "Seal the head now?",
    verb: "Seal",
    words:
      "All ticks of the head become segments, however young they are. Nothing is lost by it, and nothing is gained " +
      "but a smaller head: it is sealed by itself when its time has come.",
  },
  check: {
    title: "Check all segments?",
    verb: "Check",
    words:
      "Every segment is read, here and in the object store, slowly. What is damaged is set aside; the rest answers " +
      "as before.",
  },
};

/** What operators can order at any time; `onAsked` hears what they have. */
export function Actions({ onAsked }: { onAsked(asked: Asked): void }) {
  const [asking, setAsking] = useState<Job | null>(null);
  const perform = async (job: Job) => {
    // Taken before: a short job may be over by the time of the answer.
    const atMs = fleet.now();
    await send("POST", `/api/v1/storage/${job}`);
    onAsked({ job, atMs });
  };
  return (
    <>
      {(["check", "seal"] as const).map((job) => (
        <button
          key={job}
          type="button"
          class="button"
          data-testid={`storage-${job}`}
          onClick={() => setAsking(job)}
        >
          {QUESTIONS[job].verb} now
        </button>
      ))}
      {asking && (
        <Confirm
          title={QUESTIONS[asking].title}
          verb={QUESTIONS[asking].verb}
          onClose={() => setAsking(null)}
          perform={() => perform(asking)}
        >
          <p>{QUESTIONS[asking].words}</p>
        </Confirm>
      )}
    </>
  );
}
