import { useEffect, useState } from "preact/hooks";

const SAID_MS = 2000;

/** A text to take elsewhere, such as a command, with a button that copies it. */
export function Copyable({ text, label, testid }: { text: string; label: string; testid: string }) {
  return (
    <div class="copyable">
      <code data-testid={testid}>{text}</code>
      <CopyButton text={text} label={label} />
    </div>
  );
}

function CopyButton({ text, label }: { text: string; label: string }) {
  const [said, setSaid] = useState("");
  useEffect(() => {
    if (!said) return undefined;
    const timer = setTimeout(() => setSaid(""), SAID_MS);
    return () => clearTimeout(timer);
  }, [said]);
  const copy = () => {
    void navigator.clipboard.writeText(text).then(
      () => setSaid("Copied"),
      () => setSaid("Not allowed"),
    );
  };
  return (
    <>
      <button type="button" class="button" aria-label={label} onClick={copy}>
        {said || "Copy"}
      </button>
      <span class="visually-hidden" role="status">
        {said}
      </span>
    </>
  );
}
