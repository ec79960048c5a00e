import type { Check, Storage } from "../../api/storage.ts";
import { type Asked, checkWords, JOB_WORDS } from "../../model/storage.ts";
import { percent } from "../../model/units.ts";
import { When } from "../../ui/records.tsx";

interface Props {
  storage: Storage;
  check: Check | null;
  /** What was asked for and has not begun. */
  pending: Asked | null;
}

/** What is being done with segments, or when that was last. */
export function WorkingLine({ storage, check, pending }: Props) {
  return (
    <div class="card working" data-testid="storage-working">
      <Now storage={storage} check={check} pending={pending} />
      <p class="muted">
        <Last words="Sealed" ms={storage.last_seal} />, <Last words="merged" ms={storage.last_merge} />.{" "}
        {check && check.state !== "running" && checkWords(check)}{" "}
        {check?.ended && (
          <>
            That was <When ms={check.ended} />.
          </>
        )}
      </p>
    </div>
  );
}

function Now({ storage: { working }, check, pending }: Props) {
  if (check?.state === "running")
    return (
      <Progress
        words={`Checking ${check.checked} of ${check.of} segments`}
        done={check.checked / (check.of || 1)}
      />
    );
  if (working) return <Progress words={JOB_WORDS[working.job]} done={working.done} />;
  return (
    <p role="status">
      {pending
        ? `${JOB_WORDS[pending.job]} begins as soon as nothing else is under way.`
        : "Nothing is under way."}
    </p>
  );
}

function Progress({ words, done }: { words: string; done: number | null }) {
  return (
    <div class="progress">
      <span>
        {words}
        {done !== null && `, ${percent(done)}`}
      </span>
      <progress aria-label={words} max={1} value={done ?? undefined} />
    </div>
  );
}

function Last({ words, ms }: { words: string; ms: number | null }) {
  return (
    <>
      {words} {ms === null ? "never" : <When ms={ms} />}
    </>
  );
}
