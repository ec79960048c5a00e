import { useEffect, useRef, useState } from "preact/hooks";
import type { Problem } from "../../api/client.ts";
import { go, withParams } from "../../router.ts";
import { SearchIcon } from "../../ui/icons.tsx";
import { useShortcuts } from "../../ui/keys.ts";

/** How long a pause in typing ends a selector. */
const PAUSE_MS = 350;

interface Props {
  match: string;
  /** Why the selector was refused. */
  refused: Problem | null;
}

/** The selector of series; it is asked for as one types, and what is wrong with it stands below. */
export function MatcherBox({ match, refused }: Props) {
  const input = useRef<HTMLInputElement>(null);
  const [text, setText] = useTyped(match);
  useShortcuts([{ keys: "/", words: "Choose series", run: () => input.current?.focus() }]);
  return (
    <search class="matcher">
      <label class="matcher-box">
        <SearchIcon />
        <span class="visually-hidden">Choose series</span>
        <input
          ref={input}
          data-testid="match"
          placeholder={'system.cpu.time{cpu.mode="user",host=~"web-.*"}'}
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
          aria-invalid={refused !== null}
          aria-describedby="match-fault"
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
        <kbd aria-hidden="true">/</kbd>
      </label>
      <p id="match-fault" class="matcher-fault" role="status" data-testid="match-fault">
        {refused?.message}
      </p>
    </search>
  );
}

/** What is typed; it comes into the address after a pause, and follows the address where that changes otherwise. */
function useTyped(match: string): [string, (text: string) => void] {
  const [text, setText] = useState(match);
  useEffect(() => setText((old) => (old.trim() === match ? old : match)), [match]);
  useEffect(() => {
    if (text.trim() === match) return undefined;
    const timer = setTimeout(() => go(withParams({ match: text.trim() }), { replace: true }), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return [text, setText];
}
