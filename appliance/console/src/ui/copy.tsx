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
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return undefined;
    const timer = setTimeout(() => setCopied(false), SAID_MS);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = () => {
    void navigator.clipboard.writeText(text).then(() => setCopied(true));
  };
  return (
    <>
      <button type="button" class="button" aria-label={label} onClick={copy}>
        {copied ? "Copied" : "Copy"}
      </button>
      <span class="visually-hidden" role="status">
        {copied ? "Copied" : ""}
      </span>
    </>
  );
}
